import { chmod, lstat, open, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { makeFolders } from '../observability/folders';

/** Only the user we run as reads reports. */
export const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OPEN_TO_OTHERS = 0o077;
const ALL_BUT_THOSE = 0o7700;

/**
 * Makes a folder of the store at `base` with all above it, for good: a power cut does not take it away again. One that is there and open to
 * others, as a `mkdir` by hand or a restored backup leaves it, is closed to them, where it is ours. @throws LinkInTheStore
 */
export async function makeFolder(base: string, path: string): Promise<void> {
  await expectNoLinks(base, path);
  const made = await makeFolders(path, PRIVATE_FOLDER);
  if (made.length === 0) return closeToOthers(base, path);
  try {
    for (const each of made) await syncFolder(dirname(each));
  } catch (error) {
    // Whoever finds a folder takes it to be on the disk: the next attempt makes it anew.
    for (const each of made) await rmdir(each).catch(() => undefined);
    throw error;
  }
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

/** Puts a folder's names on the disk: without it a rename can be forgotten by a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems know no such call: they have their names on the server by then.
    if (!isCode(error, 'EINVAL', 'ENOTSUP', 'EPERM')) throw error;
  } finally {
    await handle.close();
  }
}

/** The names of a folder and of all above it, up to the store's. */
export async function syncFolders(base: string, path: string): Promise<void> {
  for (let at = path; at.length >= base.length; at = dirname(at)) await syncFolder(at);
}

/** True for a file system's error with one of these codes. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
}
