import { type FormatCheck, wrong } from './format-check';

/** Viewers look for the header in the first 1,024 bytes (ISO 32000-1, annex H), whatever stands before it. */
const START_BYTES = 1_024;
const HEADER = '%PDF-';
const END = Buffer.from('%%EOF');
/** So many bytes may follow the end mark, padding apart: viewers find the mark in the last 1,024 bytes (annex H). */
const BEHIND_MOST = 1_024;

/** Of the length that a linearised file says it has. */
const SHORTEST_SHARE = 0.9;

/** The beginning of an HTML or XML page, or of a gateway's JSON. */
const MARKUP = /<(?:!--|!doctype|\?xml|\/?[a-z][a-z0-9:-]*(?=[\s/>]))|\{\s*"\w+"\s*:/i;
/** Parts of a PDF behind its end mark: an update was appended, or the first part is that of a linearised file, and the rest was cut. */
const GOES_ON = /\d \d+ obj\b|\bxref\b|\bstartxref\b|\btrailer\b/;

/** A linearised file says its own length in its first object (ISO 32000-1, annex F): it has an end mark near its beginning, where a cut may fall. */
const LINEARISED = /<<(?=[^<>]*\/Linearized\b)[^<>]*\/L\s+(\d{1,12})\b/;

/**
 * A PDF that viewers open: the header within the first 1,024 bytes and an end mark with nothing of a document behind it. Bytes that stand before or behind
 * (a path, header lines, NULs of a block-wise writer) belong to the file; markup does not, because it is a proxy's page.
 */
export function createPdfCheck(): FormatCheck {
  let start = Buffer.alloc(0);
  /** The last bytes of the pieces before, which may hold half of an end mark. */
  let rest = Buffer.alloc(0);
  /** What follows the last end mark, a run of padding as one blank; null: there was none yet. */
  let behind: string | null = null;
  let length = 0;

  return {
    take(piece) {
      length += piece.byteLength;
      const room = START_BYTES + HEADER.length - 1 - start.byteLength;
      if (room > 0) start = Buffer.concat([start, piece.subarray(0, room)]);
      const bytes = Buffer.concat([rest, piece]);
      const last = bytes.lastIndexOf(END);
      if (last >= 0) behind = '';
      // Of what was held back, everything but half a mark was taken before.
      const from = last >= 0 ? last + END.byteLength : rest.byteLength;
      if (behind !== null) behind = extended(behind, bytes.subarray(from));
      rest = Buffer.from(bytes.subarray(Math.max(last >= 0 ? from : 0, bytes.byteLength - END.byteLength + 1)));
    },
    finish() {
      const before = start.toString('latin1').split(HEADER, 2);
      if (before.length < 2) throw wrong('pdf', `${HEADER} in the first ${START_BYTES} bytes`, 'none');
      if (MARKUP.test(before[0] ?? '')) throw wrong('pdf', `${HEADER} at the beginning`, 'a page before it');
      if (behind === null) throw wrong('pdf', '%%EOF', 'none: the end is missing');
      const said = Number(LINEARISED.exec(start.toString('latin1'))?.[1] ?? 0);
      // Line ends may have been converted, or padding left out.
      if (length < said * SHORTEST_SHARE) throw wrong('pdf', 'the length that it says it has', 'a part of it');
      if (MARKUP.test(behind)) throw wrong('pdf', '%%EOF at the end', 'a page behind it');
      if (GOES_ON.test(behind) || behind.trim().length > BEHIND_MOST) {
        throw wrong('pdf', `%%EOF in the last ${BEHIND_MOST} bytes`, 'more than that: the end is missing');
      }
    },
  };
}

/** Padding costs no memory, and beyond the most that is allowed nothing is kept. */
function extended(behind: string, bytes: Uint8Array): string {
  let text = behind;
  for (let at = 0; at < bytes.byteLength && text.length <= BEHIND_MOST + 2; at += 1) {
    const code = bytes[at] ?? 0;
    const isPadding = code === 0 || code === 0x20 || (code >= 0x09 && code <= 0x0d);
    if (!isPadding) text += String.fromCharCode(code);
    else if (!text.endsWith(' ')) text += ' ';
  }
  return text;
}
