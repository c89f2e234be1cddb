import type { Cipher } from '../../src/domain/encryption';
import { createCipher, type KeyRing, parseKeyRing } from '../../src/temporal/key-ring';

/** A ring of these keys, each in the form of PAYLOAD_KEYS (`id:base64`). */
export function keyRingOf(...keys: readonly string[]): KeyRing {
  const ring = parseKeyRing(keys.join(','));
  if (ring === null) throw new Error('expected valid keys');
  return ring;
}

export function cipherOf(...keys: readonly string[]): Cipher {
  return createCipher(keyRingOf(...keys));
}
