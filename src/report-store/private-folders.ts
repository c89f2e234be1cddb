import { chmod, lstat, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isCode, makePrivateFolder, syncFolder } from '../disk/folders';

const OPEN_TO_OTHERS = 0o077;
const ALL_BUT_THOSE = 0o7700;

/**
 * Makes a folder of the store at `base` with all above it, for good: a power cut does not take it away again. One that is there and open to
 * others, as a `mkdir` by hand or a restored backup leaves it, is closed to them, where it is ours. @throws LinkInTheStore
 */
export async function makeFolder(base: string, path: string): Promise<void> {
  await expectNoLinks(base, path);
  const made = await makePrivateFolder(path);
  if (made.length === 0) await closeToOthers(base, path);
}

async function closeToOthers(base: string, path: string): Promise<void> {
  for (let at = path; at.length >= base.length; at = dirname(at)) {
    const { mode } = await stat(at);
    if ((mode & OPEN_TO_OTHERS) === 0) continue;
    await chmod(at, mode & ALL_BUT_THOSE).catch((error: unknown) => {
      // Somebody else's folder, or a file system without modes: whoever set it up decided.
      if (!isCode(error, 'EPERM', 'EROFS', 'ENOTSUP')) throw error;
    });
  }
}

/** A symbolic link within the store: what it leads to may be anywhere, so it is neither read nor written. */
export class LinkInTheStore extends Error {
  override readonly name = 'LinkInTheStore';
}

/** Looks at every part of `path` below the store at `base`, which itself may be a link. @throws LinkInTheStore */
export async function expectNoLinks(base: string, path: string): Promise<void> {
  let at = base;
  for (const part of relative(base, path).split(sep)) {
    at = join(at, part);
    const there = await lstat(at).catch((error: unknown) => {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    });
    if (there === null) return;
    if (there.isSymbolicLink()) {
      throw new LinkInTheStore(
        'expected folders and files in the report store, got a symbolic link, which is not followed: put in its place what it leads to',
      );
    }
  }
}

/** The names of a folder and of all above it, up to the store's. */
export async function syncFolders(base: string, path: string): Promise<void> {
  for (let at = path; at.length >= base.length; at = dirname(at)) await syncFolder(at);
}
