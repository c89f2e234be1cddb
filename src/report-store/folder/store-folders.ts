import type { Stats } from 'node:fs';
import { chmod, lstat, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isCode, makePrivateFolder, nullIfAbsent, syncFolder } from '../../disk/folders';
import { LinkInStore } from '../errors';

const OTHERS_BITS = 0o077;
const OWNER_BITS = 0o7700;

interface PathPart {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Makes a folder below `base`, with all folders between, and syncs them; `base` itself must exist. Folders that exist and are open to other users,
 * as after a `mkdir` by hand or a restored backup, are made private if they are ours. @throws LinkInStore
 */
export async function makeStoreFolder(base: string, path: string): Promise<void> {
  const parts = await readPath(base, path);
  const root = { path: base, stats: await stat(base) };
  if (parts?.every(({ stats }) => stats.isDirectory())) await makePrivate([root, ...parts]);
  else await makePrivateFolder(path);
}

async function makePrivate(folders: readonly PathPart[]): Promise<void> {
  for (const { path, stats } of folders) {
    if ((stats.mode & OTHERS_BITS) === 0) continue;
    await chmod(path, stats.mode & OWNER_BITS).catch((error: unknown) => {
      // The folder of another user, or a file system without modes.
      if (!isCode(error, 'EPERM', 'EROFS', 'ENOTSUP')) throw error;
    });
  }
}

/** Checks every part of `path` below `base`, which may be a link itself. Returns whether all parts exist. @throws LinkInStore */
export async function rejectLinks(base: string, path: string): Promise<boolean> {
  return (await readPath(base, path)) !== null;
}

/** The parts from the top; null if one is missing. @throws LinkInStore */
async function readPath(base: string, path: string): Promise<readonly PathPart[] | null> {
  const parts: PathPart[] = [];
  let at = base;
  for (const part of relative(base, path).split(sep)) {
    at = join(at, part);
    const stats = await nullIfAbsent(lstat(at));
    if (stats === null) return null;
    if (stats.isSymbolicLink()) {
      throw new LinkInStore(
        'expected folders and files in the report store, got a symbolic link, which is not followed: replace it with its target',
      );
    }
    parts.push({ path: at, stats });
  }
  return parts;
}

/** Syncs a folder and all above it, up to `base`. */
export async function syncFolders(base: string, path: string): Promise<void> {
  for (let at = path; at.length >= base.length; at = dirname(at)) await syncFolder(at);
}
