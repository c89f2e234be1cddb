import fs, { type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onUnsyncedFolder, syncFolder } from '../../src/disk/folders';

const warned: string[] = [];
onUnsyncedFolder((code) => warned.push(code));

/** Makes the next fsync of a folder fail with `code`, as on SMB and DrvFs. */
function failSync(code: string): void {
  const { open } = fs;
  jest.spyOn(fs, 'open').mockImplementationOnce(async (...args: Parameters<typeof open>) => {
    const handle: FileHandle = await open(...args);
    handle.sync = () => Promise.reject(Object.assign(new Error(code), { code, syscall: 'fsync' }));
    return handle;
  });
}

afterEach(() => jest.restoreAllMocks());

test('a folder whose fsync fails with EIO, ENOTTY or ENOENT causes one warning per process', async () => {
  for (const code of ['EIO', 'ENOTTY', 'ENOENT', 'EINVAL', 'ENOTSUP', 'EPERM', 'EBADF', 'EISDIR']) {
    failSync(code);
    await expect(syncFolder(tmpdir())).resolves.toBeUndefined();
  }
  expect(warned).toEqual(['EIO']);
});

test('a folder that cannot be opened for the sync is accepted too', async () => {
  jest.spyOn(fs, 'open').mockRejectedValueOnce(Object.assign(new Error('EISDIR'), { code: 'EISDIR' }));
  await expect(syncFolder(tmpdir())).resolves.toBeUndefined();
});

test('a missing folder and a full disk are errors', async () => {
  await expect(syncFolder(join(tmpdir(), 'chartway-no-such-folder'))).rejects.toThrow('ENOENT');
  failSync('ENOSPC');
  await expect(syncFolder(tmpdir())).rejects.toThrow('ENOSPC');
});
