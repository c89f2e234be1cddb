import { NotApplicants } from './not-applicants';

/** A byte order mark of UTF-32, or two characters of UTF-16. */
const BEGINNING_BYTES = 4;
const SAVE_AS = 'in Excel, save it as "CSV UTF-8"';

/** What the first bytes of a file that holds no text are, with the reason. */
const NO_TEXT: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], `it is in UTF-32; ${SAVE_AS}`],
  [[0x00, 0x00, 0xfe, 0xff], `it is in UTF-32; ${SAVE_AS}`],
  [[0x50, 0x4b, 0x03, 0x04], `it is a workbook (xlsx) or another archive; ${SAVE_AS}`],
  [[0xd0, 0xcf, 0x11, 0xe0], `it is a workbook (xls); ${SAVE_AS}`],
  [[0x1f, 0x8b], 'it is compressed (gzip)'],
];

/**
 * The text of a file in UTF-8, or in UTF-16 as Excel's "Unicode Text" writes it, piece by piece, without its byte order mark. What cannot be
 * decoded becomes U+FFFD: it costs the field that it stands in, and no encoding is guessed for it. @throws NotApplicants for what is no text
 */
export async function* decodeText(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let beginning = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (decoder) {
      yield decoder.decode(piece, { stream: true });
      continue;
    }
    beginning = Buffer.concat([beginning, piece]);
    if (beginning.length < BEGINNING_BYTES) continue;
    decoder = new TextDecoder(encodingOf(beginning));
    yield decoder.decode(beginning, { stream: true });
  }
  yield decoder ? decoder.decode() : new TextDecoder().decode(beginning);
}

function encodingOf(beginning: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const startsWith = (bytes: readonly number[]) => bytes.every((byte, index) => beginning[index] === byte);
  for (const [bytes, what] of NO_TEXT) {
    if (startsWith(bytes)) throw new NotApplicants(`expected a CSV text in UTF-8; ${what}`);
  }
  if (startsWith([0xff, 0xfe])) return 'utf-16le';
  if (startsWith([0xfe, 0xff])) return 'utf-16be';
  // A header begins with a character of ASCII: beside a NUL it is one of UTF-16 without a mark.
  const [first, second] = beginning;
  if (first !== 0 && second === 0) return 'utf-16le';
  if (first === 0 && second !== 0) return 'utf-16be';
  return 'utf-8';
}
