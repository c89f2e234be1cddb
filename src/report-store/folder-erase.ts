import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode, syncFolder } from '../disk/folders';
import { isClientUserId } from '../domain/identifiers';
import { rewriteUnderLock } from './folder-lock';
import { revoke, sweep } from './incoming';
import { applicantFolder, MANIFEST } from './layout';
import { expectNoLinks, makeFolder } from './private-folders';

/** A download that lives writes more often: its next byte may take HUMAN_API_TIMEOUT, 5 minutes at most. */
const DEAD_DOWNLOAD_AFTER_MS = 10 * 60_000;

/**
 * Removes an applicant's folder with everything in it, under the manifest's lock, the manifest first: what it tells is true to the end. Whoever
 * writes at the same time is waited for. Returns how many files there were; 0 where there is no such folder. Downloads that are under way or were
 * broken off lie elsewhere: this applicant's go, and so do those that nobody writes to any more, whosever they were.
 */
export async function eraseFolder(base: string, incoming: string, clientUserId: string): Promise<number> {
  await makeFolder(base, incoming);
  await sweep(incoming, DEAD_DOWNLOAD_AFTER_MS);
  const name = applicantFolder(clientUserId);
  const path = join(base, name);
  await expectNoLinks(base, path);
  // Before the folder is looked at: what got its name before lies in there, and what did not never gets it.
  await revoke(incoming, clientUserId);
  let files = 0;
  // By its exact name: where capitals do not count, another applicant's folder answers to this path.
  while ((await readdir(base)).includes(name)) {
    try {
      await rewriteUnderLock({ path: join(path, MANIFEST), incoming }, async () => {
        files += await emptied(path);
        return null;
      });
      await rmdir(path);
    } catch (error) {
      // Gone: somebody else erases too. Not empty: somebody stored something since.
      if (!isCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
  await syncFolder(base);
  return files;
}

/** The clientUserIds that have a folder in the store at `base`, sorted. */
export async function applicantsIn(base: string): Promise<readonly string[]> {
  const entries = await readdir(base, { withFileTypes: true }).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.isDirectory() && isClientUserId(entry.name) ? [entry.name] : [])).sort();
}

/** Everything but the lock, which its holder takes away. */
async function emptied(path: string): Promise<number> {
  const lock = `.${MANIFEST}.lock`;
  const all = await readdir(path, { withFileTypes: true, recursive: true });
  const files = all.filter((entry) => entry.isFile() && entry.name !== lock).length;
  await rm(join(path, MANIFEST), { force: true });
  for (const name of await readdir(path)) {
    if (name !== lock) await rm(join(path, name), { recursive: true, force: true });
  }
  return files;
}
