/**
 * Keeps bytes unreadable where they lie, and bound to their place: what was sealed for one place does not open in another. Its keys and its
 * cipher are the business of who makes it; null stands for "no keys are set" wherever one is asked for.
 */
export interface Cipher {
  encrypt(plain: Uint8Array, place: string): Uint8Array;
  /** Null for what can never be opened: altered, cut, of another place, or not sealed at all. @throws {KeyMissing} where the key is not (or not yet again) ours. */
  decrypt(sealed: Uint8Array, place: string): Uint8Array | null;
}

/** Sealed with a key that we do not hold: it opens when the key is back, so it is kept and asked for again. */
export class KeyMissing extends Error {
  constructor(readonly keyId: string) {
    super(`sealed with key "${keyId}", which PAYLOAD_KEYS does not list: add it back to go on`);
    this.name = 'UnknownKey';
  }
}

/** What stands in the place of a payload that can never become readable, whatever was meant to be there: no shape of ours is like it. */
export const UNDECODABLE = { chartway: 'undecodable' } as const;

/** Whether a value came out of a payload that can never become readable. */
export function isUndecodable(value: unknown): boolean {
  return (value as { chartway?: unknown } | null | undefined)?.chartway === UNDECODABLE.chartway;
}
