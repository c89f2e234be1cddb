import { join } from 'node:path';
import { isCode } from '../disk/folders';
import { type Files, type OpenFile, writeAll } from './files';
import type { Place } from './place';

/** Lines that become durable together, with what is known of them. */
export interface Batch {
  readonly lines: Buffer;
  readonly records: number;
  /** When the first of them came, ms since 1970. */
  readonly atMs: number;
  /** Whether they are here because Temporal was not to be asked yet. */
  readonly isDeferred: boolean;
}

/** Who keeps account of the segments. */
export interface SegmentLedger {
  /** A name for the next segment. */
  name(): string;
  /** Lines in it are durable now. */
  grown(name: string, batch: Batch): void;
  /** Nothing more is written into it. */
  finished(name: string): void;
}

/** Appends to one segment at a time; what waits while the disk works goes out together in the next write and sync. */
export interface Writer {
  /** Resolves when the batch is on the disk; rejects with the system's error, or {@link TookTooLong} at `untilMs` (ms since 1970). */
  append(batch: Batch, untilMs: number): Promise<void>;
  /** Ends the segment that is being written, so that it can be read and removed. Waits for the write under way. */
  rotate(): Promise<void>;
  /** Bytes that wait for the disk. */
  readonly waitingBytes: number;
}

/** The disk did not answer in time. What it may have taken is not known, and harmless: a notice delivered twice counts once. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
  readonly kind = 'disk-too-slow';

  constructor() {
    super('expected the spool to be on the disk in time, it was not; look at the disk');
  }
}

/** What was written has no name any more: somebody has taken the file away, or a folder above it. */
class SegmentGone extends Error {
  override readonly name = 'SegmentGone';
  readonly kind = 'segment-gone';
  readonly code = 'ENOENT';

  constructor() {
    super('expected the segment under its name, it is gone; leave the folder of a running webhook alone');
  }
}

/** A segment is read whole to be delivered: small enough for memory and for the loop, large enough to be few. */
const SEGMENT_BYTES = 1024 * 1024;
/** One write: a body's worth of notices and some. */
const GROUP_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly batch: Batch;
  readonly settle: (error: unknown) => void;
}

interface Segment {
  readonly name: string;
  readonly path: string;
  readonly file: OpenFile;
  size: number;
}

/** The writer of a part. */
export function createWriter(options: {
  readonly place: Place;
  readonly files: Files;
  readonly ledger: SegmentLedger;
  readonly segmentBytes?: number | undefined;
}): Writer {
  const { place, files, ledger, segmentBytes = SEGMENT_BYTES } = options;
  const queue: Waiting[] = [];
  let waitingBytes = 0;
  let segment: Segment | null = null;
  let work: Promise<void> = Promise.resolve(); // what touches the segment comes one after the other
  let draining = false;

  function nextGroup(): Waiting[] {
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
          if (segment !== null) await giveUp(segment);
          await place.renew();
          return commit(lines);
        });
        for (const { batch } of group) ledger.grown(name, batch);
        if (segment !== null && segment.size >= segmentBytes) await finish(segment);
      } catch (error) {
        failure = error;
        if (segment !== null) await giveUp(segment);
      }
      waitingBytes -= lines.length;
      for (const { settle } of group) settle(failure);
    }
    draining = false;
  }

  async function commit(lines: Buffer): Promise<Segment> {
    const fresh = segment === null;
    segment ??= await create();
    await writeAll(segment.file, lines);
    await segment.file.sync();
    if (fresh) await files.syncFolder(place.part.folder);
    if (!(await segment.file.isAt(segment.path))) throw new SegmentGone();
    segment.size += lines.length;
    return segment;
  }

  async function create(): Promise<Segment> {
    const name = ledger.name();
    const path = join(place.part.folder, name);
    return { name, path, file: await files.create(path), size: 0 };
  }

  async function finish(ended: Segment): Promise<void> {
    segment = null;
    await ended.file.close().catch(() => undefined); // it is synced: what a close reports changes nothing
    ledger.finished(ended.name);
  }

  /**
   * After a failed write or sync nobody knows what of it is on the disk, and a second sync would lie (the pages count as clean): the segment
   * ends at its last good byte, so that a full disk is not filled up with remains.
   */
  async function giveUp(broken: Segment): Promise<void> {
    await broken.file.truncate(broken.size).catch(() => undefined);
    await finish(broken);
    if (broken.size === 0) await files.remove(broken.path).catch(() => undefined);
  }

  return {
    append(batch, untilMs) {
      return new Promise<void>((resolve, reject) => {
        const settle = (error: unknown): void => {
          clearTimeout(patience);
          if (error === null) resolve();
          else reject(error);
        };
        const waiting: Waiting = { batch, settle };
        const patience = setTimeout(() => {
          const place = queue.indexOf(waiting);
          if (place >= 0) {
            queue.splice(place, 1); // not begun: nobody needs it on the disk any more
            waitingBytes -= batch.lines.length;
          }
          reject(new TookTooLong());
        }, untilMs - Date.now());
        queue.push(waiting);
        waitingBytes += batch.lines.length;
        if (draining) return;
        draining = true;
        work = work.then(drain);
      });
    },
    rotate() {
      work = work.then(async () => {
        if (segment !== null) await finish(segment);
      });
      return work;
    },
    get waitingBytes() {
      return waitingBytes;
    },
  };
}
