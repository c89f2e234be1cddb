import { documentFault, type FormatCheck } from './format-check';
import { JsonCheck } from './json-check';

/** Errors are smaller; a larger document is not buffered. */
const MAX_ERROR = 64 * 1024;

/** The fields of errors of upstream, gateways and frameworks (RFC 9457, API Gateway, Spring, Apigee, OAuth), without case, "-" and "_". */
const ERROR_WORDS: ReadonlySet<string> = new Set([
  ...['message', 'messages', 'msg', 'detail', 'details', 'description', 'reason', 'cause', 'fault', 'exception'],
  ...['code', 'status', 'statuscode', 'statusmessage', 'statustext', 'httpstatus', 'httpcode', 'success', 'ok'],
  ...['type', 'title', 'instance', 'path', 'method', 'url', 'timestamp', 'stack', 'trace', 'hint', 'help'],
  ...['requestid', 'xrequestid', 'xhumanapirequestid', 'traceid', 'correlationid', 'documentationurl', 'retryafter'],
  ...['connectionid', 'hostid', 'host', 'service', 'server', 'zone', 'rayid', 'retryable', 'file', 'line', 'meta'],
  ...['owneractionrequired', 'result', 'validation'],
]);
/** The fields that only errors have. Records have the others too, such as title and timestamp. */
const MARKS: ReadonlySet<string> = new Set([
  ...['message', 'msg', 'fault', 'exception', 'stack', 'trace', 'statuscode', 'statusmessage', 'statustext'],
  ...['httpstatus', 'httpcode', 'requestid', 'xrequestid', 'traceid', 'correlationid', 'retryafter'],
]);
const HTTP_ERROR = /^[45]\d\d$/;
/** The values of a status that mark an error, if it is alone or with a reason. */
const FAILURES = /^(?:error|errors|fail|failed|failure|unavailable|forbidden|unauthorized|denied|timeout)$/i;

/** Only upstream's error bodies have it. */
const UPSTREAM_REQUEST_ID = 'xhumanapirequestid';

/** A JSON record: one whole text, an object or a list, with a value that is not empty, and not an error. */
export function createJsonRecordCheck(): FormatCheck {
  const json = new JsonCheck();
  let kept: Uint8Array[] | null = [];
  let bytes = 0;
  return {
    take(piece) {
      bytes += piece.byteLength;
      if (bytes > MAX_ERROR) kept = null;
      kept?.push(Buffer.from(piece));
      if (!json.take(piece)) throw documentFault('json', 'one JSON text in UTF-8', 'bytes that are not');
    },
    finish() {
      if (!json.finish()) throw documentFault('json', 'one whole JSON text', `a part of one (${bytes} bytes)`);
      if (!json.hasValue) throw documentFault('json', 'a record', 'empty values only');
      const value = kept && parse(kept);
      if (value && isEmpty(value.content)) throw documentFault('json', 'a record', 'empty values only');
      if (json.isScalar) throw documentFault('json', 'an object or a list', 'a single value');
      if (!value) return;
      if (isError(value.content)) throw documentFault('json', 'a record', 'an error');
    },
  };
}

/** Parses what the stream accepted; null for a text that JSON.parse rejects. */
function parse(pieces: readonly Uint8Array[]): { readonly content: unknown } | null {
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

/** Zero and false are values. Null, white space and containers of those are not. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  if (typeof value !== 'object') return false;
  return value === null || Object.values(value).every(isEmpty);
}

/** An object that has only fields of errors, at least one of {@link MARKS}; a list of such objects; FHIR's OperationOutcome. */
function isError(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => !isScalar(each) && isError(each));
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, each]) => !isEmpty(each))
    .map(([key, each]) => [key.toLowerCase().replace(/[-_]/g, ''), each] as const);
  if (entries.some(([word]) => word === UPSTREAM_REQUEST_ID)) return true;
  const hasOnlyErrorWords = entries.every(([word]) => ERROR_WORDS.has(word) || isNamedError(word));
  return (
    (hasOnlyErrorWords && entries.some((entry) => isMark(entry, entries.length))) || isOperationOutcome(value as object)
  );
}

/** `errors`, `error_code`, `cloudflareError`. */
function isNamedError(word: string): boolean {
  return word.startsWith('error') || word.endsWith('error');
}

function isMark([word, value]: readonly [string, unknown], words: number): boolean {
  if (MARKS.has(word) || isNamedError(word)) return true;
  if (['success', 'ok'].includes(word)) return value === false || value === 'false';
  // With more fields, it may be the status of an order or a result.
  if (word === 'status') return HTTP_ERROR.test(String(value)) || (words <= 2 && FAILURES.test(String(value)));
  // It may be the code of a diagnosis: 401 in ICD-9.
  if (word === 'code') return words === 1 && HTTP_ERROR.test(String(value));
  // Some frameworks send only `{"detail": "Not found."}`.
  return words === 1 && ['detail', 'messages', 'reason'].includes(word) && isText(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

function isOperationOutcome({ resourceType }: { readonly resourceType?: unknown }): boolean {
  return resourceType === 'OperationOutcome';
}
