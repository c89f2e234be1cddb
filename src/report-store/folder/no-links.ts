import type { Stats } from 'node:fs';
import { chmod, lstat, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isCode, makePrivateFolder, syncFolder } from '../../disk/folders';

const OPEN_TO_OTHERS = 0o077;
const ALL_BUT_THOSE = 0o7700;

/** A part of a path, as it lies on the disk. */
interface Part {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Makes a folder of the store at `base`, which itself is never made, with all between them, for good: a power cut does not take it away again. One that is there and open to
 * others, as a `mkdir` by hand or a restored backup leaves it, is closed to them, where it is ours. @throws LinkInTheStore
 */
export async function makeFolder(base: string, path: string): Promise<void> {
  const parts = await partsBelow(base, path);
  const isThere = parts?.every(({ stats }) => stats.isDirectory()) ?? false;
  const root = { path: base, stats: await stat(base) };
  if (parts === null || !isThere) await makePrivateFolder(path);
  else await closeToOthers([root, ...parts]);
}

async function closeToOthers(folders: readonly Part[]): Promise<void> {
  for (const { path, stats } of folders) {
    if ((stats.mode & OPEN_TO_OTHERS) === 0) continue;
    await chmod(path, stats.mode & ALL_BUT_THOSE).catch((error: unknown) => {
      // Somebody else's folder, or a file system without modes: whoever set it up decided.
      if (!isCode(error, 'EPERM', 'EROFS', 'ENOTSUP')) throw error;
    });
  }
}

/** A symbolic link within the store: what it leads to may be anywhere, so it is neither read nor written. */
export class LinkInTheStore extends Error {
  override readonly name = 'LinkInTheStore';
}

/** Looks at every part of `path` below the store at `base`, which itself may be a link, and tells whether all of them are there. @throws LinkInTheStore */
export async function expectNoLinks(base: string, path: string): Promise<boolean> {
  return (await partsBelow(base, path)) !== null;
}

/** From the top; null where one is missing. @throws LinkInTheStore */
async function partsBelow(base: string, path: string): Promise<readonly Part[] | null> {
  const parts: Part[] = [];
  let at = base;
  for (const part of relative(base, path).split(sep)) {
    at = join(at, part);
    const stats = await lstat(at).catch((error: unknown) => {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    });
    if (stats === null) return null;
    if (stats.isSymbolicLink()) {
      throw new LinkInTheStore(
        'expected folders and files in the report store, got a symbolic link, which is not followed: put in its place what it leads to',
      );
    }
    parts.push({ path: at, stats });
  }
  return parts;
}

/** The names of a folder and of all above it, up to the store's. */
export async function syncFolders(base: string, path: string): Promise<void> {
  for (let at = path; at.length >= base.length; at = dirname(at)) await syncFolder(at);
}
