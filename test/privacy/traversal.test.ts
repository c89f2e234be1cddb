import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import { documentFile, isDocumentFile, organizationFolder, reportName } from '../../src/report-store/layout';
import type { Manifest } from '../../src/report-store/port';
import { change, documentToStore, pdf, pieces } from '../report-store/fixtures';
import { useFolders } from '../support/folders';
import { fc } from '../support/property';
import { sha256 } from '../support/stored';
import { TRAVERSALS } from './planting-upstream';

const newFolder = useFolders();

/** A store deep enough that a path out of it ends in the test's folder; `outside` lists the files next to it. */
async function setup() {
  const top = await newFolder();
  const root = join(top, 'a', 'b', 'reports');
  await mkdir(root, { recursive: true });
  await writeFile(join(top, 'canary'), 'untouched');
  const outside = async () => (await filesOf(top)).filter((file) => !file.startsWith(join('a', 'b', 'reports') + sep));
  const store = createFolderStore(root);
  await store.init();
  return { top, root, store, outside };
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Expects each document of the manifest at its path with its digest, and no other file. */
async function expectMatchingFiles(root: string, { clientUserId, documents }: Manifest): Promise<void> {
  for (const { file, sha256: digest } of documents) {
    expect(isDocumentFile(file)).toBe(true);
    expect(sha256(await readFile(join(root, clientUserId, file)))).toBe(digest);
  }
  const present = await filesOf(join(root, clientUserId));
  expect(present).toEqual([...documents.map(({ file }) => file), 'manifest.json'].sort());
}

test('any report id, type and organization becomes a plain path of three names within the folder', () => {
  const NAME = fc.oneof(fc.constantFrom(...TRAVERSALS), fc.string({ unit: 'binary', maxLength: 300 }));
  const organization = fc.option(fc.record({ id: fc.option(NAME), name: fc.option(NAME) }));
  fc.assert(
    fc.property(NAME, NAME, organization, fc.option(NAME), (id, type, given, updatedAt) => {
      const file = documentFile({ id, type, organization: given, updatedAt }, 'pdf');
      expect(isDocumentFile(file)).toBe(true);
      expect(resolve('/store/POL-1', file)).toBe(`/store/POL-1/${file}`);
      // Windows allows no device name before the first dot, and no dot or space at the end.
      for (const part of file.split('/')) expect(part).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[. ]$/i);
      expect(Buffer.byteLength(file.split('/').at(-1) ?? '')).toBeLessThanOrEqual(255);
    }),
  );
  expect(new Set(TRAVERSALS.map(reportName)).size).toBe(TRAVERSALS.length);
  expect(new Set(TRAVERSALS.map((name) => organizationFolder({ id: name, name }))).size).toBe(TRAVERSALS.length);
});

test('a document of any name is stored with its bytes within the folder, and the manifest matches', async () => {
  const { root, store, outside } = await setup();
  const documents = [];
  for (const name of TRAVERSALS) {
    const report = { id: name, type: name, organization: { id: name, name }, updatedAt: null };
    documents.push(await store.save(documentToStore({ report }), pieces(pdf(name))));
  }
  const manifest = await store.updateManifest(change({ documents }));
  expect(manifest.documents).toHaveLength(TRAVERSALS.length);
  await expectMatchingFiles(root, manifest);
  expect(await store.readManifest('POL-1')).toEqual(manifest);
  expect(await outside()).toEqual(['canary']);
});

test('only a valid clientUserId becomes a folder', async () => {
  const { root, store, outside } = await setup();
  const wrong = TRAVERSALS.filter((name) => !/^(CON|nul\.txt|lpt1|manifest\.json|constructor)$/.test(name));
  for (const clientUserId of [...wrong, '', '.', '..', 'POL-1/x', 'POL-1\u0000', 'p\u00f6l']) {
    const body = { read: false };
    const stream = (async function* () {
      body.read = true;
      yield Buffer.from(pdf('x'));
    })();
    await expect(store.save(documentToStore({ clientUserId }), stream)).rejects.toThrow(
      'expected a valid clientUserId',
    );
    await expect(store.updateManifest(change({ clientUserId }))).rejects.toThrow('expected a valid clientUserId');
    await expect(store.readManifest(clientUserId)).rejects.toThrow('expected a valid clientUserId');
    expect(body.read).toBe(false);
  }
  expect(await filesOf(root)).toEqual(['.chartway/store.json']);
  expect(await outside()).toEqual(['canary']);
});

test.each([
  'POL-1',
  'POL-1/unity',
  'POL-1/unity/person',
  'POL-1/manifest.json',
  'POL-1/manifest.json.lock',
  '.incoming',
])('a symbolic link planted as %s leads no write out of the store', async (path) => {
  const { top, root, store, outside } = await setup();
  const report = { id: 'r', type: 'unity', organization: null, updatedAt: null };
  await mkdir(join(root, path, '..'), { recursive: true });
  await rm(join(root, path), { recursive: true, force: true });
  await symlink(path.includes('manifest') ? join(top, 'canary') : top, join(root, path));
  const before = await readFile(join(top, 'canary'), 'utf8');
  await store.save(documentToStore({ report }), pieces(pdf('x'))).catch(() => undefined);
  if (!path.endsWith('.lock')) await store.updateManifest(change()).catch(() => undefined);
  expect(await outside()).toEqual(['canary']);
  expect(await readFile(join(top, 'canary'), 'utf8')).toBe(before);
});

test('an invalid manifest is an error without its content, and stays unchanged', async () => {
  const { root, store } = await setup();
  const path = join(root, 'POL-1', 'manifest.json');
  await mkdir(join(root, 'POL-1'));
  const valid = JSON.stringify(change());
  const broken = fc.oneof(
    fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.nat({ max: valid.length - 1 }).map((end) => Buffer.from(valid.slice(0, end))),
    fc
      .tuple(fc.constantFrom('outcome', 'reason', 'documents', 'missing', 'later'), fc.jsonValue())
      .map(([key, value]) => Buffer.from(JSON.stringify({ ...change(), [key]: value, clientUserId: ['zx9canary'] }))),
    fc.constantFrom(
      Buffer.from('['.repeat(200_000)),
      Buffer.from(`${'['.repeat(200_000)}${']'.repeat(200_000)}`),
      Buffer.from(JSON.stringify({ ...change(), clientUserId: 'pol-1' })),
      Buffer.from(JSON.stringify({ ...change(), documents: { 'zx9canary@example.org': 7 } })),
      Buffer.from([0x89, 0x43, 0x57, 0x44, 0x0d, 0x0a, 0x1a, 0x01, 0xff]),
    ),
  );
  const NAMES = /^(UnreadableManifest|WrongFolder|AlteredDocument|UnknownKey)$/;
  await fc.assert(
    fc.asyncProperty(broken, async (bytes) => {
      await writeFile(path, bytes);
      for (const attempt of [() => store.readManifest('POL-1'), () => store.updateManifest(change())]) {
        const error = await attempt().then(
          () => null,
          (thrown: Error) => thrown,
        );
        expect(error?.name).toMatch(NAMES);
        expect(`${error?.message} ${String(error?.cause)}`).not.toMatch(/canary/);
        expect(error?.message.length).toBeLessThan(1_000);
      }
      expect((await readFile(path)).equals(bytes)).toBe(true);
    }),
    { numRuns: 30 },
  );
});
