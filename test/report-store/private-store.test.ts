import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LinkInStore } from '../../src/report-store/errors';
import { createFolderStore } from '../../src/report-store/folder/store';
import { documentFile } from '../../src/report-store/layout';
import { useFolders } from '../support/folders';
import { change, documentToStore, pdf, pieces } from './fixtures';

const newFolder = useFolders();
const FILE = documentFile(documentToStore().report, 'pdf');

async function setup() {
  const home = await newFolder();
  const root = join(home, 'reports');
  const outside = join(home, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'manifest.json'), '{}');
  const store = createFolderStore(root);
  await store.init();
  return { root, outside, store, outsideFiles: async () => (await readdir(outside)).sort() };
}

async function listModes(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const modes = entries.map(async (entry) => {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    return [join(entry.parentPath, entry.name).slice(root.length), (mode & 0o777).toString(8)] as const;
  });
  return Object.fromEntries([...(await Promise.all(modes)), ['', ((await stat(root)).mode & 0o777).toString(8)]]);
}

const save = (store: ReturnType<typeof createFolderStore>) => store.save(documentToStore(), pieces(pdf('x')));

test.each([0o000, 0o022, 0o077])('files are 600 and folders 700 under umask %i', async (umask) => {
  const { root, store } = await setup();
  const before = process.umask(umask);
  try {
    await store.check();
    await store.updateManifest(change({ documents: [await save(store)] }));
    await store.shelf.put('sweeps/list.json', Buffer.from('[]'));
  } finally {
    process.umask(before);
  }
  const modes = await listModes(root);
  expect(Object.keys(modes)).toHaveLength(11);
  for (const [path, mode] of Object.entries(modes)) {
    expect({ path, mode }).toEqual({ path, mode: /\.(json|pdf)$/.test(path) ? '600' : '700' });
  }
});

test('existing folders that are open to others are made private', async () => {
  const { root, store } = await setup();
  for (const folder of ['', 'POL-1', '.incoming', '.chartway']) {
    await mkdir(join(root, folder), { recursive: true });
    await chmod(join(root, folder), 0o755);
  }
  await store.updateManifest(change());
  await store.shelf.put('list.json', Buffer.from('[]'));
  expect(await listModes(root)).toMatchObject({
    '': '700',
    '/POL-1': '700',
    '/.incoming': '700',
    '/.chartway': '700',
  });
});

describe('a symbolic link in the store is not followed', () => {
  it.each(['POL-1', `POL-1/${FILE.split('/')[0]}`, `POL-1/${dirname(FILE)}`])(
    'as the folder %s of a document',
    async (link) => {
      const { root, outside, store, outsideFiles } = await setup();
      await mkdir(dirname(join(root, link)), { recursive: true });
      await symlink(outside, join(root, link));
      await expect(save(store)).rejects.toThrow(LinkInStore);
      expect(await outsideFiles()).toEqual(['manifest.json']);
    },
  );

  it('as the folder or the manifest of an applicant', async () => {
    const { root, outside, store, outsideFiles } = await setup();
    await mkdir(join(root, 'POL-2'), { recursive: true });
    await symlink(outside, join(root, 'POL-1'));
    await symlink(join(outside, 'manifest.json'), join(root, 'POL-2', 'manifest.json'));
    for (const clientUserId of ['POL-1', 'POL-2']) {
      await expect(store.readManifest(clientUserId)).rejects.toThrow(LinkInStore);
      await expect(store.updateManifest(change({ clientUserId }))).rejects.toThrow(LinkInStore);
    }
    expect(await outsideFiles()).toEqual(['manifest.json']);
    expect(await readFile(join(outside, 'manifest.json'), 'utf8')).toBe('{}');
  });

  it('as the folder of drafts or of the shelf', async () => {
    const { root, outside, store, outsideFiles } = await setup();
    await rm(join(root, '.incoming'), { recursive: true });
    await symlink(outside, join(root, '.incoming'));
    await expect(save(store)).rejects.toThrow(LinkInStore);
    await expect(store.updateManifest(change())).rejects.toThrow(LinkInStore);
    await rm(join(root, '.chartway'), { recursive: true });
    await symlink(outside, join(root, '.chartway'));
    await expect(store.shelf.put('list.json', Buffer.from('[]'))).rejects.toThrow(LinkInStore);
    await expect(store.shelf.get('manifest.json')).rejects.toThrow(LinkInStore);
    await expect(store.shelf.list('')).rejects.toThrow(LinkInStore);
    await expect(store.shelf.remove('manifest.json')).rejects.toThrow(LinkInStore);
    expect(await outsideFiles()).toEqual(['manifest.json']);
  });

  it('unless it is the store itself', async () => {
    const { root, outside } = await setup();
    await rm(root, { recursive: true });
    await symlink(outside, root);
    const store = createFolderStore(root);
    await store.init();
    await store.updateManifest(change({ documents: [await save(store)] }));
    expect(await readFile(join(outside, 'POL-1', FILE), 'utf8')).toBe(pdf('x'));
  });
});
