/** Encrypts bytes at rest, bound to a place: under another place they cannot be decrypted. Where a Cipher is optional, null: no keys are set. */
export interface Cipher {
  encrypt(plain: Uint8Array, boundTo: string): Uint8Array;
  /** Null for bytes that no key decrypts: altered, cut, bound to another place, or not encrypted. @throws KeyMissing */
  decrypt(encrypted: Uint8Array, boundTo: string): Uint8Array | null;
}

/** The bytes need a key that is not set. They are kept, because the key may be set again. */
export class KeyMissing extends Error {
  constructor(readonly keyId: string) {
    super(`encrypted with key "${keyId}", which PAYLOAD_KEYS does not list: add it back`);
    this.name = 'UnknownKey';
  }
}

/** Replaces a payload that no key can decrypt. No other payload has this shape. */
export const UNDECODABLE = { chartway: 'undecodable' } as const;

/** True if the value replaces a payload that no key can decrypt. */
export function isUndecodable(value: unknown): boolean {
  return (value as { chartway?: unknown } | null | undefined)?.chartway === UNDECODABLE.chartway;
}
