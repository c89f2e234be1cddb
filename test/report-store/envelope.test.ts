import { type Cipher, KeyMissing } from '../../src/domain/encryption';
import { Encryptor, MAGIC, openFile } from '../../src/report-store/envelope';
import { AlteredDocument } from '../../src/report-store/errors';
import { createCipher, generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { fc } from '../support/property';

const PATH = 'POL-1/unity/starfleet-medical-000000/report-1.20260301T100000000Z.pdf';
const CHUNK = 64 * 1024;
const ENCRYPTED_CHUNK = CHUNK + 16;

function cipherOf(...keys: string[]): Cipher {
  const ring = parseKeyRing(keys.join(','));
  if (!ring) throw new Error('expected keys');
  return createCipher(ring);
}

function setup() {
  const cipher = cipherOf(generateKey('k1'));
  return {
    cipher,
    encrypt: (plain: Uint8Array, pieceBytes = 10_000) => encryptAll(plain, cipher, pieceBytes),
    decrypt: (encrypted: Uint8Array, path = PATH) => decryptAll(encrypted, path, cipher),
  };
}

function encryptAll(plain: Uint8Array, cipher: Cipher, pieceBytes: number): Buffer {
  const encryptor = new Encryptor(cipher, PATH);
  const parts: Buffer[] = [];
  for (let at = 0; at < plain.byteLength; at += pieceBytes) {
    parts.push(encryptor.take(plain.subarray(at, at + pieceBytes)));
  }
  return Buffer.concat([...parts, encryptor.finish()]);
}

async function decryptAll(bytes: Uint8Array, path: string, cipher: Cipher, pieceBytes = 7_001): Promise<Buffer> {
  const { clear } = await openFile(inPieces(bytes, pieceBytes), path, () => cipher);
  const pieces: Buffer[] = [];
  for await (const piece of clear) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number) {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** Returns bytes in which no two chunks are equal. */
function plainOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

describe('an encrypted file', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])('decrypts to its %d bytes', async (length) => {
    const { encrypt, decrypt } = setup();
    const plain = plainOf(length);
    for (const pieceBytes of [999, CHUNK, 5 * CHUNK])
      expect((await decrypt(encrypt(plain, pieceBytes))).equals(plain)).toBe(true);
  });

  it('grows by its header and 16 bytes a chunk, shows no content, and differs each time', () => {
    const { encrypt } = setup();
    const plain = Buffer.alloc(2 * CHUNK, 'Robin Sample, 1980-02-03 ');
    const [first, second] = [encrypt(plain), encrypt(plain)];
    expect(first.byteLength - plain.byteLength).toBeLessThan(200);
    expect(first.includes('Robin')).toBe(false);
    expect(first.subarray(-2 * ENCRYPTED_CHUNK).equals(second.subarray(-2 * ENCRYPTED_CHUNK))).toBe(false);
  });

  it('is recognized by its first bytes, and a file in clear passes unchanged', async () => {
    const { encrypt, cipher } = setup();
    expect(encrypt(plainOf(3)).subarray(0, MAGIC.byteLength)).toEqual(MAGIC);
    for (const text of ['', '%PDF', '%PDF-1.4 and more', 'x'.repeat(3 * CHUNK)]) {
      const keyNeeded = () => {
        throw new Error('expected no key to be needed');
      };
      const { encrypted, clear } = await openFile(inPieces(Buffer.from(text), 3), PATH, keyNeeded);
      expect(encrypted).toBe(false);
      const pieces: Buffer[] = [];
      for await (const piece of clear) pieces.push(piece);
      expect(Buffer.concat(pieces).toString()).toBe(text);
    }
    expect((await openFile(inPieces(encrypt(Buffer.from('{}')), 1), PATH, () => cipher)).encrypted).toBe(true);
  });

  it.each([
    ['cut within its header', (head: number) => [[0, head - 1]]],
    ['cut after its header', (head: number) => [[0, head]]],
    ['cut between two chunks', (head: number) => [[0, head + 2 * ENCRYPTED_CHUNK]]],
    ['cut within a chunk', (head: number) => [[0, head + ENCRYPTED_CHUNK + 1_000]]],
    ['without its last byte', (_: number, end: number) => [[0, end - 1]]],
    [
      'with bytes after its end',
      (_: number, end: number) => [
        [0, end],
        [0, 1],
      ],
    ],
    [
      'with its last chunk twice',
      (head: number, end: number) => [
        [0, end],
        [head + 2 * ENCRYPTED_CHUNK, end],
      ],
    ],
    [
      'with two chunks swapped',
      (head: number, end: number) => [
        [0, head],
        [head + ENCRYPTED_CHUNK, head + 2 * ENCRYPTED_CHUNK],
        [head, head + ENCRYPTED_CHUNK],
        [head + 2 * ENCRYPTED_CHUNK, end],
      ],
    ],
    [
      'with a chunk left out',
      (head: number, end: number) => [
        [0, head],
        [head + ENCRYPTED_CHUNK, end],
      ],
    ],
  ])('%s does not decrypt', async (_, parts) => {
    const { encrypt, decrypt } = setup();
    const plain = plainOf(2 * CHUNK + 100);
    const whole = encrypt(plain);
    const headBytes = whole.byteLength - plain.byteLength - 3 * 16;
    const altered = parts(headBytes, whole.byteLength).map(([from, to]) => whole.subarray(from, to));
    await expect(decrypt(Buffer.concat(altered))).rejects.toThrow(AlteredDocument);
    expect((await decrypt(whole)).equals(plain)).toBe(true);
  });

  it('with any bit flipped does not decrypt, or does not count as encrypted', async () => {
    const { encrypt, decrypt } = setup();
    const plain = Buffer.from('medical '.repeat(200));
    const whole = encrypt(plain);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.byteLength * 8 - 1 }), async (bit) => {
        const altered = Buffer.from(whole);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const got = await decrypt(altered).catch((error: unknown) => error);
        if (Buffer.isBuffer(got)) expect(got.equals(altered)).toBe(true);
        else expect((got as Error).name).toMatch(/^(AlteredDocument|UnknownKey)$/);
      }),
      { numRuns: 800 },
    );
  });

  it('does not decrypt at another path', async () => {
    const { encrypt, decrypt } = setup();
    await expect(decrypt(encrypt(plainOf(10)), PATH.replace('POL-1', 'POL-2'))).rejects.toThrow(AlteredDocument);
    await expect(decrypt(encrypt(plainOf(10)), PATH.replace('unity', 'ccdraw'))).rejects.toThrow(AlteredDocument);
  });

  it('needs a key that the ring lost, and decrypts with a rotated ring', async () => {
    const [k1, k2] = [generateKey('k1'), generateKey('k2')];
    const before = encryptAll(plainOf(10), cipherOf(k1), 10);
    expect(await decryptAll(before, PATH, cipherOf(k2, k1))).toEqual(plainOf(10));
    await expect(decryptAll(before, PATH, cipherOf(k2))).rejects.toThrow(KeyMissing);
  });
});
