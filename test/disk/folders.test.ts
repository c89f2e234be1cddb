import fs, { type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onUnsyncedFolder, syncFolder } from '../../src/disk/folders';

const warned: string[] = [];
onUnsyncedFolder((code) => warned.push(code));

/** The folder's own fsync answers with `code`, as SMB and DrvFs do. */
function refuseSync(code: string): void {
  const { open } = fs;
  jest.spyOn(fs, 'open').mockImplementationOnce(async (...given: Parameters<typeof open>) => {
    const handle: FileHandle = await open(...given);
    handle.sync = () => Promise.reject(Object.assign(new Error(code), { code, syscall: 'fsync' }));
    return handle;
  });
}

afterEach(() => jest.restoreAllMocks());

test('fsync of a folder that answers EIO, ENOTTY or ENOENT costs a warning once in a process, and no outage', async () => {
  for (const code of ['EIO', 'ENOTTY', 'ENOENT', 'EINVAL', 'ENOTSUP', 'EPERM', 'EBADF', 'EISDIR']) {
    refuseSync(code);
    await expect(syncFolder(tmpdir())).resolves.toBeUndefined();
  }
  expect(warned).toEqual(['EIO']);
});

test('a folder that cannot be opened for it is no outage either', async () => {
  jest.spyOn(fs, 'open').mockRejectedValueOnce(Object.assign(new Error('EISDIR'), { code: 'EISDIR' }));
  await expect(syncFolder(tmpdir())).resolves.toBeUndefined();
});

test('a folder that is gone, or a disk that is full, is an error still', async () => {
  await expect(syncFolder(join(tmpdir(), 'chartway-no-such-folder'))).rejects.toThrow('ENOENT');
  refuseSync('ENOSPC');
  await expect(syncFolder(tmpdir())).rejects.toThrow('ENOSPC');
});
