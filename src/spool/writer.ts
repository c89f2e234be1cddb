import { join } from 'node:path';
import { isCode } from '../disk/folders';
import { type Files, type OpenFile, writeAll } from './files';
import type { SpoolPartition } from './partition';
import type { Batch, Segments } from './segments';

/** Appends to one segment at a time. Batches that arrive during a sync share the next write and sync. */
export interface Writer {
  /** Resolves when the batch is on the disk. @throws {DiskTooSlow} at `untilMs` (ms since 1970); the system's error */
  append(batch: Batch, untilMs: number): Promise<void>;
  /** Closes the open segment, so that it can be read and removed. Waits for the current write. */
  rotate(): Promise<void>;
  /** Bytes that are not on the disk yet. */
  readonly waitingBytes: number;
}

/** The disk did not answer in time. It may have the bytes, which is harmless: a notice delivered twice counts once. */
export class DiskTooSlow extends Error {
  override readonly name = 'DiskTooSlow';
  readonly kind = 'disk-too-slow';

  constructor() {
    super('the disk did not sync the spool in time; check the disk');
  }
}

/** The file that was written, or a folder above it, was removed. */
class SegmentGone extends Error {
  override readonly name = 'SegmentGone';
  readonly kind = 'segment-gone';
  readonly code = 'ENOENT';

  constructor() {
    super('a segment was removed while it was written; do not change the folder of a running webhook');
  }
}

/** The size at which a segment is closed. It is read into memory as a whole. */
const SEGMENT_BYTES = 1024 * 1024;
/** The maximum of one write, unless a single batch is larger. */
const GROUP_BYTES = 4 * 1024 * 1024;

interface QueuedBatch {
  readonly batch: Batch;
  readonly finish: (error: unknown) => void;
}

interface OpenSegment {
  readonly name: string;
  readonly path: string;
  readonly file: OpenFile;
  size: number;
}

export function createWriter(options: {
  readonly partition: SpoolPartition;
  readonly files: Files;
  readonly segments: Pick<Segments, 'recordAppend' | 'close'>;
  readonly segmentBytes?: number | undefined;
}): Writer {
  const { partition, files, segments, segmentBytes = SEGMENT_BYTES } = options;
  const queue: QueuedBatch[] = [];
  let waitingBytes = 0;
  let segment: OpenSegment | null = null;
  let work: Promise<void> = Promise.resolve(); // one change of the segment after the other
  let isDraining = false;

  function nextGroup(): QueuedBatch[] {
    let bytes = 0;
    let count = 0;
    for (const { batch } of queue) {
      if (count > 0 && bytes + batch.lines.length > GROUP_BYTES) break;
      bytes += batch.lines.length;
      count += 1;
    }
    return queue.splice(0, count);
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const group = nextGroup();
      const lines = Buffer.concat(group.map(({ batch }) => batch.lines));
      let failure: unknown = null;
      try {
        const { name } = await commit(lines).catch(async (error: unknown) => {
          if (!isCode(error, 'ENOENT')) throw error;
          if (segment !== null) await abandon(segment);
          await partition.recreate();
          return commit(lines);
        });
        for (const { batch } of group) segments.recordAppend(name, batch);
        if (segment !== null && segment.size >= segmentBytes) await close(segment);
      } catch (error) {
        failure = error;
        if (segment !== null) await abandon(segment);
      }
      waitingBytes -= lines.length;
      for (const { finish } of group) finish(failure);
    }
    isDraining = false;
  }

  async function commit(lines: Buffer): Promise<OpenSegment> {
    const isNew = segment === null;
    segment ??= await create();
    await writeAll(segment.file, lines);
    await segment.file.sync();
    if (isNew) await files.syncFolder(partition.folder);
    if (!(await segment.file.isAt(segment.path))) throw new SegmentGone();
    segment.size += lines.length;
    return segment;
  }

  async function create(): Promise<OpenSegment> {
    const name = partition.segmentName();
    const path = join(partition.folder, name);
    return { name, path, file: await files.create(path), size: 0 };
  }

  async function close(open: OpenSegment): Promise<void> {
    segment = null;
    await open.file.close().catch(() => undefined); // the bytes are synced already
    segments.close(open.name);
  }

  /**
   * After a failed write or sync it is unknown what is on the disk, and a second sync would succeed without writing (the pages count as clean).
   * The segment is cut at its last synced byte, so that the bytes of failed writes do not fill the disk.
   */
  async function abandon(broken: OpenSegment): Promise<void> {
    await broken.file.truncate(broken.size).catch(() => undefined);
    await close(broken);
    if (broken.size === 0) await files.remove(broken.path).catch(() => undefined);
  }

  return {
    append(batch, untilMs) {
      return new Promise<void>((resolve, reject) => {
        const finish = (error: unknown): void => {
          clearTimeout(timer);
          if (error === null) resolve();
          else reject(error);
        };
        const queued: QueuedBatch = { batch, finish };
        const timer = setTimeout(() => {
          const index = queue.indexOf(queued);
          if (index >= 0) {
            queue.splice(index, 1); // it will not be acknowledged
            waitingBytes -= batch.lines.length;
          }
          reject(new DiskTooSlow());
        }, untilMs - Date.now());
        queue.push(queued);
        waitingBytes += batch.lines.length;
        if (isDraining) return;
        isDraining = true;
        work = work.then(drain);
      });
    },
    rotate() {
      work = work.then(async () => {
        if (segment !== null) await close(segment);
      });
      return work;
    },
    get waitingBytes() {
      return waitingBytes;
    },
  };
}
