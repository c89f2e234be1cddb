import { KeyMissing } from '../../src/domain/encryption';
import { createCipher, generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { keyRingOf } from '../support/keys';

describe('PAYLOAD_KEYS', () => {
  test('the first key encrypts, and all are listed', () => {
    const ring = keyRingOf(generateKey('2027'), generateKey('2026'));
    expect(ring.first).toBe('2027');
    expect(ring.ids).toEqual(['2027', '2026']);
    expect(ring.key('2026', 'payload')).toHaveLength(32);
    expect(ring.key('2025', 'payload')).toBeNull();
  });

  test('each use has its own key, which is not the secret', () => {
    const entry = generateKey('a');
    const ring = keyRingOf(entry);
    const keys = [ring.key('a', 'payload'), ring.key('a', 'seal'), Buffer.from(entry.slice(2), 'base64')];
    expect(new Set(keys.map((key) => key?.toString('hex'))).size).toBe(3);
  });

  test.each([
    ['nothing', ''],
    ['no id', `:${Buffer.alloc(32, 1).toString('base64')}`],
    ['a key that is too short', `a:${Buffer.alloc(31, 1).toString('base64')}`],
    ['an id twice', `${generateKey('a')},${generateKey('a')}`],
    ['a valid and an invalid entry', `${generateKey('a')},b`],
  ])('%s is not a ring', (_what, text) => {
    expect(parseKeyRing(text)).toBeNull();
  });

  test('blanks around commas are ignored', () => {
    expect(parseKeyRing(` ${generateKey('a')} , ${generateKey('b')} `)?.ids).toEqual(['a', 'b']);
  });
});

describe('bytes that are encrypted and bound to a name', () => {
  const plain = Buffer.from('a notice');
  const cipher = createCipher(keyRingOf(generateKey('a')));

  test('are unreadable, and are decrypted with that name only', () => {
    const encrypted = cipher.encrypt(plain, 'spool/1');
    expect(Buffer.from(encrypted).includes('notice')).toBe(false);
    expect(cipher.decrypt(encrypted, 'spool/1')).toEqual(plain);
    expect(cipher.decrypt(encrypted, 'spool/2')).toBeNull();
  });

  test('are different each time', () => {
    expect(cipher.encrypt(plain, 'x')).not.toEqual(cipher.encrypt(plain, 'x'));
  });

  test('are not decrypted if any bit has changed, or the end is missing', () => {
    const encrypted = Buffer.from(cipher.encrypt(plain, 'x'));
    for (let bit = 0; bit < encrypted.length * 8; bit += 1) {
      const changed = Buffer.from(encrypted);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isDecrypted(() => cipher.decrypt(changed, 'x'))).toBe(false);
    }
    for (let length = 0; length < encrypted.length; length += 1) {
      expect(cipher.decrypt(encrypted.subarray(0, length), 'x')).toBeNull();
    }
  });

  test('are decrypted after a rotation while the old key is listed; then the error names the missing key', () => {
    const [old, fresh] = [generateKey('old'), generateKey('new')];
    const encrypted = createCipher(keyRingOf(old)).encrypt(plain, 'x');
    expect(createCipher(keyRingOf(fresh, old)).decrypt(encrypted, 'x')).toEqual(plain);
    const rotated = createCipher(keyRingOf(fresh));
    expect(() => rotated.decrypt(encrypted, 'x')).toThrow(KeyMissing);
    expect(() => rotated.decrypt(encrypted, 'x')).toThrow(/"old".*PAYLOAD_KEYS/);
  });

  test('are distinguished from plain bytes', () => {
    for (const other of [Buffer.alloc(0), plain, Buffer.from('CWS1'), Buffer.from('CWS1\x01a')]) {
      expect(cipher.decrypt(other, 'x')).toBeNull();
    }
  });

  /** A changed key id names a missing key. */
  function isDecrypted(decrypt: () => Uint8Array | null): boolean {
    try {
      return decrypt() !== null;
    } catch (error) {
      if (error instanceof KeyMissing) return false;
      throw error;
    }
  }
});
