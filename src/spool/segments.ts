import type { FileEncryption } from '../domain/encryption';
import { scanSegment } from './frame';
import { decodeRecord } from './record';

/** Lines that become durable together. */
export interface Batch {
  readonly lines: Buffer;
  readonly records: number;
  /** When they arrived, ms since 1970. */
  readonly atMs: number;
  /** They wait for the budget of mailboxes, not for Temporal. */
  readonly isDeferred: boolean;
}

/** A file of records, with the facts that the replay needs. */
export interface Segment {
  readonly name: string;
  /** False while records are appended. */
  isClosed: boolean;
  bytes: number;
  /** The bytes of its deferred records, as of the last pass; 0 before the first pass of a segment found on the disk. */
  deferredBytes: number;
  /** Records to deliver; null before the first read. */
  records: number | null;
  /** When the oldest of them arrived, ms since 1970; null before the first read. */
  oldestAtMs: number | null;
  /** How many passes left records in it. */
  passes: number;
  /** The next pass is not before this time, ms since 1970. */
  retryAtMs: number;
  /** Whether Temporal did not answer for a record in the last pass. */
  isUnreachable: boolean;
}

/** The segments of the partition, and which one is next. */
export interface Segments {
  /** A segment found on the disk. */
  add(name: string, bytes: number): void;
  recordAppend(name: string, batch: Batch): void;
  close(name: string): void;
  remove(name: string): void;
  /**
   * Of the due segments the one that was due first, so that retries do not delay new segments. While Temporal is down, the segments with records
   * for which it did not answer are due too.
   */
  next(isTemporalDown: boolean): Segment | null;
  /** Time until {@link next} may return a segment; null without segments. */
  dueInMs(isTemporalDown: boolean): number | null;
  /** Temporal is back: every segment is due. */
  resetRetries(): void;
  /** A segment whose records are not counted. */
  nextUncounted(): Segment | null;
  total(): {
    readonly segments: number;
    readonly bytes: number;
    readonly deferredBytes: number;
    readonly records: number;
    readonly oldestAtMs: number | null;
  };
}

/**
 * While Temporal is down, the open segment is closed for an attempt at most this often, so that an outage of a day leaves thousands of files, not
 * millions.
 */
const CLOSE_WHILE_DOWN_EVERY_MS = 30_000;
/** The same while Temporal answers. */
const CLOSE_EVERY_MS = 10_000;
/** With at most this many segments, the open one is closed at once, so that a single failed notice does not wait. */
const FEW_SEGMENTS = 8;

export function createSegments(nowMs: () => number = Date.now): Segments {
  const segments = new Map<string, Segment>();
  let closedAtMs = Number.NEGATIVE_INFINITY;
  const insert = (name: string, change: Partial<Segment>): Segment => {
    const counts = { bytes: 0, deferredBytes: 0, records: null, oldestAtMs: null };
    const segment: Segment = {
      name,
      isClosed: true,
      ...counts,
      passes: 0,
      retryAtMs: 0,
      isUnreachable: false,
      ...change,
    };
    segments.set(name, segment);
    return segment;
  };
  const all = (): Segment[] => [...segments.values()];
  const closableAtMs = (isTemporalDown: boolean): number =>
    segments.size <= FEW_SEGMENTS ? 0 : closedAtMs + (isTemporalDown ? CLOSE_WHILE_DOWN_EVERY_MS : CLOSE_EVERY_MS);

  return {
    add: (name, bytes) => void insert(name, { bytes }),
    recordAppend(name, batch) {
      const segment = segments.get(name) ?? insert(name, { isClosed: false, records: 0, oldestAtMs: batch.atMs });
      segment.bytes += batch.lines.length;
      if (batch.isDeferred) segment.deferredBytes += batch.lines.length;
      segment.records = (segment.records ?? 0) + batch.records;
    },
    close(name) {
      const segment = segments.get(name);
      if (segment !== undefined) segment.isClosed = true;
    },
    remove: (name) => void segments.delete(name),

    next(isTemporalDown) {
      const now = nowMs();
      const inOrder = all().sort((a, b) => a.retryAtMs - b.retryAtMs || (a.name < b.name ? -1 : 1));
      const mayClose = now >= closableAtMs(isTemporalDown);
      const next = inOrder.find(
        ({ retryAtMs, isUnreachable, isClosed }) =>
          (retryAtMs <= now || (isTemporalDown && isUnreachable)) && (isClosed || mayClose),
      );
      if (next?.isClosed === false) closedAtMs = now;
      return next ?? null;
    },
    dueInMs(isTemporalDown) {
      if (segments.size === 0) return null;
      const closableMs = closableAtMs(isTemporalDown);
      const dueMs = all().map(({ retryAtMs, isClosed }) => (isClosed ? retryAtMs : Math.max(retryAtMs, closableMs)));
      return Math.max(0, Math.min(...dueMs) - nowMs());
    },
    resetRetries() {
      for (const segment of segments.values()) Object.assign(segment, { retryAtMs: 0, passes: 0 });
    },
    nextUncounted: () => all().find(({ records }) => records === null) ?? null,
    total() {
      const ages = all().flatMap(({ oldestAtMs, records }) =>
        oldestAtMs === null || records === 0 ? [] : [oldestAtMs],
      );
      return {
        segments: segments.size,
        bytes: all().reduce((sum, { bytes }) => sum + bytes, 0),
        deferredBytes: all().reduce((sum, { deferredBytes }) => sum + deferredBytes, 0),
        records: all().reduce((sum, { records }) => sum + (records ?? 0), 0),
        oldestAtMs: ages.length === 0 ? null : Math.min(...ages),
      };
    },
  };
}

/** Sets the record count and age of a segment found on the disk, from its bytes. Does nothing if the segment is counted already. */
export function countRecords(segment: Segment, bytes: Buffer, encryption: FileEncryption): void {
  if (segment.records !== null) return;
  segment.records = 0;
  for (const line of scanSegment(bytes)) {
    if (line.kind !== 'record') continue;
    segment.records += 1;
    const decoded = segment.oldestAtMs === null ? decodeRecord(line, encryption) : null;
    if (decoded?.kind === 'record') segment.oldestAtMs = decoded.record.atMs;
  }
}
