import { KeyMissing } from '../../src/domain/encryption';
import { createCipher, generateKey, type KeyRing, parseKeyRing } from '../../src/temporal/key-ring';

function ringOf(...entries: string[]): KeyRing {
  const ring = parseKeyRing(entries.join(','));
  if (ring === null) throw new RangeError('not a ring');
  return ring;
}

describe('PAYLOAD_KEYS', () => {
  test('the first key encrypts, and all are listed', () => {
    const ring = ringOf(generateKey('2027'), generateKey('2026'));
    expect(ring.first).toBe('2027');
    expect(ring.ids).toEqual(['2027', '2026']);
    expect(ring.key('2026', 'payload')).toHaveLength(32);
    expect(ring.key('2025', 'payload')).toBeNull();
  });

  test('each use has a key of its own, and none is the secret itself', () => {
    const entry = generateKey('a');
    const ring = ringOf(entry);
    const keys = [ring.key('a', 'payload'), ring.key('a', 'seal'), Buffer.from(entry.slice(2), 'base64')];
    expect(new Set(keys.map((key) => key?.toString('hex'))).size).toBe(3);
  });

  test.each([
    ['nothing', ''],
    ['no id', `:${Buffer.alloc(32, 1).toString('base64')}`],
    ['too short a key', `a:${Buffer.alloc(31, 1).toString('base64')}`],
    ['an id twice', `${generateKey('a')},${generateKey('a')}`],
    ['one good and one bad', `${generateKey('a')},b`],
  ])('%s is no ring', (_what, text) => {
    expect(parseKeyRing(text)).toBeNull();
  });

  test('blanks around the commas do not count', () => {
    expect(parseKeyRing(` ${generateKey('a')} , ${generateKey('b')} `)?.ids).toEqual(['a', 'b']);
  });
});

describe('what is sealed for a place', () => {
  const plain = Buffer.from('a notice');

  test('opens there again, and shows nothing of itself', () => {
    const seal = createCipher(ringOf(generateKey('a')));
    const sealed = seal.encrypt(plain, 'spool/1');
    expect(Buffer.from(sealed).includes('notice')).toBe(false);
    expect(seal.decrypt(sealed, 'spool/1')).toEqual(plain);
  });

  test('is never sealed alike twice', () => {
    const seal = createCipher(ringOf(generateKey('a')));
    expect(seal.encrypt(plain, 'x')).not.toEqual(seal.encrypt(plain, 'x'));
  });

  test('does not open in another place', () => {
    const seal = createCipher(ringOf(generateKey('a')));
    expect(seal.decrypt(seal.encrypt(plain, 'spool/1'), 'spool/2')).toBeNull();
  });

  test('does not open with any bit changed, nor cut', () => {
    const seal = createCipher(ringOf(generateKey('a')));
    const sealed = Buffer.from(seal.encrypt(plain, 'x'));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(opened(() => seal.decrypt(changed, 'x'))).toBe('no');
    }
    for (let bytes = 0; bytes < sealed.length; bytes += 1) {
      expect(seal.decrypt(sealed.subarray(0, bytes), 'x')).toBeNull();
    }
  });

  test('opens after the key was replaced, as long as the old one is listed, and says which is missing', () => {
    const [old, fresh] = [generateKey('old'), generateKey('new')];
    const sealed = createCipher(ringOf(old)).encrypt(plain, 'x');
    expect(createCipher(ringOf(fresh, old)).decrypt(sealed, 'x')).toEqual(plain);
    const rotated = createCipher(ringOf(fresh));
    expect(() => rotated.decrypt(sealed, 'x')).toThrow(KeyMissing);
    expect(() => rotated.decrypt(sealed, 'x')).toThrow(/"old".*PAYLOAD_KEYS/);
  });

  test('what lies in clear is not taken for sealed', () => {
    const seal = createCipher(ringOf(generateKey('a')));
    for (const clear of [Buffer.alloc(0), plain, Buffer.from('CWS1'), Buffer.from('CWS1\x01a')]) {
      expect(seal.decrypt(clear, 'x')).toBeNull();
    }
  });

  /** A flipped bit of the key's id names another key: that is said, not opened. */
  function opened(open: () => Uint8Array | null): 'yes' | 'no' {
    try {
      return open() === null ? 'no' : 'yes';
    } catch (error) {
      if (error instanceof KeyMissing) return 'no';
      throw error;
    }
  }
});
