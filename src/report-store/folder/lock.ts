import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode, PRIVATE_FILE, syncFolder } from '../../disk/folders';
import { StoreUnavailable } from '../errors';
import { draftName, readFileSystemClock } from './drafts';

/** A file that many processes rewrite. */
export interface SharedFile {
  readonly path: string;
  /** On the same file system. */
  readonly draftFolder: string;
  readonly waitAtMostMs?: number | undefined;
}

/** A holder needs milliseconds. Taking the lock from a slow one does no harm (its commit fails), so this may be short. */
const STALE_AFTER_MS = 10_000;
/** Longer than a stale lock stays, shorter than the timeout of an activity. */
const WAIT_AT_MOST_MS = 25_000;
/** Waits grow from one step to ten, plus or minus half at random, so that waiters do not retry at the same time. */
const WAIT_STEP_MS = 4;
/** The first digits of a draft's 32 identify its file; the others are random. */
const FILE_DIGITS = 16;

/**
 * Rewrites a file under a lock between processes, and between hosts that share the file system. `rewrite` reads what it needs and returns the next
 * content, or null to keep the file. It is called again if another writer came between. Only files are made and removed, never folders, so
 * processes that list the store are not affected.
 *
 * The lock (O_EXCL, in the folder of the file) only makes writers take turns. Drafts prevent lost updates: a writer makes its own draft, removes every
 * other draft of the file, and only then reads. To commit, it renames its draft over the file, which fails if another writer removed the draft;
 * it then starts again. Of two concurrent writers, the one that lists later finds the draft of the other, unless that one has committed. So every
 * committed content was read after every earlier commit, wherever and however long a process was stopped. A process that removes a lock which
 * another has taken since costs time and nothing else.
 *
 * One risk remains: a network file system that lists a folder from a stale cache can hide the draft of a process that was stopped for more than ten
 * seconds between reading and renaming. It would undo later writes. Every write of a run has all its documents, so the next one repairs that.
 * @throws StoreUnavailable where the lock was not free in time; any error of `rewrite`
 */
export async function rewriteUnderLock(
  file: SharedFile,
  rewrite: () => Promise<string | Uint8Array | null>,
): Promise<void> {
  const giveUpAtMs = performance.now() + (file.waitAtMostMs ?? WAIT_AT_MOST_MS);
  for (let isDone = false; !isDone; ) {
    const name = fileDraftName(file);
    const draft = join(file.draftFolder, name);
    await acquire(file, name, giveUpAtMs);
    try {
      await claimDraft(file, name);
      const content = await rewrite();
      isDone = content === null || (await commit(draft, file.path, content));
    } finally {
      // After a commit the draft is gone. A draft or lock that cannot be removed is removed by the next writer.
      await unlink(draft).catch(() => undefined);
      await release(file, name).catch(() => undefined);
    }
  }
  await syncFolder(dirname(file.path));
}

export function lockOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

/** Computed from the path within the store, because hosts may have mounted it elsewhere. */
function fileDraftName({ path, draftFolder }: SharedFile): string {
  const digest = createHash('sha256').update(relative(draftFolder, path)).digest('hex');
  return digest.slice(0, FILE_DIGITS) + draftName().slice(FILE_DIGITS);
}

/** The lock contains the name of its holder's draft. */
async function acquire(file: SharedFile, draft: string, giveUpAtMs: number): Promise<void> {
  const lock = lockOf(file.path);
  for (let attempt = 1; !(await createLock(lock, draft)); attempt += 1) {
    await removeStaleLock(lock, await readFileSystemClock(file.draftFolder));
    if (performance.now() > giveUpAtMs) throw lockTimeout(file);
    await delay(WAIT_STEP_MS * Math.min(attempt, 10) * (0.5 + Math.random()));
  }
}

async function createLock(lock: string, draft: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(lock, 'wx', PRIVATE_FILE);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  try {
    await handle.writeFile(draft).finally(() => handle.close());
  } catch (error) {
    await rm(lock, { force: true }).catch(() => undefined); // on a full disk it has no holder
    throw error;
  }
  return true;
}

async function removeStaleLock(lock: string, nowMs: number): Promise<void> {
  const stats = await stat(lock).catch(() => null);
  // A time far in the future is stale too: the clock was set back.
  if (stats && Math.abs(nowMs - stats.mtimeMs) > STALE_AFTER_MS) await rm(lock, { force: true });
}

/** The order matters: a writer that lists after us finds our draft, and we find the draft of one that listed before us. */
async function claimDraft({ draftFolder }: SharedFile, draft: string): Promise<void> {
  await writeFile(join(draftFolder, draft), '', { mode: PRIVATE_FILE, flag: 'wx' });
  const ofThisFile = draft.slice(0, FILE_DIGITS);
  for (const name of await readdir(draftFolder)) {
    if (name.startsWith(ofThisFile) && name !== draft) await rm(join(draftFolder, name), { force: true });
  }
}

/** False where another writer removed the draft; it must not be made again. */
async function commit(draft: string, path: string, content: string | Uint8Array): Promise<boolean> {
  try {
    const handle = await open(draft, 'r+');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function release({ path }: SharedFile, draft: string): Promise<void> {
  if ((await readFile(lockOf(path), 'utf8')) === draft) await unlink(lockOf(path));
}

function lockTimeout({ path, waitAtMostMs = WAIT_AT_MOST_MS }: SharedFile): StoreUnavailable {
  return new StoreUnavailable(
    'LOCKED',
    'open',
    `${basename(path)} of ${basename(dirname(path))}: other processes held its lock for ${waitAtMostMs / 1_000} s. Try again. ` +
      `If that does not help, check the disk, and the clock against the time stamp of ${basename(lockOf(path))}`,
  );
}
