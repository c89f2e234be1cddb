import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type Cipher, KeyMissing } from '../domain/encryption';

/** What a key of the ring is used for: each use has a key of its own, derived, so that no ciphertext of one is ever a ciphertext of another. */
type Use = 'payload' | 'seal' | 'audit' | 'digest';

/** The keys of `PAYLOAD_KEYS`: the first encrypts, all decrypt. */
export interface KeyRing {
  readonly ids: readonly string[];
  /** The id of the key that encrypts. */
  readonly first: string;
  /** 32 bytes, null for an id that the ring does not list. */
  key(id: string, use: Use): Buffer | null;
}

/** `id:base64 of 32 bytes`; the id stands in clear beside all that it encrypts. */
const KEY = /^([\w.-]{1,32}):([A-Za-z0-9+/]{43}=)$/;
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96 random bits, drawn anew for each message. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

export const KEYS_EXPECTED =
  'id:base64 of 32 bytes, comma-separated, no id twice (ids: 1 to 32 letters, digits, "_", "." or "-"; `npm run keygen` makes one)';

/** Reads `PAYLOAD_KEYS`; null where it is not {@link KEYS_EXPECTED}. */
export function parseKeyRing(text: string): KeyRing | null {
  const keys = new Map<string, Buffer>();
  for (const entry of text.split(',')) {
    const [, id, secret] = KEY.exec(entry.trim()) ?? [];
    if (id === undefined || secret === undefined || keys.has(id)) return null;
    keys.set(id, Buffer.from(secret, 'base64'));
  }
  const ids = [...keys.keys()];
  const [first] = ids;
  if (first === undefined) return null;
  const derived = new Map(
    [...keys].map(([id, secret]) => [
      id,
      {
        payload: derive(secret, 'payload'),
        seal: derive(secret, 'seal'),
        audit: derive(secret, 'audit'),
        digest: derive(secret, 'digest'),
      },
    ]),
  );
  return { ids, first, key: (id, use) => derived.get(id)?.[use] ?? null };
}

/** Reads a file of keys: one a line or comma-separated, what follows a `#` is a remark. Null as in {@link parseKeyRing}. */
export function parseKeyFile(text: string): KeyRing | null {
  const entries = text.split('\n').flatMap((line) => line.replace(/#.*$/, '').split(','));
  return parseKeyRing(entries.filter((entry) => entry.trim() !== '').join(','));
}

/** A new entry of `PAYLOAD_KEYS`. */
export function newKey(id: string): string {
  return `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

/** Whether a text could name a key at all. */
export function isKeyId(text: string): boolean {
  return /^[\w.-]{1,32}$/.test(text);
}

/**
 * The keys of the digests in manifests: one from each key of the ring, the first of which makes them, and one from the client secret, which makes
 * them where there is no ring.
 */
export function digestKeys(ring: KeyRing | null, clientSecret: string) {
  const ofRing = ring?.ids.flatMap((id) => ring.key(id, 'digest') ?? []) ?? [];
  return { keys: [...ofRing, derive(Buffer.from(clientSecret), 'digest')], clientSecret };
}

function derive(secret: Buffer, use: Use): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `chartway ${use} 1`, KEY_BYTES));
}

/** iv, ciphertext and tag in one; `bound` is authenticated with it and has to be the same when it is opened. */
export function encrypt(key: Buffer, plain: Uint8Array, bound: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(bound);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Null for anything but what {@link encrypt} made with this key and `bound`. */
export function decrypt(key: Buffer, sealed: Uint8Array, bound: Uint8Array): Buffer | null {
  if (sealed.length < IV_BYTES + TAG_BYTES) return null;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(bound).setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, end)), decipher.final()]);
  } catch {
    return null; // GCM says no more than that the tag is wrong
  }
}

/** Begins what the ring sealed: tells it from a file in clear, and this form from later ones. */
const MAGIC = Buffer.from('CWS1');

/** Seals what lies on disks outside Temporal. Sealed form: magic, length of the key id (1 byte), key id, then iv, ciphertext and tag. */
export function createSeal(ring: KeyRing): Cipher {
  return {
    encrypt(plain, place) {
      const key = ring.key(ring.first, 'seal');
      if (key === null) throw new KeyMissing(ring.first);
      const id = Buffer.from(ring.first);
      const head = Buffer.concat([MAGIC, Buffer.of(id.length), id]);
      return Buffer.concat([head, encrypt(key, plain, bound(head, place))]);
    },
    decrypt(sealed, place) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes.length <= MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
      const headBytes = MAGIC.length + 1 + (bytes[MAGIC.length] ?? 0);
      const head = bytes.subarray(0, headBytes);
      const id = head.subarray(MAGIC.length + 1).toString();
      if (bytes.length < headBytes || !isKeyId(id)) return null;
      const key = ring.key(id, 'seal');
      if (key === null) throw new KeyMissing(id);
      return decrypt(key, bytes.subarray(headBytes), bound(head, place));
    },
  };
}

function bound(head: Buffer, place: string): Buffer {
  return Buffer.concat([head, Buffer.from(place)]);
}
