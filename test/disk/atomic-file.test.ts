import fs from 'node:fs/promises';
import { join } from 'node:path';
import { moveIfAbsent, writeAtomically, writeIfAbsent, writeNewFile } from '../../src/disk/atomic-file';
import { FaultyDisk } from '../report-store/faulty-disk';
import { useFolders } from '../support/folders';

const newFolder = useFolders();

let folder: string;
let path: string;
let draft: string;
beforeEach(async () => {
  folder = await newFolder();
  path = join(folder, 'file');
  draft = join(folder, 'draft');
});
afterEach(() => jest.restoreAllMocks());

const text = (at: string): Promise<string> => fs.readFile(at, 'utf8');
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'no error',
    (error) => error.code,
  );

test('a file is replaced whole, private to the user, and leaves no draft', async () => {
  await writeAtomically(path, draft, 'first');
  await writeAtomically(path, draft, Buffer.from('second'));
  expect(await text(path)).toBe('second');
  expect((await fs.stat(path)).mode & 0o777).toBe(0o600);
  expect(await fs.readdir(folder)).toEqual(['file']);
});

test('whichever call fails, the file has the old bytes or the new ones, and no draft is left', async () => {
  const disk = new FaultyDisk();
  const failures: string[] = [];
  try {
    for (let from = 1; from === failures.length + 1; from += 1) {
      await fs.writeFile(path, 'old');
      disk.break({ from, lasting: false, code: 'ENOSPC' });
      const code = await codeOf(writeAtomically(path, draft, 'new'));
      disk.repair();
      if (disk.failed.length === 0) break;
      failures.push(...disk.failed);
      // Only the sync of the folder fails after the file has its name.
      expect([from, await text(path)]).toEqual([from, from < 6 ? 'old' : 'new']);
      // A folder's handle that fails to close has done its work.
      expect([from, code]).toEqual([from, failures.length < 8 ? 'ENOSPC' : 'no error']);
      expect(await fs.readdir(folder)).toEqual(['file']);
    }
  } finally {
    disk.remove();
  }
  expect(failures).toEqual([
    ...['open', 'file.writeFile', 'file.sync', 'file.close', 'rename'],
    ...['open', 'file.sync', 'file.close'],
  ]);
});

test('a new file never replaces one', async () => {
  await fs.writeFile(path, 'old');
  expect(await codeOf(writeNewFile(path, 'new'))).toBe('EEXIST');
  expect(await text(path)).toBe('old');
});

describe.each(['', 'EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'])(
  'on a file system whose link() answers "%s"',
  (code) => {
    beforeEach(async () => {
      await writeNewFile(draft, 'new');
      if (code !== '') jest.spyOn(fs, 'link').mockRejectedValue(Object.assign(new Error(code), { code }));
    });

    test('a draft takes a free name', async () => {
      expect(await moveIfAbsent(draft, path)).toBe(true);
      expect(await text(path)).toBe('new');
      expect(await fs.readdir(folder)).toEqual(['file']);
    });

    test('a draft never takes the name of another file', async () => {
      await fs.writeFile(path, 'old');
      expect(await moveIfAbsent(draft, path)).toBe(false);
      expect([await text(path), await text(draft)]).toEqual(['old', 'new']);
    });

    test('a small file is written once', async () => {
      await fs.rm(draft);
      for (const bytes of ['first', 'second']) await writeIfAbsent(path, draft, bytes);
      expect([await text(path), await fs.readdir(folder)]).toEqual(['first', ['file']]);
    });

    test('a draft that is gone is an error', async () => {
      await fs.rm(draft);
      expect(await codeOf(moveIfAbsent(draft, path))).toBe('ENOENT');
      expect(await fs.readdir(folder)).toEqual([]);
    });

    test('of many drafts for one name exactly one gets it', async () => {
      const drafts = Array.from({ length: 20 }, (_, index) => join(folder, `draft-${index}`));
      await Promise.all(drafts.map((each) => writeNewFile(each, each)));
      const moved = await Promise.all(drafts.map((each) => moveIfAbsent(each, path)));
      expect(moved.filter(Boolean)).toHaveLength(1);
      expect(await text(path)).toBe(drafts[moved.indexOf(true)]);
    });
  },
);

test('without hard links, a writer whose unfinished file was replaced leaves the new one', async () => {
  jest.spyOn(fs, 'link').mockRejectedValue(Object.assign(new Error('EPERM'), { code: 'EPERM' }));
  const { open } = fs;
  jest.spyOn(fs, 'open').mockImplementation(async (at, ...rest) => {
    const handle = await open(at, ...rest);
    if (at !== path) return handle;
    await fs.rm(path);
    await fs.writeFile(path, 'second');
    return handle;
  });
  await writeIfAbsent(path, draft, 'first');
  expect(await text(path)).toBe('second');
});

test('any other failure of link() is thrown', async () => {
  await writeNewFile(draft, 'new');
  jest.spyOn(fs, 'link').mockRejectedValue(Object.assign(new Error('EIO'), { code: 'EIO' }));
  expect(await codeOf(moveIfAbsent(draft, path))).toBe('EIO');
});
