import { createHmac } from 'node:crypto';

/** Keys of the digests (decision 0028). Those of 0.1.0 were made with the client secret itself. */
export interface DigestKeys {
  /** Each verifies, the first makes. At least one. */
  readonly keys: readonly Uint8Array[];
  readonly clientSecret: string;
}

/** How the details of a manifest compare with others: `unknown` where no key of ours made its digest, or it has none. */
export type DetailsMatch = 'same' | 'other' | 'unknown';

/** Keeps these digests apart from every other use of the same key. */
const LABEL = 'chartway manifest details 3\n';
const LABEL_OF_0_1_0 = 'chartway manifest details 2\n';
/** Hex digits that tell by which key a digest was made: enough to tell the keys of one carrier apart. */
const MARK_LENGTH = 8;

/**
 * The manifest's `detailsDigest`: 64 hex digits, a mark of the key and an HMAC-SHA256 of a digest of personal details. Those are few enough
 * to be guessed, so that a plain hash would give them away to whoever reads the store.
 */
export function keyedDigest({ keys }: DigestKeys, detailsDigest: string): string {
  const [first] = keys;
  if (first === undefined) throw new TypeError('expected at least one key for the digests of manifests');
  return digestOf({ key: first, label: LABEL }, detailsDigest);
}

/** Compares a manifest's digest with details that come plain. */
export function matchDetails(
  keyed: string | null,
  { keys, clientSecret }: DigestKeys,
  detailsDigest: string,
): DetailsMatch {
  const all = [...keys.map((key) => ({ key, label: LABEL })), { key: clientSecret, label: LABEL_OF_0_1_0 }];
  const maker = all.find((each) => keyed?.startsWith(markOf(each)));
  if (maker === undefined) return 'unknown';
  return keyed === digestOf(maker, detailsDigest) ? 'same' : 'other';
}

interface Maker {
  readonly key: string | Uint8Array;
  readonly label: string;
}

function digestOf(maker: Maker, detailsDigest: string): string {
  return markOf(maker) + hmac(maker, detailsDigest).slice(MARK_LENGTH);
}

function markOf(maker: Maker): string {
  return hmac(maker, '').slice(0, MARK_LENGTH);
}

function hmac({ key, label }: Maker, message: string): string {
  return createHmac('sha256', key).update(label).update(message).digest('hex');
}
