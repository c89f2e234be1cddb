import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCode, PRIVATE_FILE, syncFolder } from '../../disk/folders';
import { incomingName } from './drafts';

/** Writes a file unless another process did, whole or not at all: whoever reads it then reads what the first one wrote. */
export async function publishOnce(path: string, incoming: string, text: string): Promise<void> {
  const draft = join(incoming, incomingName());
  await write(draft, text);
  try {
    await link(draft, path).catch(async (error: unknown) => {
      if (isCode(error, 'EEXIST')) return;
      // A file system without hard links: the name comes first, the text a moment later.
      if (!isCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP')) throw error;
      await write(path, text).catch(async (late: unknown) => {
        if (!isCode(late, 'EEXIST')) throw late;
      });
    });
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
}

async function write(path: string, text: string): Promise<void> {
  const handle: FileHandle = await open(path, 'wx', PRIVATE_FILE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
