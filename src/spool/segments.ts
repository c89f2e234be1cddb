import type { Cipher } from '../domain/encryption';
import { scan } from './frame';
import { readRecord } from './record';
import type { Batch } from './writer';

/** One file of records, as far as it has been looked into. */
export interface Segment {
  readonly name: string;
  /** False while it is being written. */
  finished: boolean;
  bytes: number;
  /** Of these, bytes of deferred records, as of the last pass; 0 before the first pass of a segment that was found on the disk. */
  deferredBytes: number;
  /** Records in it that are not delivered yet; null before it was first read. */
  records: number | null;
  /** When the oldest of them came, ms since 1970; null before it was first read. */
  oldestAtMs: number | null;
  /** How often it has been gone through and something had to stay. */
  tries: number;
  /** Before this moment (ms since 1970) it is left alone. */
  retryAtMs: number;
}

/** Which segments there are, and which one's turn it is. */
export interface Segments {
  /** Segments that were found on the disk. */
  found(name: string, bytes: number): void;
  grown(name: string, batch: Batch): void;
  finished(name: string): void;
  gone(name: string): void;
  /** Of those whose time has come, while Temporal is away of all, the one whose time came first: what is new stands behind nothing that is put off again and again. */
  next(down: boolean): Segment | null;
  /** How long until the next one's time comes; null where there is none. */
  dueInMs(): number | null;
  /** Temporal is back: whatever was put off because it was away may be tried again. */
  forgive(): void;
  /** One that nobody has counted yet. */
  uncounted(): Segment | null;
  total(): {
    readonly segments: number;
    readonly bytes: number;
    readonly deferredBytes: number;
    readonly records: number;
    readonly oldestAtMs: number | null;
  };
}

/** While Temporal is away, the segment that grows is cut off for a try so often at most: an outage of a day leaves thousands of files, not millions. */
const CUT_WHILE_DOWN_EVERY_MS = 30_000;
/** The same while it is there and what was cut off before has to wait. */
const CUT_EVERY_MS = 10_000;
/** With fewer than these it is cut off at once: it may be one notice that fails, and not Temporal that is away. */
const FEW_SEGMENTS = 8;

export function createSegments(nowMs: () => number = Date.now): Segments {
  const segments = new Map<string, Segment>();
  let cutAtMs = Number.NEGATIVE_INFINITY;
  const add = (name: string, over: Partial<Segment>): Segment => {
    const fresh = {
      name,
      finished: true,
      bytes: 0,
      deferredBytes: 0,
      records: null,
      oldestAtMs: null,
      tries: 0,
      retryAtMs: 0,
    };
    const segment: Segment = { ...fresh, ...over };
    segments.set(name, segment);
    return segment;
  };
  const all = (): Segment[] => [...segments.values()];

  return {
    found: (name, bytes) => void add(name, { bytes }),
    grown(name, batch) {
      const segment = segments.get(name) ?? add(name, { finished: false, records: 0, oldestAtMs: batch.atMs });
      segment.bytes += batch.lines.length;
      if (batch.isDeferred) segment.deferredBytes += batch.lines.length;
      segment.records = (segment.records ?? 0) + batch.records;
    },
    finished(name) {
      const segment = segments.get(name);
      if (segment !== undefined) segment.finished = true;
    },
    gone: (name) => void segments.delete(name),

    next(down) {
      const now = nowMs();
      const inOrder = all().sort((a, b) => a.retryAtMs - b.retryAtMs || (a.name < b.name ? -1 : 1));
      const few = segments.size <= FEW_SEGMENTS;
      const growingToo = few || now - cutAtMs >= (down ? CUT_WHILE_DOWN_EVERY_MS : CUT_EVERY_MS);
      const chosen = inOrder.find(({ retryAtMs, finished }) => (down || retryAtMs <= now) && (finished || growingToo));
      if (chosen?.finished === false) cutAtMs = now;
      return chosen ?? null;
    },
    dueInMs() {
      if (segments.size === 0) return null;
      const cutMs = segments.size <= FEW_SEGMENTS ? 0 : cutAtMs + CUT_EVERY_MS;
      const dueMs = all().map(({ retryAtMs, finished }) => (finished ? retryAtMs : Math.max(retryAtMs, cutMs)));
      return Math.max(0, Math.min(...dueMs) - nowMs());
    },
    forgive() {
      for (const segment of segments.values()) Object.assign(segment, { retryAtMs: 0, tries: 0 });
    },
    uncounted: () => all().find(({ records }) => records === null) ?? null,
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
export function countRecords(segment: Segment, bytes: Buffer, seal: Cipher | null): void {
  if (segment.records !== null) return;
  segment.records = 0;
  for (const found of scan(bytes)) {
    if (found.kind !== 'record') continue;
    segment.records += 1;
    const opened = segment.oldestAtMs === null ? readRecord(found, seal) : null;
    if (opened?.kind === 'open') segment.oldestAtMs = opened.record.atMs;
  }
}
