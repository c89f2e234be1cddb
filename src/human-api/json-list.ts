import { isTooDeep, parseBoundedJson, parseJsonText } from './json';

/**
 * The elements of a JSON array. One invalid element does not affect the others: `NaN` and `Infinity` become null, an unreadable element becomes
 * undefined. Returns null if there is no array or if it is truncated, so that a truncated list never looks like a shorter one. Linear in the bytes.
 */
export function parseList(bytes: Uint8Array): unknown[] | null {
  const list = parseBoundedJson(bytes);
  if (list !== undefined) return Array.isArray(list) ? list : null;
  return splitElements(bytes)?.map((element) => (isTooDeep(element) ? undefined : parseElement(element))) ?? null;
}

function parseElement(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  return parseJsonText(text) ?? parseJsonText(replaceNaN(text));
}

/** What some serializers write for numbers that JSON does not have. */
const INVALID_NUMBER = /-?\b(?:NaN|Infinity)\b/g;

/** Replaces invalid numbers outside strings with null. */
function replaceNaN(text: string): string {
  const pieces: string[] = [];
  let from = 0;
  while (from < text.length) {
    const quote = text.indexOf('"', from);
    const start = quote < 0 ? text.length : quote;
    const end = endOfString(text, start);
    pieces.push(text.slice(from, start).replace(INVALID_NUMBER, 'null'), text.slice(start, end));
    from = end;
  }
  return pieces.join('');
}

/** The position after the closing quote of the string that starts at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING, CLOSING] = ['[{', ']}'].map((both) => new Set(Buffer.from(both))) as [Set<number>, Set<number>];
const [ARRAY_START, ARRAY_END] = [0x5b, 0x5d];
const SPACE = new Set(Buffer.from(' \t\r\n'));
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Splits the outermost array at the commas outside strings; null if it does not close at the end of the bytes. */
function splitElements(bytes: Uint8Array): Uint8Array[] | null {
  const text = trimSpace(bytes);
  if (text.at(0) !== ARRAY_START || text.at(-1) !== ARRAY_END) return null;
  const elements: Uint8Array[] = [];
  let [depth, inString, from] = [0, false, 1];
  for (let at = 0; at < text.byteLength; at += 1) {
    const byte = text[at] ?? 0;
    if (inString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inString = !inString;
    else if (inString) continue;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    if (inString || !(depth === 0 || (depth === 1 && byte === COMMA))) continue;
    elements.push(text.subarray(from, at));
    from = at + 1;
    if (depth === 0) break;
  }
  if (from !== text.byteLength) return null;
  const filled = elements.filter((element) => trimSpace(element).byteLength > 0);
  // An empty list is valid JSON and was parsed before. `[,]` may have lost its elements, so it does not count as empty.
  return filled.length > 0 ? filled : null;
}

function trimSpace(bytes: Uint8Array): Uint8Array {
  let [from, to] = [BYTE_ORDER_MARK.equals(bytes.subarray(0, 3)) ? 3 : 0, bytes.byteLength];
  while (from < to && SPACE.has(bytes[from] ?? 0)) from += 1;
  while (from < to && SPACE.has(bytes[to - 1] ?? 0)) to -= 1;
  return bytes.subarray(from, to);
}
