import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode, PRIVATE_FILE, syncFolder } from '../../disk/folders';
import { incomingName } from './drafts';

/** A file that many processes rewrite. */
export interface SharedFile {
  readonly path: string;
  /** A folder of the same file system for what is being prepared. */
  readonly incoming: string;
  /** How long to wait for the others. */
  readonly waitAtMostMs?: number;
}

/** Takes back what was done. */
export type Undo = () => Promise<void>;

/** A holder needs milliseconds. Taking the lock from one that is only slow does no harm (its commit fails), so this may be short. */
const DEAD_AFTER_MS = 10_000;
/** Longer than a dead holder can stand in the way, shorter than an activity may take. */
const WAIT_AT_MOST_MS = 25_000;
/** Waits grow from one step to ten, each with half of it by chance, so that waiters do not march in step. */
const WAIT_STEP_MS = 4;
/** Of a draft's 32 hex digits: which file it is for. The others are its own. */
const FILE_DIGITS = 16;

/**
 * Rewrites a file under a lock between processes, and between hosts that share the file system. `rewrite` reads what it needs and returns the
 * file's next content, or null to leave it; it is called again if another writer came between. `beside` is done when all of the content is on the
 * disk, right before it gets its name, for what has to change with it. Files come and go here, folders never: whoever walks the store
 * meanwhile is not disturbed.
 *
 * The lock (O_EXCL, beside the file) only makes writers take turns. What keeps them from losing each other's work are their drafts, each under
 * a name of its own: a writer makes its draft, then removes every other draft of the file, and only then reads. To commit is to rename the
 * draft over the file, which fails where somebody removed it: that writer starts over. Of two at once, the one that lists later finds the
 * other's draft, if it is not committed yet; so whatever is committed was read after every earlier commit, wherever and however long a
 * process stood still. A late thief who removes a lock that another took meanwhile, or a robbed holder who does, costs time and nothing else.
 *
 * What remains: a network file system that lists a folder from a stale cache can hide the draft of a process that stopped for more than ten
 * seconds between reading and renaming. It would undo what others wrote since; every write of a run carries all its documents, which heals it.
 * @throws Error where the lock was not to be had in time; whatever `rewrite` throws
 */
export async function rewriteUnderLock(
  file: SharedFile,
  rewrite: () => Promise<string | Uint8Array | null>,
  beside: () => Promise<Undo> = async () => async () => undefined,
): Promise<void> {
  const giveUpAtMs = performance.now() + (file.waitAtMostMs ?? WAIT_AT_MOST_MS);
  for (let done = false; !done; ) {
    const draft = draftName(file);
    await take(file, draft, giveUpAtMs);
    try {
      await makeOnlyDraft(file, draft);
      const content = await rewrite();
      done = content === null || (await committed(join(file.incoming, draft), file.path, content, beside));
    } finally {
      // Mostly it has got its name. What cannot be removed expires, and the next writer removes the draft.
      await unlink(join(file.incoming, draft)).catch(() => undefined);
      await release(file, draft).catch(() => undefined);
    }
  }
  await syncFolder(dirname(file.path));
}

/** Told from the place within the store: hosts may have mounted it elsewhere. */
function draftName({ path, incoming }: SharedFile): string {
  const place = createHash('sha256').update(relative(incoming, path)).digest('hex');
  return place.slice(0, FILE_DIGITS) + incomingName().slice(FILE_DIGITS);
}

function lockOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

/** The lock says whose it is: it holds the name of its holder's draft. */
async function take(file: SharedFile, draft: string, giveUpAtMs: number): Promise<void> {
  const lock = lockOf(file.path);
  for (let attempt = 1; !(await created(lock, draft)); attempt += 1) {
    await removeDead(lock, await fileSystemNowMs(file.incoming));
    if (performance.now() > giveUpAtMs) throw notToBeHad(file);
    await delay(WAIT_STEP_MS * Math.min(attempt, 10) * (0.5 + Math.random()));
  }
}

async function created(lock: string, draft: string): Promise<boolean> {
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
    // On a full disk a lock can be made that does not say whose it is.
    await rm(lock, { force: true }).catch(() => undefined);
    throw error;
  }
  return true;
}

/** A lock's age is told by the clock that stamped it, which all hosts share. */
async function fileSystemNowMs(incoming: string): Promise<number> {
  const probe = join(incoming, incomingName());
  try {
    await writeFile(probe, '', { mode: PRIVATE_FILE, flag: 'wx' });
    return (await stat(probe)).mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
}

async function removeDead(lock: string, nowMs: number): Promise<void> {
  const held = await stat(lock).catch(() => null);
  // A time far ahead is as dead: the clock was set back since.
  if (held && Math.abs(nowMs - held.mtimeMs) > DEAD_AFTER_MS) await rm(lock, { force: true });
}

/** The order is the point: whoever lists after us finds our draft, and we find the draft of whoever listed before us. */
async function makeOnlyDraft({ incoming }: SharedFile, draft: string): Promise<void> {
  await writeFile(join(incoming, draft), '', { mode: PRIVATE_FILE, flag: 'wx' });
  const ofThisFile = draft.slice(0, FILE_DIGITS);
  for (const name of await readdir(incoming)) {
    if (name.startsWith(ofThisFile) && name !== draft) await rm(join(incoming, name), { force: true });
  }
}

/** False where another writer removed the draft. Nothing here may make it anew. */
async function committed(
  draft: string,
  path: string,
  content: string | Uint8Array,
  beside: () => Promise<Undo>,
): Promise<boolean> {
  if (!(await unlessGone(fill(draft, content)))) return false;
  const undo = await beside();
  try {
    return await unlessGone(rename(draft, path));
  } catch (error) {
    await undo();
    throw error;
  }
}

async function fill(draft: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(draft, 'r+');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessGone(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function release({ path }: SharedFile, draft: string): Promise<void> {
  if ((await readFile(lockOf(path), 'utf8')) === draft) await unlink(lockOf(path));
}

function notToBeHad({ path, waitAtMostMs = WAIT_AT_MOST_MS }: SharedFile): Error {
  return new Error(
    `${basename(path)} of ${basename(dirname(path))}: expected its lock to be free within ${waitAtMostMs} ms, but others held it all the time. ` +
      `Try again; if it stays so, see whether the disk answers and whether clocks and time stamps of ${lockOf(path)} are right`,
  );
}
