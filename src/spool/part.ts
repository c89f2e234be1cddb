import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isCode } from '../disk/folders';
import type { Files } from './files';
import { holdLock, isHeld, type Lock } from './lock';

/** This process's own part of the spool: a folder of segments under a lock. */
export interface Part {
  readonly folder: string;
  /** A name for a new segment, which sorts behind those that are older, of whichever webhook. */
  segmentName(): string;
  /**
   * Takes over the segments of dead webhooks, one rename each, so that of several who try one gets it. `taken` hears of each as soon as it is
   * in our folder, where nobody else looks for it. What cannot be read or renamed is left for another time.
   * @throws the first error of the system's, once all else is taken
   */
  adopt(taken: (name: string) => Promise<void>): Promise<void>;
  /** Lets go of the part, and removes it where nothing lies in it. What does is taken over by the next who looks. */
  release(): Promise<void>;
}

const PART = /^part-[0-9a-f]{8}$/;
/** Time in ms, chance, number. */
const SEGMENT = /^\d{13}-[0-9a-f]{8}-\d{6}\.log$/;
const LOCK = 'lock';

/** Whether a file of this name is a segment of the spool. */
export function isSegmentName(name: string): boolean {
  return SEGMENT.test(name);
}

/**
 * Makes a part of our own in the spool's folder. It gets its name only when its lock is held: a part without a holder is a dead one.
 * @throws PathTooLong; the system's error
 */
export async function claimPart(spoolFolder: string, files: Files): Promise<Part> {
  const id = randomBytes(4).toString('hex');
  const folder = join(spoolFolder, `part-${id}`);
  const lock = await lockedFolder(join(spoolFolder, `.${id}`), folder, files);
  await files.syncFolder(spoolFolder);
  let number = 0;
  let lastMs = 0;

  return {
    folder,
    segmentName() {
      lastMs = Math.max(lastMs, Date.now()); // a clock that is set back changes no order
      number += 1;
      return `${String(lastMs).padStart(13, '0')}-${id}-${String(number).padStart(6, '0')}.log`;
    },

    async adopt(taken) {
      const errors: unknown[] = [];
      for (const name of await files.list(spoolFolder)) {
        const other = join(spoolFolder, name);
        if (!PART.test(name) || other === folder || (await isHeld(join(other, LOCK)))) continue;
        await takeOver(other, folder, files, taken).catch((error: unknown) => errors.push(error));
      }
      if (errors.length > 0) throw errors[0];
    },

    async release() {
      await lock.release();
      await removePart(folder, files);
    },
  };
}

async function lockedFolder(nameless: string, folder: string, files: Files): Promise<Lock> {
  await files.makeFolder(nameless);
  try {
    const lock = await holdLock(join(nameless, LOCK));
    await files.rename(nameless, folder); // the socket stays the same under its new path
    return lock;
  } catch (error) {
    await files.removeFolder(nameless).catch(() => undefined);
    throw error;
  }
}

async function takeOver(from: string, to: string, files: Files, taken: (name: string) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  for (const name of await namesIn(from, files)) {
    if (!isSegmentName(name)) continue;
    try {
      await files.rename(join(from, name), join(to, name));
      await taken(name);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) errors.push(error); // or another webhook was faster
    }
  }
  await files.syncFolder(to);
  if (errors.length > 0) throw errors[0];
  await removePart(from, files);
}

/** Drafts of a dead process go with it; a segment that came meanwhile keeps the folder. */
async function removePart(folder: string, files: Files): Promise<void> {
  const names = await namesIn(folder, files);
  if (names.some(isSegmentName)) return;
  for (const name of names) await files.remove(join(folder, name)).catch(() => undefined);
  await files.removeFolder(folder).catch(() => undefined);
}

async function namesIn(folder: string, files: Files): Promise<readonly string[]> {
  try {
    return await files.list(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []; // removed by another webhook
    throw error;
  }
}
