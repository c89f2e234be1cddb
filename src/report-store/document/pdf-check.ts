import { documentFault, type FormatCheck } from './format-check';

/** Viewers search the header in the first 1,024 bytes (ISO 32000-1, annex H). */
const START_BYTES = 1_024;
const HEADER = '%PDF-';
const END = Buffer.from('%%EOF');
/** Bytes that may follow the end mark, without padding: viewers search the mark in the last 1,024 bytes (annex H). */
const MAX_TRAILING = 1_024;

/** The smallest accepted share of the length that a linearised file declares. */
const MIN_LENGTH_SHARE = 0.9;

/** The beginning of an HTML or XML page, or of the JSON of a gateway. */
const MARKUP = /<(?:!--|!doctype|\?xml|\/?[a-z][a-z0-9:-]*(?=[\s/>]))|\{\s*"\w+"\s*:/i;
/** Parts of a PDF after an end mark: an appended update, or the rest of a linearised file, was truncated. */
const CONTINUATION = /\d \d+ obj\b|\bxref\b|\bstartxref\b|\btrailer\b/;

/** A linearised file declares its length in its first object (ISO 32000-1, annex F). It has an end mark near its beginning. */
const LINEARISED = /<<(?=[^<>]*\/Linearized\b)[^<>]*\/L\s+(\d{1,12})\b/;

/**
 * A PDF that viewers open: a header in the first 1,024 bytes, and an end mark without parts of a PDF after it. Other bytes before the header or after
 * the mark are accepted (a path, header lines, NULs as padding), except markup, which is the page of a proxy.
 */
export function createPdfCheck(): FormatCheck {
  let start = Buffer.alloc(0);
  /** The last bytes of earlier pieces, which may be part of an end mark. */
  let rest = Buffer.alloc(0);
  /** What follows the last end mark, with padding as one space; null before the first mark. */
  let trailing: string | null = null;
  let length = 0;

  return {
    take(piece) {
      length += piece.byteLength;
      const room = START_BYTES + HEADER.length - 1 - start.byteLength;
      if (room > 0) start = Buffer.concat([start, piece.subarray(0, room)]);
      const bytes = Buffer.concat([rest, piece]);
      const last = bytes.lastIndexOf(END);
      if (last >= 0) trailing = '';
      // `rest` was already added to `trailing`.
      const from = last >= 0 ? last + END.byteLength : rest.byteLength;
      if (trailing !== null) trailing = appendTrailing(trailing, bytes.subarray(from));
      rest = Buffer.from(bytes.subarray(Math.max(last >= 0 ? from : 0, bytes.byteLength - END.byteLength + 1)));
    },
    finish() {
      const before = start.toString('latin1').split(HEADER, 2);
      if (before.length < 2) throw documentFault('pdf', `${HEADER} in the first ${START_BYTES} bytes`, 'none');
      if (MARKUP.test(before[0] ?? '')) throw documentFault('pdf', `${HEADER} at the beginning`, 'a page before it');
      if (trailing === null) throw documentFault('pdf', '%%EOF', 'none: the end is missing');
      const declared = Number(LINEARISED.exec(start.toString('latin1'))?.[1] ?? 0);
      // Shorter is accepted to a degree: line ends may have been converted, or padding removed.
      if (length < declared * MIN_LENGTH_SHARE)
        throw documentFault('pdf', 'the length that it declares', 'a part of it');
      if (MARKUP.test(trailing)) throw documentFault('pdf', '%%EOF at the end', 'a page after it');
      if (CONTINUATION.test(trailing) || trailing.trim().length > MAX_TRAILING) {
        throw documentFault('pdf', `%%EOF in the last ${MAX_TRAILING} bytes`, 'more than that: the end is missing');
      }
    },
  };
}

/** Uses no memory for padding, or beyond the allowed length. */
function appendTrailing(trailing: string, bytes: Uint8Array): string {
  let text = trailing;
  for (let at = 0; at < bytes.byteLength && text.length <= MAX_TRAILING + 2; at += 1) {
    const code = bytes[at] ?? 0;
    const isPadding = code === 0 || code === 0x20 || (code >= 0x09 && code <= 0x0d);
    if (!isPadding) text += String.fromCharCode(code);
    else if (!text.endsWith(' ')) text += ' ';
  }
  return text;
}
