import { createHmac } from 'node:crypto';

/** Keeps these digests apart from every other use of the same secret. */
const LABEL = 'chartway manifest details 1\n';

/**
 * The manifest's `detailsDigest`: HMAC-SHA256 (hex) of a digest of personal details. Those are few enough to be guessed,
 * so that a plain hash would give them away to whoever reads the store.
 */
export function keyedDigest(secret: string, detailsDigest: string): string {
  return createHmac('sha256', secret).update(LABEL).update(detailsDigest).digest('hex');
}
