import type { Format } from '../../domain/reports';

/** Types without meaning: the bytes alone decide. S3 sends binary/octet-stream by default, old servers the others or none. */
const UNSPECIFIC: ReadonlySet<string> = new Set([
  ...['', '*/*', 'application/octet-stream', 'binary/octet-stream', 'application/binary', 'application/x-octet-stream'],
  ...['application/download', 'application/x-download', 'application/force-download', 'application/x-force-download'],
  ...['application/unknown', 'application/x-unknown', 'unknown/unknown', 'content/unknown'],
]);

/** The registered type of a format, and older names. */
const MATCHES: Readonly<Record<Format, (type: string) => boolean>> = {
  json: (type) => /^(?:application|text)\/(?:x-)?json$|^[a-z]+\/[^ ]+\+json$/.test(type),
  html: (type) => type === 'text/html' || type === 'application/xhtml+xml',
  pdf: (type) => /^(?:application|text)\/(?:x-)?pdf$/.test(type),
};

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  json: 'application/json',
  html: 'text/html',
  pdf: 'application/pdf',
};
/** The types that are recorded as they are; others are recorded as the registered one. */
const RECORDED: Readonly<Record<Format, RegExp>> = {
  json: /^application\/|\+json$/,
  html: /^/,
  pdf: /^application\/pdf$/,
};

/** Longer types lose their parameters, because the type is also in Temporal's history. */
const MAX_LENGTH = 100;

/** How upstream's content type compares with that of a format. */
export type TypeMatch = 'same' | 'unspecific' | 'other';

export function matchType(format: Format, contentType: string): TypeMatch {
  const type = essenceOf(contentType);
  if (UNSPECIFIC.has(type)) return 'unspecific';
  return MATCHES[format](type) ? 'same' : 'other';
}

/** The content type to record for checked bytes: upstream's, or the registered one of the format. */
export function provenContentType({ format, contentType }: { format: Format; contentType: string }): string {
  const trimmed = contentType.trim();
  const type = essenceOf(contentType);
  const isRecorded = matchType(format, contentType) === 'same' && RECORDED[format].test(type);
  if (!isRecorded || type.length > MAX_LENGTH) return CONTENT_TYPE[format];
  return trimmed.length > MAX_LENGTH ? type : trimmed;
}

/** The types that an error may quote; other texts of upstream may be personal data. */
const KNOWN_TYPES: ReadonlySet<string> = new Set([
  ...['text/html', 'text/plain', 'text/xml', 'application/json', 'application/json-seq', 'application/pdf'],
  ...['application/xml', 'application/xhtml+xml', 'application/problem+json', 'application/zip'],
]);

/** A content type for an error. */
export function displayType(contentType: string): string {
  const type = essenceOf(contentType);
  return KNOWN_TYPES.has(type) ? type : 'another';
}

/** Such as `application/pdf` for `Application/PDF; charset=x`. */
function essenceOf(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
