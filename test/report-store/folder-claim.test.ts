import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManifestActivities } from '../../src/activities/manifests';
import { WrongFolder } from '../../src/report-store/errors';
import { createFolderStore } from '../../src/report-store/folder/store';
import { manifestDeps } from '../support/activity-deps';
import { change, useStore } from './fixtures';

const newStore = useStore();

async function setup() {
  const { root, store } = await newStore();
  const { readEarlierRound } = createManifestActivities(manifestDeps(store));
  return {
    root,
    store,
    /** As the applicant's workflow does before the invitation. */
    begin: async (clientUserId: string) => (await readEarlierRound({ clientUserId, detailsDigest: 'd' })).kind,
    /** Makes the folder of one answer to the name of the other, as on a case-insensitive file system. */
    fold: (from: string, to: string) => rename(join(root, from), join(root, to)),
  };
}

test('on a case-insensitive file system, the second of POL-9 and pol-9 is rejected before the invitation', async () => {
  const { store, begin, fold } = await setup();
  expect(await begin('POL-9')).toBe('none');
  expect(await begin('POL-9')).toBe('none');
  await fold('POL-9', 'pol-9');
  expect(await begin('pol-9')).toBe('wrong-folder');
  await expect(store.updateManifest(change({ clientUserId: 'pol-9' }))).rejects.toThrow(WrongFolder);
});

test('of concurrent claims by two applicants, one gets the folder', async () => {
  const { root, store, fold } = await setup();
  const kinds = await Promise.allSettled(Array.from({ length: 8 }, () => createFolderStore(root).claim('POL-9')));
  expect(kinds.every(({ status }) => status === 'fulfilled')).toBe(true);
  await fold('POL-9', 'pol-9');
  const others = await Promise.allSettled(Array.from({ length: 8 }, () => store.claim('pol-9')));
  expect(others.every(({ status }) => status === 'rejected')).toBe(true);
});

test('on a case-sensitive file system both continue, and a claim does not count as a file', async () => {
  const { root, store, begin } = await setup();
  expect([await begin('POL-9'), await begin('pol-9')]).toEqual(['none', 'none']);
  expect(await store.readManifest('pol-9')).toBeNull();
  expect(await store.erase('POL-9')).toBe(0);
  expect(await readdir(root)).toEqual(expect.not.arrayContaining(['POL-9']));
  expect(await store.applicants()).toEqual(['pol-9']);
});

test('a manifest replaces the claim, and rejects the other applicant too', async () => {
  const { root, store, begin, fold } = await setup();
  await begin('POL-9');
  await store.updateManifest(change({ clientUserId: 'POL-9' }));
  expect(await readdir(join(root, 'POL-9'))).toEqual(['manifest.json']);
  await fold('POL-9', 'pol-9');
  expect(await begin('pol-9')).toBe('wrong-folder');
  await expect(store.claim('pol-9')).rejects.toThrow(WrongFolder);
});

test('an incomplete claim of a crash blocks no applicant', async () => {
  const { root, store, begin } = await setup();
  await store.claim('POL-9');
  await writeFile(join(root, 'POL-9', '.applicant.json'), '{"client');
  expect(await begin('POL-9')).toBe('none');
  await rename(join(root, 'POL-9'), join(root, 'pol-9'));
  await expect(store.claim('pol-9')).rejects.toThrow(WrongFolder);
});
