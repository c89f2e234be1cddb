/** The input is not a list of applicants. No applicant is started. */
export class NotApplicants extends Error {
  override readonly name = 'NotApplicants';
  readonly kind = 'not-applicants';
}

/** A byte order mark of UTF-32, or two characters of UTF-16. */
const DETECTION_BYTES = 4;
const SAVE_AS = 'in Excel, save it as "CSV UTF-8"';

/** The first bytes of files that are not text. */
const NO_TEXT: readonly (readonly [bytes: readonly number[], fault: string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], `it is in UTF-32; ${SAVE_AS}`],
  [[0x00, 0x00, 0xfe, 0xff], `it is in UTF-32; ${SAVE_AS}`],
  [[0x50, 0x4b, 0x03, 0x04], `it is a workbook (xlsx) or another archive; ${SAVE_AS}`],
  [[0xd0, 0xcf, 0x11, 0xe0], `it is a workbook (xls); ${SAVE_AS}`],
  [[0x1f, 0x8b], 'it is compressed (gzip)'],
];

/**
 * Decodes UTF-8, or UTF-16 (Excel's "Unicode Text"), without the byte order mark. Invalid bytes become U+FFFD, so only their field is invalid; no
 * other encoding is guessed. @throws {NotApplicants} for bytes that are not text
 */
export async function* decodeText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  let start = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (decoder) {
      yield decoder.decode(chunk, { stream: true });
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < DETECTION_BYTES) continue;
    decoder = new TextDecoder(detectEncoding(start));
    yield decoder.decode(start, { stream: true });
  }
  yield decoder ? decoder.decode() : new TextDecoder().decode(start);
}

function detectEncoding(start: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const startsWith = (bytes: readonly number[]) => bytes.every((byte, index) => start[index] === byte);
  for (const [bytes, fault] of NO_TEXT) {
    if (startsWith(bytes)) throw new NotApplicants(`expected a CSV text in UTF-8; ${fault}`);
  }
  if (startsWith([0xff, 0xfe])) return 'utf-16le';
  if (startsWith([0xfe, 0xff])) return 'utf-16be';
  // A header starts with an ASCII character; a NUL next to it means UTF-16 without a mark.
  const [first, second] = start;
  if (first !== 0 && second === 0) return 'utf-16le';
  if (first === 0 && second !== 0) return 'utf-16be';
  return 'utf-8';
}
