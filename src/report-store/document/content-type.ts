import type { Format } from '../../domain/reports';

/** Types that make no claim: the bytes alone decide. S3 sends the second by default, old servers the others or none. */
const NO_CLAIM: ReadonlySet<string> = new Set([
  ...['', '*/*', 'application/octet-stream', 'binary/octet-stream', 'application/binary', 'application/x-octet-stream'],
  ...['application/download', 'application/x-download', 'application/force-download', 'application/x-force-download'],
  ...['application/unknown', 'application/x-unknown', 'unknown/unknown', 'content/unknown'],
]);

/** What a format comes as, its registered name and those from before there was one. */
const CLAIMS: Readonly<Record<Format, (type: string) => boolean>> = {
  json: (type) => /^(?:application|text)\/(?:x-)?json$|^[a-z]+\/[^ ]+\+json$/.test(type),
  html: (type) => type === 'text/html' || type === 'application/xhtml+xml',
  pdf: (type) => /^(?:application|text)\/(?:x-)?pdf$/.test(type),
};

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  json: 'application/json',
  html: 'text/html',
  pdf: 'application/pdf',
};
/** What a recorded type begins with; an old name is recorded as the registered one. */
const RECORDED: Readonly<Record<Format, RegExp>> = {
  json: /^application\/|\+json$/,
  html: /^/,
  pdf: /^application\/pdf$/,
};

/** Longer ones are cut to what comes before their parameters: the type stands in history as well. */
const LONGEST_TYPE = 100;

/** What upstream's content type says of a format. */
export type Claim = 'fits' | 'none' | 'other';

export function claimOf(format: Format, contentType: string): Claim {
  const type = essenceOf(contentType);
  if (NO_CLAIM.has(type)) return 'none';
  return CLAIMS[format](type) ? 'fits' : 'other';
}

/** The content type to record: upstream's, or the format's where upstream made no claim and the bytes proved it. */
export function provenContentType({ format, contentType }: { format: Format; contentType: string }): string {
  const trimmed = contentType.trim();
  const type = essenceOf(contentType);
  const isOurs = claimOf(format, contentType) === 'fits' && RECORDED[format].test(type);
  if (!isOurs || type.length > LONGEST_TYPE) return CONTENT_TYPE[format];
  return trimmed.length > LONGEST_TYPE ? type : trimmed;
}

/** What comes in place of a document: upstream's own text reaches an error only where it is one of these. */
const TOLD: ReadonlySet<string> = new Set([
  ...['text/html', 'text/plain', 'text/xml', 'application/json', 'application/json-seq', 'application/pdf'],
  ...['application/xml', 'application/xhtml+xml', 'application/problem+json', 'application/zip'],
]);

/** A content type for an error: one that we know, or "another". */
export function typeInWords(contentType: string): string {
  const type = essenceOf(contentType);
  return TOLD.has(type) ? type : 'another';
}

/** `Application/PDF; charset=x` is `application/pdf`. */
function essenceOf(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
