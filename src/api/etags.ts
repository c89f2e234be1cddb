import type { IncomingHttpHeaders } from 'node:http';
import fresh from 'fresh';
import { Problem } from './problem';

/** A strong entity tag as a header value. */
export function quoteEtag(tag: string): string {
  return `"${tag}"`;
}

/** Whether If-None-Match lists the tag. Ignores Cache-Control: fetch() sends no-cache with an If-None-Match that its caller sets. */
export function isUnchanged(headers: IncomingHttpHeaders, tag: string): boolean {
  return fresh({ 'if-none-match': headers['if-none-match'] }, { etag: quoteEtag(tag) });
}

/**
 * The tag of If-Match without its quotes; null without the header. A weak tag, `*` or a list names no state that the caller saw.
 * @throws {Problem} 400
 */
export function readIfMatch(headers: IncomingHttpHeaders): string | null {
  const header = headers['if-match'];
  if (header === undefined) return null;
  const tag = /^"([\x21\x23-\x7e]{1,200})"$/.exec(header.trim())?.[1];
  if (tag !== undefined) return tag;
  const errors = [{ parameter: 'If-Match', code: 'format', expected: 'one ETag of an answer, with its quotes' }];
  throw new Problem('invalid-parameter', 'expected valid parameters', { errors });
}
