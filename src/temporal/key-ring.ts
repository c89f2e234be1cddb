import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type Cipher, KeyMissing } from '../domain/encryption';

/** Each use has its own derived key, so that a ciphertext of one use is never valid for another. Keys are derived from the words. */
const USES = ['payload', 'seal', 'audit', 'digest'] as const;
type Use = (typeof USES)[number];
/** The use of files outside Temporal. */
const FILES: Use = 'seal';

/** The keys of `PAYLOAD_KEYS`: the first one encrypts, all decrypt. */
export interface KeyRing {
  readonly ids: readonly string[];
  /** The id of the key that encrypts. */
  readonly first: string;
  /** 32 bytes; null for an id that the ring does not list. */
  key(id: string, use: Use): Buffer | null;
}

/** `id:base64 of 32 bytes`; everything that the key encrypts names the id in plain text. */
const KEY = /^([\w.-]{1,32}):([A-Za-z0-9+/]{43}=)$/;
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96 random bits for each message. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

export const KEYS_EXPECTED =
  'id:base64 of 32 bytes, comma-separated, no id twice (ids: 1 to 32 letters, digits, "_", "." or "-"; `npm run keygen` makes one)';

/** Parses `PAYLOAD_KEYS`; null if the text is not {@link KEYS_EXPECTED}. */
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
    [...keys].map(([id, secret]) => [id, new Map(USES.map((use) => [use, derive(secret, use)]))]),
  );
  return { ids, first, key: (id, use) => derived.get(id)?.get(use) ?? null };
}

/** Parses a file of keys: one per line or comma-separated, with comments after `#`. Null as in {@link parseKeyRing}. */
export function parseKeyFile(text: string): KeyRing | null {
  const entries = text.split('\n').flatMap((line) => line.replace(/#.*$/, '').split(','));
  return parseKeyRing(entries.filter((entry) => entry.trim() !== '').join(','));
}

/** A new entry of `PAYLOAD_KEYS`. */
export function generateKey(id: string): string {
  return `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

export function isKeyId(text: string): boolean {
  return /^[\w.-]{1,32}$/.test(text);
}

/** The keys of the digests in manifests, one per key of the ring and one from the client secret, if it is known. The first one makes new digests. */
export function createDigestKeys(ring: KeyRing | null, clientSecret: string | null) {
  const keys: Uint8Array[] = ring?.ids.flatMap((id) => ring.key(id, 'digest') ?? []) ?? [];
  if (clientSecret !== null) keys.push(derive(Buffer.from(clientSecret), 'digest'));
  return { keys, clientSecret };
}

function derive(secret: Buffer, use: Use): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `chartway ${use} 1`, KEY_BYTES));
}

/** Returns iv, ciphertext and tag. `boundBytes` are authenticated: decryption needs the same ones. */
export function encrypt(key: Buffer, plain: Uint8Array, boundBytes: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(boundBytes);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Null for anything that {@link encrypt} did not make with this key and these bound bytes. */
export function decrypt(key: Buffer, bytes: Uint8Array, boundBytes: Uint8Array): Buffer | null {
  if (bytes.length < IV_BYTES + TAG_BYTES) return null;
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundBytes).setAuthTag(bytes.subarray(end));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, end)), decipher.final()]);
  } catch {
    return null; // GCM reports only that the tag is wrong
  }
}

/** The start of an encrypted file: distinguishes it from a plain file, and this format from later ones. */
const MAGIC = Buffer.from('CWS1');

/** Encrypts files outside Temporal. Format: magic, length of the key id (1 byte), key id, then iv, ciphertext and tag. */
export function createCipher(ring: KeyRing): Cipher {
  return {
    encrypt(plain, context) {
      const key = ring.key(ring.first, FILES);
      if (key === null) throw new KeyMissing(ring.first);
      const id = Buffer.from(ring.first);
      const head = Buffer.concat([MAGIC, Buffer.of(id.length), id]);
      return Buffer.concat([head, encrypt(key, plain, toBoundBytes(head, context))]);
    },
    decrypt(encrypted, context) {
      const bytes = Buffer.from(encrypted.buffer, encrypted.byteOffset, encrypted.byteLength);
      if (bytes.length <= MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
      const headBytes = MAGIC.length + 1 + (bytes[MAGIC.length] ?? 0);
      const head = bytes.subarray(0, headBytes);
      const id = head.subarray(MAGIC.length + 1).toString();
      if (bytes.length < headBytes || !isKeyId(id)) return null;
      const key = ring.key(id, FILES);
      if (key === null) throw new KeyMissing(id);
      return decrypt(key, bytes.subarray(headBytes), toBoundBytes(head, context));
    },
  };
}

function toBoundBytes(head: Buffer, context: string): Buffer {
  return Buffer.concat([head, Buffer.from(context)]);
}
