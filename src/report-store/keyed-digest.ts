import { createHmac } from 'node:crypto';

/** Keys for the digests of details (decision 0028). */
export interface DigestKeys {
  /** The first makes digests, each verifies them. At least one to make a digest. */
  readonly keys: readonly Uint8Array[];
  /** The key of the digests of 0.1.0; null: they cannot be verified. */
  readonly clientSecret: string | null;
}

/** How the details of a manifest compare with others; `unknown` without a digest, or without its key. */
export type DetailsMatch = 'same' | 'other' | 'unknown';

/** The label separates these digests from other uses of the same key. */
const LABEL = 'chartway manifest details 3\n';
const LABEL_OF_0_1_0 = 'chartway manifest details 2\n';
/** Hex digits that identify the key of a digest. */
const KEY_TAG_LENGTH = 8;

/**
 * The manifest's `detailsDigest`, 64 hex digits: a tag of the key, then the rest of an HMAC-SHA256 of a digest of personal details. Personal details can be
 * guessed, so a plain hash would reveal them to any reader of the store.
 */
export function createKeyedDigest({ keys }: DigestKeys, detailsDigest: string): string {
  const [first] = keys;
  if (first === undefined) throw new TypeError('expected at least one key for the digests of manifests');
  return digestWith({ key: first, label: LABEL }, detailsDigest);
}

/** Compares the digest of a manifest with an unkeyed one. */
export function matchDetails(
  keyedDigest: string | null,
  { keys, clientSecret }: DigestKeys,
  detailsDigest: string,
): DetailsMatch {
  const all: DigestKey[] = keys.map((key) => ({ key, label: LABEL }));
  if (clientSecret !== null) all.push({ key: clientSecret, label: LABEL_OF_0_1_0 });
  const digestKey = all.find((key) => keyedDigest?.startsWith(tagOf(key)));
  if (digestKey === undefined) return 'unknown';
  return keyedDigest === digestWith(digestKey, detailsDigest) ? 'same' : 'other';
}

interface DigestKey {
  readonly key: string | Uint8Array;
  readonly label: string;
}

function digestWith(key: DigestKey, detailsDigest: string): string {
  return tagOf(key) + hmac(key, detailsDigest).slice(KEY_TAG_LENGTH);
}

function tagOf(key: DigestKey): string {
  return hmac(key, '').slice(0, KEY_TAG_LENGTH);
}

function hmac({ key, label }: DigestKey, message: string): string {
  return createHmac('sha256', key).update(label).update(message).digest('hex');
}
