import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { create as createDisposition } from 'content-disposition';
import parseRanges from 'range-parser';
import type { Format } from '../domain/reports';
import type { ByteRange } from '../report-store/port';
import type { DocumentView, OpenDocument } from '../use-cases/views';
import { isUnchanged, quoteEtag } from './etags';

/** The part of a document to send. None if the caller has it already (`unchanged`), or if the range is outside of it. */
export type Selection = 'whole' | 'unchanged' | 'outside' | ByteRange;

/** Evaluates the conditions and the range of a GET (RFC 9110, 13.2.2). Several ranges are answered with the whole. */
export function selectBytes(headers: IncomingHttpHeaders, { sha256, bytes }: DocumentView): Selection {
  const etag = quoteEtag(sha256);
  if (isUnchanged(headers, sha256)) return 'unchanged';
  const { range, 'if-range': ifRange } = headers;
  // A date never matches: a document has none.
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return 'whole';
  const ranges = isOneRange(range) ? parseRanges(bytes, range) : MALFORMED;
  if (ranges === MALFORMED) return 'whole';
  if (ranges === UNSATISFIABLE) return 'outside';
  const [only] = ranges;
  return only ? { start: only.start, end: only.end } : 'whole';
}

/** The library takes malformed texts for ranges that cannot be satisfied, and RFC 9110 (14.1.1) ignores them. */
function isOneRange(range: string): boolean {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range) ?? [];
  return first === '' || last === '' ? first !== last : Number(first) <= Number(last);
}

/** The results of range-parser without ranges. */
const MALFORMED = -2;
const UNSATISFIABLE = -1;

/** The headers of a document, or of a part of it, that is saved. */
export function downloadHeaders({ document, fileName }: OpenDocument, range: ByteRange | null) {
  const { sha256, bytes, contentType } = document;
  return {
    'Content-Type': contentType,
    'Content-Length': String(range ? range.end - range.start + 1 : bytes),
    ...(range && { 'Content-Range': `bytes ${range.start}-${range.end}/${bytes}` }),
    'Content-Disposition': createDisposition(fileName),
    'Accept-Ranges': 'bytes',
    ETag: quoteEtag(sha256),
    'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
    ...PRIVATE,
  };
}

/** The headers of a document that a browser shows. A viewer that cannot request ranges makes one request, which is one audit line. */
export function viewHeaders({ document, fileName }: OpenDocument) {
  const { bytes, contentType, format } = document;
  return {
    'Content-Type': contentType.startsWith(VIEW_TYPE[format]) && format !== 'pdf' ? contentType : VIEW_TYPE[format],
    'Content-Length': String(bytes),
    'Content-Disposition': createDisposition(fileName, { type: 'inline' }),
    'Content-Security-Policy': format === 'pdf' ? FRAMED : INERT,
    'Accept-Ranges': 'none',
    ...PRIVATE,
  };
}

const PRIVATE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
const FRAMED = "frame-ancestors 'self'";
/** A report may contain anything, so nothing in it runs, sends or loads. Browsers refuse to show a PDF file in a sandbox. */
const INERT = `sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'; ${FRAMED}`;
/** The browser picks its viewer by this type, so the type must fit the policy. */
const VIEW_TYPE: Readonly<Record<Format, string>> = {
  html: 'text/html',
  json: 'application/json',
  pdf: 'application/pdf',
};

/**
 * Reads the first bytes and returns a stream of all, so that an error in the first ones is answered with a problem. A later error closes the stream
 * before its end. Reading stops when the stream is closed.
 */
export async function openStream(bytes: AsyncIterable<Uint8Array>): Promise<Readable> {
  const reading = bytes[Symbol.asyncIterator]();
  const first = await reading.next();
  async function* all() {
    for (let each = first; !each.done; each = await reading.next()) yield each.value;
  }
  const stream = Readable.from(all(), { objectMode: false });
  // A stream that was closed before it was read has not begun its generator, which could close the file.
  stream.once('close', () => void reading.return?.().catch(() => undefined));
  return stream;
}
