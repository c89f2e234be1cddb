/** The value of a JSON text in UTF-8; undefined if it is invalid. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseJsonText(new TextDecoder().decode(bytes));
}

/** The same for an answer, which may be larger than a notification: undefined also if it nests too deep. */
export function parseBoundedJson(bytes: Uint8Array): unknown {
  return exceedsDepth(bytes) ? undefined : parseJson(bytes);
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
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}` differ in this bit. */
const BRACKET_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** True if the brackets outside strings nest deeper than {@link MAX_DEPTH}. */
export function exceedsDepth(bytes: Uint8Array): boolean {
  if (bytes.byteLength <= MAX_DEPTH) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.byteLength; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inString = !inString;
    else if (!inString && (byte | BRACKET_BIT) === OPENING) depth += 1;
    else if (!inString && (byte | BRACKET_BIT) === CLOSING) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
