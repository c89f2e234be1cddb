import { createHash } from 'node:crypto';

/** The opaque id of a document: the first 32 hex digits of SHA-256 of the manifest's `file`, which names the provider. */
export function documentIdOf(file: string): string {
  return createHash('sha256').update(file).digest('hex').slice(0, 32);
}
