import { parseJsonText } from './json';

/** A sender that encodes JSON as a JSON text does so once, and a relay once more. */
const MAX_ENCODINGS = 2;

/**
 * The JSON value of a body as senders and relays make it: UTF-8 or UTF-16, a byte order mark, NULs and control characters around it, or JSON
 * inside of a JSON text. Undefined where there is none; the parser's own error quotes the text, so it goes no further.
 */
export function decodeJsonBody(body: Uint8Array): unknown {
  return decodeJsonText(new TextDecoder(detectEncoding(body)).decode(body));
}

/** The same of a text; no text comes out, because a text of a body is either JSON or says nothing. */
export function decodeJsonText(text: string): unknown {
  let value: unknown = text;
  for (let layer = 0; typeof value === 'string'; layer += 1) {
    if (layer > MAX_ENCODINGS) return undefined;
    value = parseJsonText(trimmed(value));
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

/** Without white space, control characters and byte order marks at both ends. */
function trimmed(text: string): string {
  const isPadding = (at: number): boolean => text.charCodeAt(at) <= SPACE || text.charCodeAt(at) === BYTE_ORDER_MARK;
  let from = 0;
  let to = text.length;
  while (from < to && isPadding(from)) from += 1;
  while (to > from && isPadding(to - 1)) to -= 1;
  return text.slice(from, to);
}
