import { exceedsDepth } from '../process/json-depth';

/** The value of a JSON text in UTF-8; undefined if it is invalid. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseJsonText(new TextDecoder().decode(bytes));
}

/** The same for an answer, which may be larger than a notification: undefined also if it nests too deep. */
export function parseBoundedJson(bytes: Uint8Array): unknown {
  return isTooDeep(bytes) ? undefined : parseJson(bytes);
}

export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(quoteLargeIds(text));
  } catch {
    // The parser's error quotes the text.
    return undefined;
  }
}

/** Inside a JSON string quotes are escaped, so that no string matches. */
const LARGE_ID = /("(?:clientUserId|humanId|objectId|id)"\s*:\s*)(\d{16,200})(?=\s*[,}])/g;

/** Turns numeric ids beyond 2^53 into strings: a JavaScript number would lose digits, and the id would be another person's. */
function quoteLargeIds(json: string): string {
  return json.replace(LARGE_ID, '$1"$2"');
}

/** True for a JSON object, false for null and arrays. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Human API nests at most ten levels; millions of brackets would block the process for seconds. */
const MAX_DEPTH = 1_000;

/** True if the JSON nests deeper than any answer of Human API. */
export function isTooDeep(bytes: Uint8Array): boolean {
  return bytes.byteLength > MAX_DEPTH && exceedsDepth(bytes, MAX_DEPTH);
}
