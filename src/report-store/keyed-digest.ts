import { createHmac } from 'node:crypto';

/** Keeps these digests apart from every other use of the same secret. */
const LABEL = 'chartway manifest details 2\n';
/** Hex digits that tell by which secret a digest was made: enough to tell two secrets of one carrier apart. */
const MARK_LENGTH = 8;

/**
 * The manifest's `detailsDigest`: 64 hex digits, a mark of the secret and an HMAC-SHA256 of a digest of personal details. Those are few enough
 * to be guessed, so that a plain hash would give them away to whoever reads the store.
 */
export function keyedDigest(secret: string, detailsDigest: string): string {
  return markOf(secret) + hmac(secret, detailsDigest).slice(MARK_LENGTH);
}

/** True where the manifest was certainly written for other details. One that another secret keyed tells nothing: secrets are rotated. */
export function isOfOthers(keyed: string | null, secret: string, detailsDigest: string): boolean {
  return keyed?.startsWith(markOf(secret)) === true && keyed !== keyedDigest(secret, detailsDigest);
}

function markOf(secret: string): string {
  return hmac(secret, '').slice(0, MARK_LENGTH);
}

function hmac(secret: string, message: string): string {
  return createHmac('sha256', secret).update(LABEL).update(message).digest('hex');
}
