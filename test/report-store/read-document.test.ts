import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AlteredDocument, InvalidRange, NoSuchDocument } from '../../src/report-store/errors';
import type { ByteRange, ReportStore } from '../../src/report-store/port';
import { generateKey } from '../../src/temporal/key-ring';
import { cipherOf } from '../support/keys';
import { countOpen, flipBits } from '../support/open-file';
import { LONG_PDF as BODY, change, documentToStore, pieces, useStore } from './fixtures';

const CHUNK = 64 * 1024;
const SIZE = Buffer.byteLength(BODY);

const newStore = useStore();
const cipher = cipherOf(generateKey('k1'));

async function setupStore(encrypts: boolean) {
  const { root, store } = await newStore({ cipher, encrypts });
  const { file } = await saveDocument(store);
  const path = join(root, 'POL-1', file);
  return { root, store, file, path, read: (range?: ByteRange) => readAll(store, file, range) };
}

describe.each(['a plain', 'an encrypted'])('a document of %s store', (kind) => {
  const isEncrypted = kind === 'an encrypted';
  const setup = () => setupStore(isEncrypted);

  it.each([
    ['its first byte', 0, 0],
    ['its last byte', SIZE - 1, SIZE - 1],
    ['a part of one chunk', 70_000, 70_010],
    ['the end of one chunk and the beginning of the next', CHUNK - 1, CHUNK],
    ['exactly one chunk', CHUNK, 2 * CHUNK - 1],
    ['several chunks', 100, SIZE - 100],
    ['all of it', 0, SIZE - 1],
  ])('is read by range: %s', async (_, start, end) => {
    const { read } = await setup();
    expect((await read({ start, end })).equals(Buffer.from(BODY).subarray(start, end + 1))).toBe(true);
  });

  it.each([
    [0, SIZE],
    [SIZE, SIZE],
    [5, 4],
    [-1, 3],
    [0.5, 3],
    [Number.NaN, 3],
  ])('has no range %d to %d', async (start, end) => {
    const { read, store } = await setup();
    await expect(read({ start, end })).rejects.toThrow(InvalidRange);
    await expect(readAll(store, 'manifest.json', { start: 0, end: 1 })).rejects.toThrow(InvalidRange);
  });

  it('is read from the disk only within the range', async () => {
    const { path, read } = await setup();
    await flipBits(path, CHUNK + 1_000, 10);
    await flipBits(path, SIZE - 10, 10);
    const [start, end] = [2 * CHUNK + 5, 2 * CHUNK + 500];
    expect((await read({ start, end })).equals(Buffer.from(BODY).subarray(start, end + 1))).toBe(true);
  });

  it('that was altered never comes to its end', async () => {
    const { store, file, path } = await setup();
    await flipBits(path, SIZE - 100);
    const parts: Uint8Array[] = [];
    await expect(collect(store.readDocument('POL-1', file), parts)).rejects.toThrow(AlteredDocument);
    const { byteLength } = Buffer.concat(parts);
    expect(byteLength).toBeGreaterThan(0);
    expect(byteLength).toBeLessThan(SIZE);
  });

  it.each([
    ['within a chunk', SIZE - 10],
    ['between two chunks', isEncrypted ? null : CHUNK],
    ['in its first bytes', 5],
    ['completely', 0],
  ])('that was truncated %s has no range', async (_, size) => {
    const { path, read } = await setup();
    const encryptedSize = (await readFile(path)).byteLength - ((SIZE % CHUNK) + 16);
    await truncate(path, size ?? encryptedSize);
    for (const range of [{ start: 0, end: 3 }, { start: SIZE - 3, end: SIZE - 1 }, undefined]) {
      await expect(read(range)).rejects.toThrow(AlteredDocument);
    }
  });

  it('that was removed, or is of an erased applicant, is not found', async () => {
    const { store, path, read } = await setup();
    await rm(path);
    for (const range of [{ start: 0, end: 3 }, undefined]) await expect(read(range)).rejects.toThrow(NoSuchDocument);
    await store.erase('POL-1');
    await expect(read({ start: 0, end: 3 })).rejects.toThrow(NoSuchDocument);
  });

  it('that is erased while it is read comes to its true end or to none', async () => {
    const { store, file } = await setup();
    for (const range of [undefined, { start: 0, end: SIZE - 1 }]) {
      await saveDocument(store);
      const reading = store.readDocument('POL-1', file, range && { range });
      const parts = [(await reading.next()).value as Uint8Array];
      await store.erase('POL-1');
      const error = await collect(reading, parts).catch((thrown: unknown) => thrown);
      if (!(error instanceof NoSuchDocument)) expect(Buffer.concat(parts).toString() === BODY).toBe(true);
    }
  });

  it('closes its file when the reader stops early', async () => {
    const { store, file } = await setup();
    for (const range of [undefined, { start: 0, end: SIZE - 1 }]) {
      for await (const _ of store.readDocument('POL-1', file, range && { range })) {
        expect(await countOpen(file)).toBe(1);
        break;
      }
      expect(await countOpen(file)).toBe(0);
    }
  });
});

describe('a range of an encrypted document', () => {
  const setup = () => setupStore(true);

  it('is not read from an altered chunk, nor from a chunk at another position', async () => {
    const { path, read } = await setup();
    const whole = await readFile(path);
    const headBytes = whole.byteLength - SIZE - 4 * 16;
    const chunkAt = (index: number) => headBytes + index * (CHUNK + 16);
    await flipBits(path, chunkAt(1) + 7);
    await expect(read({ start: CHUNK + 40_000, end: CHUNK + 40_001 })).rejects.toThrow(AlteredDocument);
    const swapped = [[0, chunkAt(0)], [chunkAt(1), chunkAt(2)], [chunkAt(0), chunkAt(1)], [chunkAt(2)]] as const;
    await writeFile(path, Buffer.concat(swapped.map(([from, to]) => whole.subarray(from, to))));
    await expect(read({ start: 0, end: 3 })).rejects.toThrow(AlteredDocument);
  });

  it('is not read from a plain file of the same size in its place', async () => {
    const { path, read } = await setup();
    await writeFile(path, BODY);
    await expect(read({ start: 0, end: 3 })).rejects.toThrow(AlteredDocument);
  });

  it('is not read from the file of another applicant', async () => {
    const { root, store, file, path } = await setup();
    await saveDocument(store, 'POL-2');
    const other = join(root, 'POL-2', file);
    await mkdir(dirname(other), { recursive: true });
    await writeFile(other, await readFile(path));
    const reading = readAll(store, file, { start: 0, end: 3 }, 'POL-2');
    await expect(reading).rejects.toThrow(AlteredDocument);
  });
});

async function saveDocument(store: ReportStore, clientUserId = 'POL-1') {
  const entry = await store.save(documentToStore({ clientUserId }), pieces(BODY, 50_000));
  await store.updateManifest(change({ clientUserId, documents: [entry] }));
  return entry;
}

async function readAll(store: ReportStore, file: string, range?: ByteRange, clientUserId = 'POL-1'): Promise<Buffer> {
  return Buffer.concat(await collect(store.readDocument(clientUserId, file, range && { range }), []));
}

async function collect(reading: AsyncGenerator<Uint8Array>, parts: Uint8Array[]): Promise<Uint8Array[]> {
  for await (const piece of reading) parts.push(piece);
  return parts;
}
