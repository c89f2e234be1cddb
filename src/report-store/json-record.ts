import { type FormatCheck, wrong } from './format-check';
import { JsonCheck } from './json-check';

/** An error is smaller; of more no bytes are kept. */
const ERROR_MOST = 64 * 1024;

/** What errors of upstream, gateways and frameworks consist of (RFC 9457, API Gateway, Spring, Apigee, OAuth), without case, "-" and "_". */
const ERROR_WORDS: ReadonlySet<string> = new Set([
  ...['error', 'errors', 'errorcode', 'errormessage', 'errormessages', 'errordescription', 'erroruri', 'errortype'],
  ...['message', 'messages', 'msg', 'detail', 'details', 'description', 'reason', 'cause', 'fault', 'exception'],
  ...['code', 'status', 'statuscode', 'statusmessage', 'statustext', 'httpstatus', 'httpcode', 'success', 'ok'],
  ...['type', 'title', 'instance', 'path', 'method', 'url', 'timestamp', 'stack', 'trace', 'hint', 'help'],
  ...['requestid', 'xrequestid', 'xhumanapirequestid', 'traceid', 'correlationid', 'documentationurl', 'retryafter'],
]);
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
      if (!value) return;
      if (isEmpty(value.content)) throw wrong('json', 'a record', 'empty values only');
      if (isScalar(value.content)) throw wrong('json', 'an object or a list', 'a single value');
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

/** An object that has nothing but the words of an error, or a list of such; FHIR has a resource for it. */
function isError(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => !isScalar(each) && isError(each));
  const entries = Object.entries(value as Record<string, unknown>).filter(([, each]) => !isEmpty(each));
  const words = entries.map(([key]) => key.toLowerCase().replace(/[-_]/g, ''));
  if (words.includes(UPSTREAM_REQUEST_ID)) return true;
  return words.every((word) => ERROR_WORDS.has(word)) || isOperationOutcome(value as Record<string, unknown>);
}

function isOperationOutcome({ resourceType }: Record<string, unknown>): boolean {
  return resourceType === 'OperationOutcome';
}
