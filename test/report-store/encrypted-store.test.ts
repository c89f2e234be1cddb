import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyMissing } from '../../src/domain/encryption';
import { MAGIC } from '../../src/report-store/envelope';
import { AlteredDocument, NoSuchDocument } from '../../src/report-store/errors';
import { createFolderStore } from '../../src/report-store/folder/store';
import type { ReportStore } from '../../src/report-store/port';
import { generateKey } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { cipherOf } from '../support/keys';
import { sha256 } from '../support/stored';
import { change, documentToStore, pdf, pieces } from './fixtures';

const newFolder = useFolders();
const BODY = pdf('Robin Sample, born 1980-02-03, at Starfleet Medical '.repeat(3_000));
const [K1, K2] = [generateKey('k1'), generateKey('k2')];
const MIB = 1024 * 1024;

async function setup() {
  const root = await newFolder();
  const storeWith = (encrypts: boolean, ...keys: string[]) =>
    createFolderStore(root, { cipher: keys.length > 0 ? cipherOf(...keys) : null, encrypts });
  await storeWith(false).init();
  return { root, storeWith, path: (file: string) => join(root, 'POL-1', file) };
}

async function stored(store: ReportStore, body = BODY) {
  const entry = await store.save(documentToStore(), pieces(body, 5_000));
  await store.updateManifest(change({ documents: [entry] }));
  return entry;
}

async function read(store: ReportStore, file: string, clientUserId = 'POL-1'): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of store.readDocument(clientUserId, file)) all.push(piece);
  return Buffer.concat(all).toString();
}

test('no file can be read without the keys; the manifest has size and digest of the clear bytes', async () => {
  const { root, storeWith } = await setup();
  const store = storeWith(true, K1);
  const entry = await stored(store);
  expect(entry).toMatchObject({ sha256: sha256(BODY), bytes: Buffer.byteLength(BODY), encrypted: true });
  expect((await store.readManifest('POL-1'))?.documents).toEqual([entry]);
  expect(await read(store, entry.file)).toBe(BODY);
  expect(JSON.parse(await read(store, 'manifest.json'))).toMatchObject({ clientUserId: 'POL-1' });

  const files = (await readdir(join(root, 'POL-1'), { recursive: true, withFileTypes: true })).filter((e) =>
    e.isFile(),
  );
  expect(files.map(({ name }) => name).sort()).toEqual(['manifest.json', entry.file.split('/').at(-1)].sort());
  for (const { parentPath, name } of files) {
    const bytes = await readFile(join(parentPath, name));
    expect(bytes.subarray(0, MAGIC.byteLength)).toEqual(MAGIC);
    // Each text is too long to occur in random bytes.
    for (const text of ['Robin Sample', 'Starfleet', 'unity', 'report-1', '%PDF-1.4', sha256(BODY)]) {
      expect({ name, text, found: bytes.includes(text) }).toEqual({ name, text, found: false });
    }
  }
});

test('a store reads all files after encryption was switched on or off, or its keys were rotated', async () => {
  const { storeWith, path } = await setup();
  const first = await stored(storeWith(false, K1));
  const later = (updatedAt: string, newest: typeof first) =>
    documentToStore({ report: { ...documentToStore().report, updatedAt }, newest });
  const on = storeWith(true, K1);
  const second = await on.save(later('2026-03-02T10:00:00.000Z', first), pieces(pdf('second'), 50));
  await on.updateManifest(change({ documents: [second] }));
  const rotated = storeWith(true, K2, K1);
  const third = await rotated.save(later('2026-03-03T10:00:00.000Z', second), pieces(pdf('third'), 50));
  await rotated.updateManifest(change({ documents: [third] }));

  const off = storeWith(false, K2, K1);
  expect([await read(off, first.file), await read(off, second.file), await read(off, third.file)]).toEqual([
    BODY,
    pdf('second'),
    pdf('third'),
  ]);
  await off.updateManifest(change({ outcome: 'collected' }));
  expect(JSON.parse(await readFile(path('manifest.json'), 'utf8'))).toMatchObject({ outcome: 'collected' });
  await expect(read(storeWith(false, K2), second.file)).rejects.toThrow(KeyMissing);
});

test('a missing key stops all work on its files without changing them, until it is back', async () => {
  const { storeWith, path } = await setup();
  const entry = await stored(storeWith(true, K1));
  const before = [await readFile(path(entry.file)), await readFile(path('manifest.json'))];
  for (const store of [storeWith(true, K2), storeWith(false)]) {
    await expect(store.readManifest('POL-1')).rejects.toThrow(KeyMissing);
    await expect(store.updateManifest(change())).rejects.toThrow(KeyMissing);
    await expect(store.save(documentToStore(), pieces(BODY, 5_000))).rejects.toThrow(KeyMissing);
  }
  expect([await readFile(path(entry.file)), await readFile(path('manifest.json'))]).toEqual(before);
  expect(await stored(storeWith(true, K2, K1))).toEqual(entry);
});

test('an activity that ran twice returns the same entry; truncated bytes stay, and the document gets a second name', async () => {
  const { storeWith, path } = await setup();
  const store = storeWith(true, K1);
  const entry = await stored(store);
  expect(await store.save(documentToStore(), pieces(BODY, 5_000))).toEqual(entry);
  const truncated = (await readFile(path(entry.file))).subarray(0, 70_000);
  await writeFile(path(entry.file), truncated);
  await expect(read(store, entry.file)).rejects.toThrow(AlteredDocument);
  const second = await stored(store);
  expect(second.file).not.toBe(entry.file);
  expect(await read(store, second.file)).toBe(BODY);
  expect(await readFile(path(entry.file))).toEqual(truncated);
  expect((await store.readManifest('POL-1'))?.documents).toEqual([second, { ...entry, superseded: true }]);
});

test('a file of another applicant, in clear or missing is not taken for the one that the manifest lists', async () => {
  const { root, storeWith, path } = await setup();
  const store = storeWith(true, K1);
  const entry = await stored(store);
  const other = documentToStore({ clientUserId: 'POL-2' });
  await store.save(other, pieces(BODY, 5_000));
  await copyFile(join(root, 'POL-2', entry.file), path(entry.file));
  await expect(read(store, entry.file)).rejects.toThrow(AlteredDocument);
  await writeFile(path(entry.file), pdf('forged'));
  await expect(read(store, entry.file)).rejects.toThrow(AlteredDocument);
  await rm(path(entry.file));
  await expect(read(store, entry.file)).rejects.toThrow(NoSuchDocument);
  await mkdir(join(root, 'POL-3'));
  await copyFile(path('manifest.json'), join(root, 'POL-3', 'manifest.json'));
  const altered = new AlteredDocument(
    'POL-3/manifest.json: the encrypted file was altered, truncated or moved. Restore it from a backup',
  );
  await expect(store.readManifest('POL-3')).rejects.toEqual(altered);
  await expect(read(store, 'manifest.json', 'POL-3')).rejects.toEqual(altered);
});

test('a manifest that was changed by hand gives no access to files outside of the folder', async () => {
  const { root, storeWith, path } = await setup();
  const store = storeWith(false);
  const entry = await stored(store);
  await writeFile(join(root, 'secret'), BODY);
  for (const file of ['../secret', '/etc/hostname', 'unity/../../secret', '..']) {
    const text = await readFile(path('manifest.json'), 'utf8');
    const manifest = JSON.parse(text);
    await writeFile(path('manifest.json'), JSON.stringify({ ...manifest, documents: [{ ...entry, file }] }));
    await expect(read(store, file)).rejects.toThrow(NoSuchDocument);
  }
});

test('60 MB are written as they arrive and read in pieces of a chunk, never held in memory', async () => {
  const { root, storeWith } = await setup();
  const store = storeWith(true, K1);
  const piece = Buffer.alloc(MIB, 'a');
  async function* body() {
    yield Buffer.from('%PDF-1.4\n');
    for (let sent = 0; sent < 60; sent += 1) {
      yield piece;
      const [name = ''] = await readdir(join(root, '.incoming'));
      // All except the chunk that may be the last.
      expect((await stat(join(root, '.incoming', name))).size).toBeGreaterThan((sent + 1) * MIB - 64 * 1024);
    }
    yield Buffer.from('\n%%EOF\n');
  }
  const hash = createHash('sha256');
  const entry = await store.save(documentToStore(), body());
  await store.updateManifest(change({ documents: [entry] }));
  for await (const each of store.readDocument('POL-1', entry.file)) {
    expect(each.byteLength).toBeLessThanOrEqual(64 * 1024);
    hash.update(each);
  }
  expect(hash.digest('hex')).toBe(entry.sha256);
  expect(entry.bytes).toBeGreaterThan(60 * MIB);
});
