import fs from 'node:fs/promises';
import { join } from 'node:path';
import { StoreUnavailable } from '../../src/report-store/errors';
import { eraseFolder } from '../../src/report-store/folder/erase';
import { change, useStore } from './fixtures';

const PAUSES_MS = [1, 1, 1];
const newStore = useStore();

/** One applicant with a manifest and a document. */
async function setup() {
  const { root, store, save } = await newStore();
  await store.claim('POL-1');
  await store.updateManifest(change({ documents: [await save()] }));
  const draftFolder = join(root, '.incoming');
  return { store, draftFolder, erase: () => eraseFolder(root, draftFolder, 'POL-1', PAUSES_MS) };
}

const fsError = (code: string) => Object.assign(new Error(code), { code, syscall: 'rmdir' });

afterEach(() => jest.restoreAllMocks());

test.each(['ENOTEMPTY', 'EBUSY', 'EPERM'])(
  'erase retries rmdir that fails with %s, then reports the reason',
  async (code) => {
    const { store, erase } = await setup();
    const rmdir = jest.spyOn(fs, 'rmdir').mockRejectedValue(fsError(code));
    const error = await erase().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect((error as Error).message).toMatch(new RegExp(`POL-1: .*\\(${code}\\).*has a file in it open`));
    expect(rmdir).toHaveBeenCalledTimes(PAUSES_MS.length + 1);
    rmdir.mockRestore();
    await erase();
    expect(await store.applicants()).toEqual([]);
  },
);

test('erase keeps the running downloads of others, although the clock of this host is a day ahead', async () => {
  const { draftFolder, erase } = await setup();
  const draft = join(draftFolder, 'a'.repeat(32));
  await fs.writeFile(draft, 'half');
  const now = Date.now();
  jest.spyOn(Date, 'now').mockReturnValue(now + 25 * 3_600_000);
  await erase();
  expect(await fs.readFile(draft, 'utf8')).toBe('half');
});

test('erase succeeds if a scanner releases the files in time, and counts each file once', async () => {
  const { store, erase } = await setup();
  jest.spyOn(fs, 'rmdir').mockRejectedValueOnce(fsError('ENOTEMPTY'));
  jest.spyOn(fs, 'rm').mockRejectedValueOnce(fsError('EBUSY'));
  expect(await erase()).toBe(2);
  expect(await store.applicants()).toEqual([]);
});
