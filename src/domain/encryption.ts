/** Encrypts bytes at rest. `boundTo` names where they are stored: elsewhere they cannot be decrypted. `Cipher | null`: null if no keys are set. */
export interface Cipher {
  encrypt(plain: Uint8Array, boundTo: string): Uint8Array;
  /** Null for bytes that no key decrypts: altered, cut, bound to another place, or not encrypted. @throws KeyMissing */
  decrypt(encrypted: Uint8Array, boundTo: string): Uint8Array | null;
}

/** The bytes need a key that is not set. Keep the bytes, because the key may be set again. */
export class KeyMissing extends Error {
  constructor(readonly keyId: string) {
    super(`encrypted with key "${keyId}", which PAYLOAD_KEYS does not list: add it back`);
    this.name = 'UnknownKey';
  }
}

/** The marker that replaces a payload which no key can decrypt. None of our payloads has this shape. */
export const UNDECODABLE = { chartway: 'undecodable' } as const;

export function isUndecodable(value: unknown): boolean {
  return (value as { chartway?: unknown } | null | undefined)?.chartway === UNDECODABLE.chartway;
}
