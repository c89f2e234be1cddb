import { type Cipher, KeyMissing } from '../../src/domain/encryption';
import { MAGIC, NotOpened, openBytes, Sealing, sealedWhole } from '../../src/report-store/envelope';
import { createCipher, generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { fc } from '../support/property';

const PLACE = 'POL-1/unity/starfleet-medical-000000/report-1.20260301T100000000Z.pdf';
const CHUNK = 64 * 1024;
const SEALED_CHUNK = CHUNK + 16;

function sealOf(...keys: string[]): Cipher {
  const ring = parseKeyRing(keys.join(','));
  if (!ring) throw new Error('expected keys');
  return createCipher(ring);
}

function setup() {
  const seal = sealOf(generateKey('k1'));
  return {
    seal,
    sealed: (plain: Uint8Array, pieceBytes = 10_000) => {
      const sealing = new Sealing(seal, PLACE);
      const parts: Buffer[] = [];
      for (let at = 0; at < plain.byteLength; at += pieceBytes) {
        parts.push(sealing.take(plain.subarray(at, at + pieceBytes)));
      }
      return Buffer.concat([...parts, sealing.finish()]);
    },
    open: (sealed: Uint8Array, place = PLACE, by = seal) => opened(sealed, place, by),
  };
}

async function opened(bytes: Uint8Array, place: string, seal: Cipher, pieceBytes = 7_001): Promise<Buffer> {
  const { clear } = await openBytes(inPieces(bytes, pieceBytes), place, () => seal);
  const pieces: Buffer[] = [];
  for await (const piece of clear) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number) {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** Bytes of which no two chunks are alike. */
function plainOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

describe('an encrypted file', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])(
    'opens as the %d bytes it was',
    async (length) => {
      const { sealed, open } = setup();
      const plain = plainOf(length);
      for (const pieceBytes of [999, CHUNK, 5 * CHUNK])
        expect((await open(sealed(plain, pieceBytes))).equals(plain)).toBe(true);
    },
  );

  it('grows by its head and 16 bytes a chunk, shows nothing of its content, and is another each time', () => {
    const { sealed } = setup();
    const plain = Buffer.alloc(2 * CHUNK, 'Robin Sample, 1980-02-03 ');
    const [once, again] = [sealed(plain), sealed(plain)];
    expect(once.byteLength - plain.byteLength).toBeLessThan(200);
    expect(once.includes('Robin')).toBe(false);
    expect(once.subarray(-2 * SEALED_CHUNK).equals(again.subarray(-2 * SEALED_CHUNK))).toBe(false);
  });

  it('is told by its beginning, and what is not encrypted passes as it is', async () => {
    const { sealed, seal } = setup();
    expect(sealed(plainOf(3)).subarray(0, MAGIC.byteLength)).toEqual(MAGIC);
    for (const text of ['', '%PDF', '%PDF-1.4 and more', 'x'.repeat(3 * CHUNK)]) {
      const asked = () => {
        throw new Error('expected no key to be needed');
      };
      const { encrypted, clear } = await openBytes(inPieces(Buffer.from(text), 3), PLACE, asked);
      expect(encrypted).toBe(false);
      const pieces: Buffer[] = [];
      for await (const piece of clear) pieces.push(piece);
      expect(Buffer.concat(pieces).toString()).toBe(text);
    }
    expect(
      (await openBytes(inPieces(sealedWhole(seal, PLACE, Buffer.from('{}')), 1), PLACE, () => seal)).encrypted,
    ).toBe(true);
  });

  it.each([
    ['cut within its head', (head: number) => [[0, head - 1]]],
    ['cut after its head', (head: number) => [[0, head]]],
    ['cut between two chunks', (head: number) => [[0, head + 2 * SEALED_CHUNK]]],
    ['cut within a chunk', (head: number) => [[0, head + SEALED_CHUNK + 1_000]]],
    ['without its last byte', (_: number, end: number) => [[0, end - 1]]],
    [
      'with something behind it',
      (_: number, end: number) => [
        [0, end],
        [0, 1],
      ],
    ],
    [
      'with its last chunk twice',
      (head: number, end: number) => [
        [0, end],
        [head + 2 * SEALED_CHUNK, end],
      ],
    ],
    [
      'with two chunks swapped',
      (head: number, end: number) => [
        [0, head],
        [head + SEALED_CHUNK, head + 2 * SEALED_CHUNK],
        [head, head + SEALED_CHUNK],
        [head + 2 * SEALED_CHUNK, end],
      ],
    ],
    [
      'with a chunk left out',
      (head: number, end: number) => [
        [0, head],
        [head + SEALED_CHUNK, end],
      ],
    ],
  ])('%s does not open', async (_, parts) => {
    const { sealed, open } = setup();
    const plain = plainOf(2 * CHUNK + 100);
    const whole = sealed(plain);
    const headBytes = whole.byteLength - plain.byteLength - 3 * 16;
    const altered = parts(headBytes, whole.byteLength).map(([from, to]) => whole.subarray(from, to));
    await expect(open(Buffer.concat(altered))).rejects.toThrow(NotOpened);
    expect((await open(whole)).equals(plain)).toBe(true);
  });

  it('does not open, or is no encrypted file any more, with any bit flipped', async () => {
    const { sealed, open } = setup();
    const plain = Buffer.from('medical '.repeat(200));
    const whole = sealed(plain);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.byteLength * 8 - 1 }), async (bit) => {
        const altered = Buffer.from(whole);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const got = await open(altered).catch((error: unknown) => error);
        if (Buffer.isBuffer(got)) expect(got.equals(altered)).toBe(true);
        else expect((got as Error).name).toMatch(/^(NotOpened|UnknownKey)$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not open at another place', async () => {
    const { sealed, open } = setup();
    await expect(open(sealed(plainOf(10)), PLACE.replace('POL-1', 'POL-2'))).rejects.toThrow(NotOpened);
    await expect(open(sealed(plainOf(10)), PLACE.replace('unity', 'ccdraw'))).rejects.toThrow(NotOpened);
  });

  it('waits for its key where the ring has lost it, and opens with a ring that was turned', async () => {
    const [k1, k2] = [generateKey('k1'), generateKey('k2')];
    const before = sealedWhole(sealOf(k1), PLACE, plainOf(10));
    expect(await opened(before, PLACE, sealOf(k2, k1))).toEqual(plainOf(10));
    await expect(opened(before, PLACE, sealOf(k2))).rejects.toThrow(KeyMissing);
  });
});
