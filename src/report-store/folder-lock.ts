import { mkdir, open, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { incomingName } from './incoming';
import { isCode, PRIVATE_FILE, PRIVATE_FOLDER, syncFolder } from './private-folders';

/** A file that many processes rewrite. */
export interface SharedFile {
  readonly path: string;
  /** A folder of the same file system for what is being prepared. */
  readonly incoming: string;
  /** How long to wait for the others. */
  readonly waitAtMostMs?: number;
}

/** A holder needs milliseconds. Taking the lock from one that is only slow does no harm (its commit fails), so this may be short. */
const DEAD_AFTER_MS = 10_000;
/** Longer than a dead holder can stand in the way, shorter than an activity may take. */
const WAIT_AT_MOST_MS = 25_000;
/** Waits grow from one step to ten, each with half of it by chance, so that waiters do not march in step. */
const WAIT_STEP_MS = 4;

/**
 * Rewrites a file under a lock between processes, and between hosts that share the file system. `rewrite` reads what it needs and returns the
 * file's next text, or null to leave it; it is called again if the lock was lost meanwhile.
 *
 * The lock is a folder beside the file with one entry of a random name, which becomes the file's next text. Each step is one atomic call:
 * - take: a folder prepared elsewhere, entry included, is renamed to the lock's name; that fails while the lock has an entry
 * - commit: the entry is renamed over the file, which writes and releases at once
 * - steal: a dead holder's entry is removed by its own name, so that nobody else's lock can be hit; should its holder be alive after all,
 *   it finds no entry to commit and starts over
 * @throws Error where the lock was not to be had in time; whatever `rewrite` throws
 */
export async function rewriteUnderLock(file: SharedFile, rewrite: () => Promise<string | null>): Promise<void> {
  const giveUpAtMs = performance.now() + (file.waitAtMostMs ?? WAIT_AT_MOST_MS);
  for (let done = false; !done; ) {
    const entry = await take(file, giveUpAtMs);
    try {
      const text = await rewrite();
      done = text === null || (await committed(entry, file.path, text));
    } finally {
      // Committed, or somebody else's by now: nothing to remove then. What cannot be removed expires.
      await unlink(entry).catch(() => undefined);
      await rmdir(dirname(entry)).catch(() => undefined);
    }
  }
}

async function take(file: SharedFile, giveUpAtMs: number): Promise<string> {
  const lock = lockOf(file.path);
  const name = incomingName();
  const prepared = join(file.incoming, name);
  await mkdir(prepared, { mode: PRIVATE_FOLDER });
  try {
    for (let attempt = 1; ; attempt += 1) {
      // Written anew each time: it begins to age now, and tells what time it is on the file system's clock, which all hosts share.
      await writeFile(join(prepared, name), '\n', { mode: PRIVATE_FILE });
      if (await renamed(prepared, lock)) return join(lock, name);
      await removeDead(lock, (await stat(join(prepared, name))).mtimeMs);
      if (performance.now() > giveUpAtMs) throw notToBeHad(file);
      await delay(WAIT_STEP_MS * Math.min(attempt, 10) * (0.5 + Math.random()));
    }
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    throw error;
  }
}

function lockOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

async function renamed(prepared: string, lock: string): Promise<boolean> {
  try {
    await rename(prepared, lock);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

async function removeDead(lock: string, nowMs: number): Promise<void> {
  for (const name of await readdir(lock).catch(() => [])) {
    const held = await stat(join(lock, name)).catch(() => null);
    // A time far ahead is as dead: the clock was set back since.
    if (held && Math.abs(nowMs - held.mtimeMs) > DEAD_AFTER_MS) await rm(join(lock, name), { force: true });
  }
}

/** False where the entry was taken from us. */
async function committed(entry: string, path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(entry, 'r+');
    try {
      await handle.truncate();
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(entry, path);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

function notToBeHad({ path, waitAtMostMs = WAIT_AT_MOST_MS }: SharedFile): Error {
  return new Error(
    `${basename(path)} of ${basename(dirname(path))}: expected its lock to be free within ${waitAtMostMs} ms, but others held it all the time. ` +
      `Try again; if it stays so, see whether the disk answers and whether clocks and time stamps of ${lockOf(path)} are right`,
  );
}
