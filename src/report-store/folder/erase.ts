import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode, syncFolder } from '../../disk/folders';
import { isClientUserId } from '../../domain/identifiers';
import { applicantFolder, MANIFEST } from '../layout';
import { StoreUnavailable } from '../port';
import { CLAIM } from './claim';
import { revoke, sweep } from './drafts';
import { rewriteUnderLock } from './lock';
import { expectNoLinks, makeFolder } from './no-links';

/** A download that lives writes more often: its next byte may take HUMAN_API_TIMEOUT, 5 minutes at most. */
const DEAD_DOWNLOAD_AFTER_MS = 10 * 60_000;

/** How a file system answers while another program holds a file open, or adds one. */
const HELD = ['ENOTEMPTY', 'EEXIST', 'EBUSY', 'EPERM', 'EACCES'];
/** A virus scanner or an indexer is done sooner; 6 s in all. */
const PAUSES_MS: readonly number[] = [50, 100, 200, 400, 800, 1_600, 3_200];

/**
 * Removes an applicant's folder with everything in it, under the manifest's lock, the manifest first: what it tells is true to the end. Whoever
 * writes at the same time is waited for. Returns how many files there were; 0 where there is no such folder. Downloads that are under way or were
 * broken off lie elsewhere: this applicant's go, and so do those that nobody writes to any more, whosever they were.
 * @throws StoreUnavailable where another program holds something in it longer than all pauses
 */
export async function eraseFolder(
  base: string,
  incoming: string,
  clientUserId: string,
  pausesMs = PAUSES_MS,
): Promise<number> {
  await makeFolder(base, incoming);
  await sweep(incoming, DEAD_DOWNLOAD_AFTER_MS);
  const name = applicantFolder(clientUserId);
  const path = join(base, name);
  await expectNoLinks(base, path);
  // Before the folder is looked at: what got its name before lies in there, and what did not never gets it.
  await revoke(incoming, clientUserId);
  const files = new Set<string>();
  // By its exact name: where capitals do not count, another applicant's folder answers to this path.
  for (let attempt = 0; (await readdir(base)).includes(name); attempt += 1) {
    const refused = await removed(path, incoming, files);
    if (refused === null) continue;
    const pauseMs = pausesMs[attempt];
    if (pauseMs === undefined) throw heldOpen(name, refused);
    await delay(pauseMs);
  }
  await syncFolder(base);
  return files.size;
}

/** Null where the folder is gone, otherwise the code with which the file system refused. Every file found joins `files`. */
async function removed(path: string, incoming: string, files: Set<string>): Promise<string | null> {
  try {
    await rewriteUnderLock({ path: join(path, MANIFEST), incoming }, async () => {
      await empty(path, files);
      return null;
    });
    await rmdir(path);
    return null;
  } catch (error) {
    // Somebody else erases too.
    if (isCode(error, 'ENOENT')) return null;
    if (isCode(error, ...HELD)) return String((error as NodeJS.ErrnoException).code);
    throw error;
  }
}

function heldOpen(name: string, code: string): StoreUnavailable {
  return new StoreUnavailable(
    code,
    'rmdir',
    `${name}: expected its folder in the report store to be removed, the file system refuses (${code}): another program, such as a virus scanner, ` +
      'holds a file in it open, or adds files to it. End that program, then run the same command again',
  );
}

/** The clientUserIds that have a folder in the store at `base`, sorted. */
export async function applicantsIn(base: string): Promise<readonly string[]> {
  const entries = await readdir(base, { withFileTypes: true }).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  });
  return entries.flatMap((entry) => (entry.isDirectory() && isClientUserId(entry.name) ? [entry.name] : [])).sort();
}

/** Removes everything but the lock, which its holder takes away; the lock and the claim are no files of the applicant's. */
async function empty(path: string, files: Set<string>): Promise<void> {
  const lock = `.${MANIFEST}.lock`;
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && ![lock, CLAIM].includes(entry.name))
      files.add(relative(path, join(entry.parentPath, entry.name)));
  }
  await rm(join(path, MANIFEST), { force: true });
  for (const name of await readdir(path)) {
    if (name !== lock) await rm(join(path, name), { recursive: true, force: true });
  }
}
