import { type FormatCheck, wrong } from './format-check';
import { JsonCheck } from './json-check';

/** An error is smaller; of more no bytes are kept. */
const ERROR_MOST = 64 * 1024;

/** What errors of upstream, gateways and frameworks consist of (RFC 9457, API Gateway, Spring, Apigee, OAuth), without case, "-" and "_". */
const ERROR_WORDS: ReadonlySet<string> = new Set([
  ...['message', 'messages', 'msg', 'detail', 'details', 'description', 'reason', 'cause', 'fault', 'exception'],
  ...['code', 'status', 'statuscode', 'statusmessage', 'statustext', 'httpstatus', 'httpcode', 'success', 'ok'],
  ...['type', 'title', 'instance', 'path', 'method', 'url', 'timestamp', 'stack', 'trace', 'hint', 'help'],
  ...['requestid', 'xrequestid', 'xhumanapirequestid', 'traceid', 'correlationid', 'documentationurl', 'retryafter'],
  ...['connectionid', 'hostid', 'host', 'service', 'server', 'zone', 'rayid', 'retryable', 'file', 'line', 'meta'],
  ...['owneractionrequired', 'result', 'validation'],
]);
/** Of those, the ones that no record consists of. The others, such as title and timestamp of an event, are a record's words too. */
const MARKS: ReadonlySet<string> = new Set([
  ...['message', 'msg', 'fault', 'exception', 'stack', 'trace', 'statuscode', 'statusmessage', 'statustext'],
  ...['httpstatus', 'httpcode', 'requestid', 'xrequestid', 'traceid', 'correlationid', 'retryafter'],
]);
const HTTP_ERROR = /^[45]\d\d$/;
/** What a status says that stands alone, or with its reason. */
const FAILURES = /^(?:error|errors|fail|failed|failure|unavailable|forbidden|unauthorized|denied|timeout)$/i;

/** Upstream's own mark: its envelopes carry it, no record does. */
const UPSTREAM_REQUEST_ID = 'xhumanapirequestid';

/** A JSON record: one whole text, an object or a list with at least one value that is not empty, and no error. */
export function createJsonRecordCheck(): FormatCheck {
  const json = new JsonCheck();
  let kept: Uint8Array[] | null = [];
  let bytes = 0;
  return {
    take(piece) {
      bytes += piece.byteLength;
      if (bytes > ERROR_MOST) kept = null;
      kept?.push(Buffer.from(piece));
      if (!json.take(piece)) throw wrong('json', 'one JSON text in UTF-8', 'bytes that are not');
    },
    finish() {
      if (!json.finish()) throw wrong('json', 'one whole JSON text', `a part of one (${bytes} bytes)`);
      if (!json.hasValue) throw wrong('json', 'a record', 'empty values only');
      const value = kept && parsed(kept);
      if (value && isEmpty(value.content)) throw wrong('json', 'a record', 'empty values only');
      if (json.isScalar) throw wrong('json', 'an object or a list', 'a single value');
      if (!value) return;
      if (isError(value.content)) throw wrong('json', 'a record', 'an error');
    },
  };
}

/** What the stream proved to be JSON; one value of a key that comes twice is enough to tell an error. */
function parsed(pieces: readonly Uint8Array[]): { readonly content: unknown } | null {
  const text = new TextDecoder().decode(Buffer.concat(pieces)).replace(/\0[\0\s]*$/, '');
  try {
    return { content: JSON.parse(text) };
  } catch {
    return null;
  }
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** Zero and false are values; null, white space and what holds nothing else are none. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  if (typeof value !== 'object') return false;
  return value === null || Object.values(value).every(isEmpty);
}

/** An object that has nothing but the words of an error, one of them a mark of it, or a list of such; FHIR has a resource for it. */
function isError(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => !isScalar(each) && isError(each));
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, each]) => !isEmpty(each))
    .map(([key, each]) => [key.toLowerCase().replace(/[-_]/g, ''), each] as const);
  if (entries.some(([word]) => word === UPSTREAM_REQUEST_ID)) return true;
  const isTold = entries.every(([word]) => ERROR_WORDS.has(word) || isNamedError(word));
  return (isTold && entries.some((entry) => isMark(entry, entries.length))) || isOperationOutcome(value as object);
}

/** `errors`, `error_code`, `cloudflareError`. */
function isNamedError(word: string): boolean {
  return word.startsWith('error') || word.endsWith('error');
}

function isMark([word, value]: readonly [string, unknown], words: number): boolean {
  if (MARKS.has(word) || isNamedError(word)) return true;
  if (['success', 'ok'].includes(word)) return value === false || value === 'false';
  // Beside other words it may be that of an order or a result.
  if (word === 'status') return HTTP_ERROR.test(String(value)) || (words <= 2 && FAILURES.test(String(value)));
  // A code may be that of a diagnosis, 401 in ICD-9.
  if (word === 'code') return words === 1 && HTTP_ERROR.test(String(value));
  // `{"detail": "Not found."}` is all that some frameworks say.
  return words === 1 && ['detail', 'messages', 'reason'].includes(word) && isText(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function isOperationOutcome({ resourceType }: { readonly resourceType?: unknown }): boolean {
  return resourceType === 'OperationOutcome';
}
