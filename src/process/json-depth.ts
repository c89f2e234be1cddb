const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}` differ in this bit. */
const BRACKET_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** True if the brackets outside strings nest deeper than `maxDepth`. Checks JSON before it is parsed, in one pass without recursion. */
export function exceedsDepth(json: Uint8Array, maxDepth: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < json.byteLength; at += 1) {
    const byte = json[at] ?? 0;
    if (isInString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isInString = !isInString;
    else if (!isInString && (byte | BRACKET_BIT) === OPENING) depth += 1;
    else if (!isInString && (byte | BRACKET_BIT) === CLOSING) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}
