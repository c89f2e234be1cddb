import { createHash } from 'node:crypto';

export const DOCUMENT_ID = /^[0-9a-f]{32}$/;

/** The opaque id of a document: the first 32 hex digits of SHA-256 of the manifest's `file`, which names the provider. */
export function documentIdOf(file: string): string {
  return createHash('sha256').update(file).digest('hex').slice(0, 32);
}
