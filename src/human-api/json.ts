/** The value of a JSON text in UTF-8; undefined where it is none. The parser's own error quotes the text, so it goes no further. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseJsonText(new TextDecoder().decode(bytes));
}

/** The same for an answer of upstream's, which may be larger than any notification: undefined also where it is too deep. */
export function parseBoundedJson(bytes: Uint8Array): unknown {
  return exceedsDepth(bytes) ? undefined : parseJson(bytes);
}

export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(withIdsAsTexts(text));
  } catch {
    return undefined;
  }
}

/** A quote inside of a JSON text is escaped, so no text matches. */
const LARGE_ID = /("(?:clientUserId|humanId|objectId|id)"\s*:\s*)(\d{16,200})(?=\s*[,}])/g;

/** Turns ids that are numbers beyond 2^53 into texts: a JavaScript number loses digits, and the id would name another person. */
function withIdsAsTexts(json: string): string {
  return json.replace(LARGE_ID, '$1"$2"');
}

/** True for a JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nothing of upstream's nests deeper than ten; millions of brackets would hold the process for seconds. */
const MAX_DEPTH = 1_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}` differ in one bit. */
const EITHER = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** Counts the brackets outside of strings. */
export function exceedsDepth(bytes: Uint8Array): boolean {
  // So many bytes as it takes to be deep.
  if (bytes.byteLength <= MAX_DEPTH) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.byteLength; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inString = !inString;
    else if (!inString && (byte | EITHER) === OPENING) depth += 1;
    else if (!inString && (byte | EITHER) === CLOSING) depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
