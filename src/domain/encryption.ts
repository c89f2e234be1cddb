/** Encrypts bytes at rest. `context` names where they are stored: elsewhere they cannot be decrypted. */
export interface Cipher {
  encrypt(plain: Uint8Array, context: string): Uint8Array;
  /** Null for bytes that no key decrypts: altered, cut, bound to another place, or not encrypted. @throws KeyMissing */
  decrypt(encrypted: Uint8Array, context: string): Uint8Array | null;
}

/** The encryption of files. Encrypted and plain ones can be mixed: both are read. */
export interface FileEncryption {
  /** Null without keys. */
  readonly cipher: Cipher | null;
  /** Whether new files are encrypted; requires the cipher. */
  readonly encrypts: boolean;
}

export const NO_ENCRYPTION: FileEncryption = { cipher: null, encrypts: false };

/** The bytes need a key that is not set. Keep the bytes, because the key may be set again. */
export class KeyMissing extends Error {
  /** `keyId`: null if no key is set at all. */
  constructor(readonly keyId: string | null) {
    super(
      keyId === null
        ? 'encrypted, and PAYLOAD_KEYS is not set: set it again'
        : `encrypted with key "${keyId}", which PAYLOAD_KEYS does not list: add it back`,
    );
    this.name = 'UnknownKey';
  }
}

/** @throws {KeyMissing} without keys */
export function requireCipher({ cipher }: FileEncryption): Cipher {
  if (cipher === null) throw new KeyMissing(null);
  return cipher;
}

/** The marker that replaces a payload which no key can decrypt. None of our payloads has this shape. */
export const UNDECODABLE = { chartway: 'undecodable' } as const;

export function isUndecodable(value: unknown): boolean {
  return (value as { chartway?: unknown } | null | undefined)?.chartway === UNDECODABLE.chartway;
}
