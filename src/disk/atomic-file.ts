import { link, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isCode, PRIVATE_FILE, syncFolder } from './folders';

/** Writes a new private file (0600) and syncs it. A file that fails is removed. @throws EEXIST where `path` exists; the system's error */
export async function writeNewFile(path: string, bytes: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', PRIVATE_FILE);
  try {
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await remove(path);
    throw error;
  }
}

/** Renames a synced draft to `path`, which replaces any file there, and syncs the folder. Both are on one file system. */
export async function moveIntoPlace(draft: string, path: string): Promise<void> {
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** The codes of a file system without hard links, and of a file that has too many of them. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'];

/**
 * Moves a synced draft to `path`. If a file is there already, returns false and leaves the draft. Two processes cannot both succeed. On a file
 * system without hard links, the new file is empty for a moment, and stays empty after a crash. @throws ENOENT if the draft is gone; the system's error
 */
export async function moveIfAbsent(draft: string, path: string): Promise<boolean> {
  const isLinked = await linkIfAbsent(draft, path);
  if (isLinked === null) return renameToFreeName(draft, path);
  if (isLinked) await unlink(draft).catch(() => undefined); // the file is in place, and its second name does no harm
  return isLinked;
}

/**
 * Writes a small file, unless a file is there already. `draft` is a free name on the same file system. Two processes cannot both succeed. On a file
 * system without hard links, the new file is empty for a moment, and stays empty after a crash. A process that removes an empty file may therefore
 * remove one that another process is writing.
 */
export async function writeIfAbsent(path: string, draft: string, bytes: string | Uint8Array): Promise<void> {
  await writeNewFile(draft, bytes);
  try {
    if ((await linkIfAbsent(draft, path)) !== null) return;
    await writeNewFile(path, bytes).catch((error: unknown) => {
      if (!isCode(error, 'EEXIST')) throw error;
    });
    await syncFolder(dirname(path));
  } finally {
    await remove(draft);
  }
}

/** True if the draft has the name `path` too; false if a file is there already; null if the file system has no hard links. */
async function linkIfAbsent(draft: string, path: string): Promise<boolean | null> {
  try {
    await link(draft, path);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    if (isCode(error, ...NO_LINKS)) return null;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Reserves the name first, because a rename replaces the file that is there. */
async function renameToFreeName(draft: string, path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', PRIVATE_FILE)).close();
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  try {
    await moveIntoPlace(draft, path);
  } catch (error) {
    await remove(path);
    throw error;
  }
  return true;
}

/** Writes a file in one step: `path` has either the new bytes or the old ones. `draft` is a free name on the same file system. */
export async function writeAtomically(path: string, draft: string, bytes: string | Uint8Array): Promise<void> {
  await writeNewFile(draft, bytes);
  try {
    await moveIntoPlace(draft, path);
  } catch (error) {
    await remove(draft);
    throw error;
  }
}

/** Ignores errors, because the failure before the removal is the one to report. */
async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}
