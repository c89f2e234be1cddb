import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode, nullIfAbsent, syncFolder } from '../../disk/folders';
import { isClientUserId } from '../../domain/identifiers';
import { StoreUnavailable } from '../errors';
import { folderName, MANIFEST } from '../layout';
import { CLAIM } from './claim';
import { removeStaleDrafts, revokeDrafts } from './drafts';
import { lockOf, rewriteUnderLock } from './lock';
import { makeStoreFolder, rejectLinks } from './store-folders';

/** A running download writes more often: HUMAN_API_TIMEOUT, the wait for its next byte, is at most 5 minutes. */
const DEAD_DOWNLOAD_AFTER_MS = 10 * 60_000;

/** The errors of file systems while another program has a file open, or adds one. */
const HELD_CODES = ['ENOTEMPTY', 'EEXIST', 'EBUSY', 'EPERM', 'EACCES'];
/** 6 s in all: virus scanners and indexers finish sooner. */
const PAUSES_MS: readonly number[] = [50, 100, 200, 400, 800, 1_600, 3_200];

/**
 * Removes an applicant's folder with all files, under the lock of the manifest and the manifest first, so that it never lists a removed file. Also
 * removes the drafts of the applicant's downloads, and all stale drafts. Returns the number of files; 0 without a folder.
 * @throws StoreUnavailable where another program holds a file longer than all pauses
 */
export async function eraseFolder(
  base: string,
  draftFolder: string,
  clientUserId: string,
  pausesMs = PAUSES_MS,
): Promise<number> {
  await makeStoreFolder(base, draftFolder);
  await removeStaleDrafts(draftFolder, DEAD_DOWNLOAD_AFTER_MS);
  const name = folderName(clientUserId);
  const path = join(base, name);
  await rejectLinks(base, path);
  // Before the folder is read: a draft is then either in the folder already, or can never be moved there.
  await revokeDrafts(draftFolder, clientUserId);
  const files = new Set<string>();
  // Compared with case: on a case-insensitive file system, the path may be another applicant's folder.
  for (let attempt = 0; (await readdir(base)).includes(name); attempt += 1) {
    const code = await tryRemove(path, draftFolder, files);
    if (code === null) continue;
    const pauseMs = pausesMs[attempt];
    if (pauseMs === undefined) throw new StoreUnavailable(code, 'rmdir', describeHeldFile(name, code));
    await delay(pauseMs);
  }
  await syncFolder(base);
  return files.size;
}

/** Null if the folder is gone, otherwise the code of the error. Adds every file to `files`. */
async function tryRemove(path: string, draftFolder: string, files: Set<string>): Promise<string | null> {
  try {
    await rewriteUnderLock({ path: join(path, MANIFEST), draftFolder }, async () => {
      await clearFolder(path, files);
      return null;
    });
    await rmdir(path);
    return null;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null; // another process erases too
    if (isCode(error, ...HELD_CODES)) return String((error as NodeJS.ErrnoException).code);
    throw error;
  }
}

function describeHeldFile(name: string, code: string): string {
  return (
    `${name}: the folder in the report store cannot be removed (${code}), because another program, such as a virus scanner, ` +
    'has a file in it open or adds files. End that program, then run the command again'
  );
}

/** Removes everything except the lock, whose holder removes it. The lock and the claim do not count as files of the applicant. */
async function clearFolder(path: string, files: Set<string>): Promise<void> {
  const lock = lockOf(join(path, MANIFEST));
  const ignored = [lock, join(path, CLAIM)];
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !ignored.includes(file)) files.add(relative(path, file));
  }
  await rm(join(path, MANIFEST), { force: true });
  for (const name of await readdir(path)) {
    if (join(path, name) !== lock) await rm(join(path, name), { recursive: true, force: true });
  }
}

/** The clientUserIds with a folder in the store, sorted. */
export async function listApplicants(base: string): Promise<readonly string[]> {
  const entries = (await nullIfAbsent(readdir(base, { withFileTypes: true }))) ?? [];
  return entries.flatMap((entry) => (entry.isDirectory() && isClientUserId(entry.name) ? [entry.name] : [])).sort();
}
