import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManifestActivities } from '../../src/activities/manifests';
import { StoreNotFound } from '../../src/report-store/errors';
import { createFolderStore } from '../../src/report-store/folder/store';
import type { ReportStore } from '../../src/report-store/port';
import { manifestDeps } from '../support/activity-deps';
import { useFolders } from '../support/folders';
import { change, documentToStore, pdf, pieces } from './fixtures';

const CLOSED = change({ outcome: 'declined', closedAt: '2026-03-02T00:00:00.000Z' });
const OTHER = 'f'.repeat(32);
const newFolder = useFolders();

async function setup() {
  const root = await newFolder('reports');
  return {
    root,
    store: createFolderStore(root),
    /** Leaves an empty folder of the same name, like an unmounted disk. */
    unmount: async () => {
      await rename(root, `${root}.disk`);
      await mkdir(root);
    },
    /** As in a store of 0.1.0. */
    forgetIdentity: () => rm(join(root, '.chartway'), { recursive: true }),
  };
}

/** Every call that writes, or whose result could be empty. */
const CALLS: Readonly<Record<string, (store: ReportStore) => Promise<unknown>>> = {
  'reading a manifest': (store) => store.readManifest('POL-1'),
  'writing a manifest': (store) => store.updateManifest(change()),
  'saving a document': (store) => store.save(documentToStore(), pieces(pdf('x'))),
  'reading a document': (store) => store.readDocument('POL-1', 'manifest.json').next(),
  erasing: (store) => store.erase('POL-1'),
  'listing applicants': (store) => store.applicants(),
  'the check for readiness': (store) => store.check(),
  'reading a hold': (store) => store.shelf.get('holds/POL-1.json'),
  'writing to the shelf': (store) => store.shelf.put('holds/POL-1.json', Buffer.from('{}')),
  'listing the shelf': (store) => store.shelf.list('holds/'),
  'removing from the shelf': (store) => store.shelf.remove('holds/POL-1.json'),
};

describe('init', () => {
  it('makes an id, which a repeated call returns', async () => {
    const { root, store } = await setup();
    const made = await store.init();
    expect(made).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), createdAt: expect.any(String) });
    expect(await createFolderStore(root).init()).toEqual(made);
    expect(await store.identity()).toEqual(made);
    expect(JSON.parse(await readFile(join(root, '.chartway/store.json'), 'utf8'))).toEqual(made);
    expect((await stat(join(root, '.chartway/store.json'))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(root, '.incoming'))).toEqual([]);
    expect(await store.shelf.list('')).toEqual([]);
  });

  it('returns the same id to concurrent callers', async () => {
    const { root } = await setup();
    const made = await Promise.all(Array.from({ length: 20 }, () => createFolderStore(root).init()));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  it('is rejected if REPORT_STORE_ID names another store', async () => {
    const { root } = await setup();
    await expect(createFolderStore(root, undefined, OTHER).init()).rejects.toThrow('unset REPORT_STORE_ID first');
    await expect(stat(root)).rejects.toThrow('ENOENT');
  });
});

describe('a missing store', () => {
  it.each(Object.entries(CALLS))('rejects %s, and stays empty', async (_, call) => {
    const { root, store, unmount } = await setup();
    await expect(call(store)).rejects.toThrow(StoreNotFound);
    await expect(stat(root)).rejects.toThrow('ENOENT');
    await store.init();
    await store.updateManifest(CLOSED);
    await unmount();
    await expect(call(store)).rejects.toThrow('run `npm run chartway -- store init` once');
    expect(await readdir(root)).toEqual([]);
  });

  it('that was unmounted from a running worker never reports that an applicant has no earlier round', async () => {
    const { store, unmount } = await setup();
    await store.init();
    await store.updateManifest(CLOSED);
    const { readEarlierRound } = createManifestActivities(manifestDeps(store));
    const read = () => readEarlierRound({ clientUserId: 'POL-1', detailsDigest: 'digest' });
    expect(await read()).toMatchObject({ kind: 'known', outcome: 'declined' });
    await unmount();
    await expect(read()).rejects.toMatchObject({
      type: 'StoreUnavailable',
      nonRetryable: false,
      message: expect.stringContaining('.chartway/store.json'),
    });
  });

  it.each([
    ['of another id than REPORT_STORE_ID', OTHER, 'correct REPORT_STORE_ID'],
    ['that was replaced by another since', null, 'restart this process to use the other one'],
  ])('is one %s', async (_, expectedId, advice) => {
    const { root, store, unmount } = await setup();
    await store.init();
    const running = createFolderStore(root, undefined, expectedId);
    if (expectedId === null) {
      await running.identity();
      await unmount();
      await createFolderStore(root).init();
    }
    await expect(running.readManifest('POL-1')).rejects.toThrow(advice);
  });

  it('is one with a damaged identity', async () => {
    const { root, store } = await setup();
    await store.init();
    await writeFile(join(root, '.chartway/store.json'), '{"id":"../x"}');
    await expect(store.readManifest('POL-1')).rejects.toThrow('restore the file from a backup');
    await expect(store.init()).rejects.toThrow(StoreNotFound);
  });
});

describe('a store of 0.1.0', () => {
  it('gets an identity if it has a manifest', async () => {
    const { root, store, forgetIdentity } = await setup();
    await store.init();
    await store.updateManifest(CLOSED);
    await forgetIdentity();
    const later = createFolderStore(root);
    const identity = await later.identifyLegacy();
    expect(identity).not.toBeNull();
    expect(await later.identity()).toEqual(identity);
    expect(await later.identifyLegacy()).toBeNull();
    expect(await later.readManifest('POL-1')).toMatchObject({ outcome: 'declined' });
  });

  it.each([
    ['an empty folder', async () => undefined],
    ['a folder with documents only', (root: string) => mkdir(join(root, 'POL-1', 'unity'), { recursive: true })],
    [
      'a folder with unreadable manifests',
      async (root: string) => {
        await mkdir(join(root, 'POL-1'));
        await writeFile(join(root, 'POL-1', 'manifest.json'), '{"half":');
      },
    ],
  ])('is not recognized in %s', async (_, fill) => {
    const { root, store } = await setup();
    await mkdir(root);
    await fill(root);
    expect(await store.identifyLegacy()).toBeNull();
    await expect(store.identity()).rejects.toThrow(StoreNotFound);
  });

  it('is not recognized if REPORT_STORE_ID is set, or without a folder', async () => {
    const { root, store, forgetIdentity } = await setup();
    expect(await store.identifyLegacy()).toBeNull();
    await expect(stat(root)).rejects.toThrow('ENOENT');
    await store.init();
    await store.updateManifest(CLOSED);
    await forgetIdentity();
    expect(await createFolderStore(root, undefined, OTHER).identifyLegacy()).toBeNull();
  });
});
