import type { Format } from '../domain/reports';
import { JsonCheck } from './json-check';
import { NotTheDocument } from './port';

/** What upstream said of a document before its bytes came. */
export interface Announced {
  readonly format: Format;
  readonly contentType: string;
  /** Bytes; null where upstream did not say. */
  readonly contentLength: number | null;
}

/** Looks at a document's bytes while they pass. It keeps 1 KiB of either end, nothing else, and tells nothing of what it saw. */
export interface DocumentCheck {
  /** @throws NotTheDocument as soon as that can be told */
  take(piece: Uint8Array): void;
  /** After the last piece. @throws NotTheDocument */
  finish(): void;
}

/** A PDF reader looks for the end mark in the last 1,024 bytes (ISO 32000-1, annex H); what HTML can tell lies there as well. */
const END_BYTES = 1_024;
/** Room for what may come before `<html`: a byte order mark, an XML declaration, a document type, a comment or two. */
const START_BYTES = 1_024;

/** Comments are told to their first end, so that no text, however made, takes long to read. */
const COMMENT = '<!--(?:(?!-->)[^])*-->';
const OPENS_HTML = new RegExp(`^(?:\\xEF\\xBB\\xBF)?(?:\\s|${COMMENT}|<\\?[^>]*>|<!doctype[^>]*>)*<html[\\s/>]`, 'i');
const CLOSES_HTML = new RegExp(`</html\\s*>(?:\\s|${COMMENT})*$`, 'i');

const OCTET_STREAM = 'application/octet-stream';

/** Which content types a format may come as. Octet-stream is no claim at all: it will do where the bytes themselves prove the format. */
const FITS: Readonly<Record<Format, (type: string) => boolean>> = {
  json: (type) => type === 'application/json' || /^[a-z]+\/[^ ]+\+json$/.test(type) || type === OCTET_STREAM,
  html: (type) => type === 'text/html' || type === 'application/xhtml+xml',
  pdf: (type) => type === 'application/pdf' || type === OCTET_STREAM,
};

const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  json: 'application/json',
  html: 'text/html',
  pdf: 'application/pdf',
};

/** Longer ones are cut to what comes before their parameters: the type stands in history as well. */
const LONGEST_TYPE = 100;

/** The content type to record: upstream's, or the format's where upstream made no claim and the bytes proved it. */
export function provenContentType({ format, contentType }: Announced): string {
  const told = contentType.trim();
  const type = essenceOf(contentType);
  if (type === OCTET_STREAM || type.length > LONGEST_TYPE) return CONTENT_TYPE[format];
  return told.length > LONGEST_TYPE ? type : told;
}

export function createDocumentCheck(announced: Announced): DocumentCheck {
  const { format, contentLength } = announced;
  const json = format === 'json' ? new JsonCheck() : null;
  let start = Buffer.alloc(0);
  let end = Buffer.alloc(0);
  let bytes = 0;

  return {
    take(piece) {
      if (bytes === 0) checkType(announced);
      bytes += piece.byteLength;
      if (contentLength !== null && bytes > contentLength) throw wrongLength(contentLength, 'more');
      const room = START_BYTES - start.byteLength;
      if (room > 0) start = Buffer.concat([start, piece.subarray(0, room)]);
      end = Buffer.from(lastOf(end, piece));
      if (json && !json.take(piece)) throw wrong(format, 'one JSON text in UTF-8', 'bytes that are not');
    },
    finish() {
      checkType(announced);
      if (bytes === 0) throw wrong(format, 'a document', 'no bytes');
      if (contentLength !== null && bytes !== contentLength) throw wrongLength(contentLength, `${bytes}`);
      if (json && !json.finish()) throw wrong(format, 'one whole JSON text', `a part of one (${bytes} bytes)`);
      if (format === 'pdf') checkPdf(start, end);
      if (format === 'html') checkHtml(start, end);
    },
  };
}

function checkType({ format, contentType }: Announced): void {
  if (FITS[format](essenceOf(contentType))) return;
  throw wrong(format, `the content type ${CONTENT_TYPE[format]}`, toldSafely(essenceOf(contentType)));
}

/** `Application/PDF; charset=x` is `application/pdf`. */
function essenceOf(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/** What comes in place of a document: upstream's own text reaches an error only where it is one of these. */
const TOLD: ReadonlySet<string> = new Set([
  ...['text/html', 'text/plain', 'text/xml', 'application/json', 'application/json-seq', 'application/pdf'],
  ...['application/xml', 'application/xhtml+xml', 'application/problem+json', 'application/zip', OCTET_STREAM],
]);

function toldSafely(type: string): string {
  if (type === '') return 'none';
  return TOLD.has(type) ? type : 'another';
}

function checkPdf(start: Buffer, end: Buffer): void {
  const text = start.toString('latin1');
  // Some generators put a byte order mark or a line break first; anything more, and it is a proxy's page or a multipart body.
  if (!/^(?:\xEF\xBB\xBF)?[\t\n\f\r ]*%PDF/.test(text)) throw wrong('pdf', '%PDF at the beginning', 'something else');
  if (!end.includes('%%EOF')) throw wrong('pdf', `%%EOF in the last ${END_BYTES} bytes`, 'none: the end is missing');
}

function checkHtml(start: Buffer, end: Buffer): void {
  const text = end.toString('latin1');
  if (text.trim() === '') throw wrong('html', 'a document', 'white space only');
  if (/<[a-z/!][^>]*$/i.test(text)) throw wrong('html', 'a whole document', 'one that ends within a tag');
  // HTML lets `</html>` be left out, but what generates a page closes it: one that opens and does not close was cut. A fragment opens nothing.
  if (!OPENS_HTML.test(start.toString('latin1')) || CLOSES_HTML.test(text)) return;
  throw wrong('html', `</html> at the end, within the last ${END_BYTES} bytes`, 'none: the end is missing');
}

function lastOf(end: Buffer, piece: Uint8Array): Uint8Array {
  return piece.byteLength >= END_BYTES
    ? piece.subarray(piece.byteLength - END_BYTES)
    : Buffer.concat([end, piece]).subarray(-END_BYTES);
}

function wrongLength(expected: number, got: string): NotTheDocument {
  return new NotTheDocument(`expected the ${expected} bytes that were announced, got ${got}`);
}

function wrong(format: Format, expected: string, got: string): NotTheDocument {
  return new NotTheDocument(`a ${format} document: expected ${expected}, got ${got}`);
}
