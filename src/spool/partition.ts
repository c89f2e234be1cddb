import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isCode, nullIfAbsent } from '../disk/folders';
import type { Logger } from '../observability/log';
import type { Files } from './files';
import { acquireLock, isLockHeld, type ProcessLock } from './lock';

/** The part of the spool that this process owns: a folder of segments, with a lock. */
export interface SpoolPartition {
  /** Changes when {@link recreate} creates the folder again. */
  readonly folder: string;
  /** A name for a new segment. Names sort by time across all webhooks. */
  segmentName(): string;
  /**
   * Moves the segments of dead webhooks into our folder. If several webhooks try, one of them gets a segment. Calls `onClaimed` as soon as a segment
   * is moved. Leaves a segment that cannot be read or renamed. @throws the first error of the system, after all other segments are claimed
   */
  claimOrphans(onClaimed: (name: string) => Promise<void>): Promise<void>;
  /** Creates the folder again if it was removed. @throws {OtherDisk}; the system's error */
  recreate(): Promise<void>;
  /** Releases the lock and removes the folder if it is empty. Another webhook claims what is left. */
  release(): Promise<void>;
}

/** The folder is on another disk than at the start: its volume is gone, and its return would hide files that were written before. */
class OtherDisk extends Error {
  override readonly name = 'OtherDisk';
  readonly kind = 'other-disk';
  readonly code = 'EXDEV';

  constructor() {
    super('the spool folder is on another disk than at the start; mount the volume and restart');
  }
}

const PARTITION = /^part-[0-9a-f]{8}$/;
/** Time in ms, random digits, number. */
const SEGMENT = /^\d{13}-[0-9a-f]{8}-\d{6}\.log$/;
const LOCK = 'lock';

/** Whether a file of this name is a segment of the spool. */
export function isSegmentName(name: string): boolean {
  return SEGMENT.test(name);
}

/** Creates a partition in the spool folder, which exists. @throws PathTooLong; the system's error */
export async function openPartition(spoolFolder: string, files: Files, log: Logger): Promise<SpoolPartition> {
  const disk = await files.disk(spoolFolder);
  let own = await createLockedFolder(spoolFolder, files);
  let recreating: Promise<void> | null = null;
  let number = 0;
  let lastMs = 0;

  async function recreate(): Promise<void> {
    if (await exists(own.folder, files)) return;
    await files.makeFolder(spoolFolder);
    if ((await files.disk(spoolFolder)) !== disk) throw new OtherDisk();
    const removed = own;
    own = await createLockedFolder(spoolFolder, files);
    log.error('the spool folder was removed; creating it again');
    await release(removed); // without its lock, another webhook claims it if it is put back
  }

  async function release({ lock, folder }: LockedFolder): Promise<void> {
    await lock.release();
    await removeFolder(folder, files);
  }

  return {
    get folder() {
      return own.folder;
    },

    segmentName() {
      lastMs = Math.max(lastMs, Date.now()); // a clock that is set back does not change the order
      number += 1;
      return `${String(lastMs).padStart(13, '0')}-${own.id}-${String(number).padStart(6, '0')}.log`;
    },

    async claimOrphans(onClaimed) {
      const errors: unknown[] = [];
      const { folder } = own;
      for (const name of await files.list(spoolFolder)) {
        const other = join(spoolFolder, name);
        if (!PARTITION.test(name) || other === folder || (await isLockHeld(join(other, LOCK)))) continue;
        await claimSegments(other, folder, files, onClaimed).catch((error: unknown) => errors.push(error));
      }
      if (errors.length > 0) throw errors[0];
    },

    recreate() {
      recreating ??= recreate().finally(() => {
        recreating = null;
      });
      return recreating;
    },

    release: () => release(own),
  };
}

interface LockedFolder {
  readonly id: string;
  readonly folder: string;
  readonly lock: ProcessLock;
}

/** The folder gets its name when its lock is held, because a partition without a lock counts as dead. */
async function createLockedFolder(spoolFolder: string, files: Files): Promise<LockedFolder> {
  const id = randomBytes(4).toString('hex');
  const folder = join(spoolFolder, `part-${id}`);
  const draft = join(spoolFolder, `.${id}`);
  await files.makeFolder(draft);
  let lock: ProcessLock;
  try {
    lock = await acquireLock(join(draft, LOCK));
    await files.rename(draft, folder); // the socket stays the same under its new path
  } catch (error) {
    await files.removeFolder(draft).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(spoolFolder);
  return { id, folder, lock };
}

async function claimSegments(
  from: string,
  to: string,
  files: Files,
  onClaimed: (name: string) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  for (const name of await listNames(from, files)) {
    if (!isSegmentName(name)) continue;
    try {
      await files.rename(join(from, name), join(to, name));
      await onClaimed(name);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) errors.push(error); // ENOENT: another webhook claimed it
    }
  }
  await files.syncFolder(to);
  if (errors.length > 0) throw errors[0];
  await removeFolder(from, files);
}

/** Removes a partition with the drafts of a dead process, unless it has segments. */
async function removeFolder(folder: string, files: Files): Promise<void> {
  const names = await listNames(folder, files);
  if (names.some(isSegmentName)) return;
  for (const name of names) await files.remove(join(folder, name)).catch(() => undefined);
  await files.removeFolder(folder).catch(() => undefined);
}

async function listNames(folder: string, files: Files): Promise<readonly string[]> {
  return (await nullIfAbsent(files.list(folder))) ?? []; // absent: another webhook removed it
}

async function exists(path: string, files: Files): Promise<boolean> {
  return files.size(path).then(
    () => true,
    () => false,
  );
}
