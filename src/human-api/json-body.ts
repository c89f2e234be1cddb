import { parseJsonText } from './json';

/** A sender may encode JSON once as a JSON string, and a relay once more. */
const MAX_ENCODINGS = 2;

/**
 * The JSON value of a notification's body; undefined if it is invalid. Accepts UTF-8 and UTF-16, a byte order mark, NULs and control characters around
 * the JSON, and JSON inside a JSON string.
 */
export function decodeJsonBody(body: Uint8Array): unknown {
  return decodeJsonText(new TextDecoder(detectEncoding(body)).decode(body));
}

/** The same for a text. Never returns a string, because a string is not a notice. */
export function decodeJsonText(text: string): unknown {
  let value: unknown = text;
  for (let layer = 0; typeof value === 'string'; layer += 1) {
    if (layer > MAX_ENCODINGS) return undefined;
    value = parseJsonText(trimPadding(value));
  }
  return value;
}

/** JSON begins with two ASCII characters, so a zero among the first two bytes means UTF-16 (RFC 4627, 3). */
function detectEncoding([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined)) return 'utf-16be';
  return 'utf-8';
}

const SPACE = 0x20;
const BYTE_ORDER_MARK = 0xfeff;

/** Removes white space, control characters and byte order marks at both ends. */
function trimPadding(text: string): string {
  const isPadding = (at: number): boolean => text.charCodeAt(at) <= SPACE || text.charCodeAt(at) === BYTE_ORDER_MARK;
  let from = 0;
  let to = text.length;
  while (from < to && isPadding(from)) from += 1;
  while (to > from && isPadding(to - 1)) to -= 1;
  return text.slice(from, to);
}
