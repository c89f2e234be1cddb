import { mkdir, open, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AlteredDocument, InvalidRange, NoSuchDocument } from '../../src/report-store/errors';
import { createFolderStore } from '../../src/report-store/folder/store';
import type { ByteRange, ReportStore } from '../../src/report-store/port';
import { generateKey } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { cipherOf } from '../support/keys';
import { change, documentToStore, pdf, pieces } from './fixtures';

const CHUNK = 64 * 1024;
/** Three chunks and a bit; no two positions look alike. */
const BODY = pdf(Array.from({ length: 30_000 }, (_, index) => index.toString(36).padStart(6, ' ')).join('\n'));
const SIZE = Buffer.byteLength(BODY);

const newFolder = useFolders();
const cipher = cipherOf(generateKey('k1'));

describe.each(['a plain', 'an encrypted'])('a document of %s store', (kind) => {
  const isEncrypted = kind === 'an encrypted';

  async function setup() {
    const root = await newFolder();
    const store = createFolderStore(root, { cipher, encrypts: isEncrypted });
    await store.init();
    const { file } = await saveDocument(store);
    const path = join(root, 'POL-1', file);
    return { root, store, file, path, read: (range?: ByteRange) => readAll(store, file, range) };
  }

  it.each([
    ['its first byte', 0, 0],
    ['its last byte', SIZE - 1, SIZE - 1],
    ['a part of one chunk', 70_000, 70_010],
    ['the end of one chunk and the begin of the next', CHUNK - 1, CHUNK],
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
    await overwrite(path, 10, CHUNK + 1_000);
    await overwrite(path, 10, SIZE - 10);
    const [start, end] = [2 * CHUNK + 5, 2 * CHUNK + 500];
    expect((await read({ start, end })).equals(Buffer.from(BODY).subarray(start, end + 1))).toBe(true);
  });

  it('that was altered never comes to its end', async () => {
    const { store, file, path } = await setup();
    await overwrite(path, 1, SIZE - 100);
    const reading = store.readDocument('POL-1', file);
    let bytes = 0;
    await expect(
      (async () => {
        for await (const piece of reading) bytes += piece.byteLength;
      })(),
    ).rejects.toThrow(AlteredDocument);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(SIZE);
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
    const openFiles = async () => (await listOpenFiles()).filter((path) => path.endsWith(file)).length;
    for (const range of [undefined, { start: 0, end: SIZE - 1 }]) {
      for await (const _ of store.readDocument('POL-1', file, range && { range })) {
        expect(await openFiles()).toBe(1);
        break;
      }
      expect(await openFiles()).toBe(0);
    }
  });
});

describe('a range of an encrypted document', () => {
  async function setup() {
    const root = await newFolder();
    const store = createFolderStore(root, { cipher, encrypts: true });
    await store.init();
    const { file } = await saveDocument(store);
    const path = join(root, 'POL-1', file);
    return { root, store, file, path, read: (range: ByteRange) => readAll(store, file, range) };
  }

  it('is not read from an altered chunk, nor from a chunk at another position', async () => {
    const { path, read } = await setup();
    const whole = await readFile(path);
    const headBytes = whole.byteLength - SIZE - 4 * 16;
    const chunkAt = (index: number) => headBytes + index * (CHUNK + 16);
    await overwrite(path, 1, chunkAt(1) + 7);
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

/** Flips the bits of `length` bytes. */
async function overwrite(path: string, length: number, position: number): Promise<void> {
  const handle = await open(path, 'r+');
  const buffer = Buffer.alloc(length);
  await handle.read(buffer, 0, length, position);
  await handle.write(
    buffer.map((byte) => byte ^ 0xff),
    0,
    length,
    position,
  );
  await handle.close();
}

/** The paths that this process has open. */
async function listOpenFiles(): Promise<string[]> {
  const folder = '/proc/self/fd';
  const links = await readdir(folder);
  return Promise.all(links.map((link) => readlink(join(folder, link)).catch(() => '')));
}
