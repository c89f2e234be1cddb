import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { writeAtomically } from '../disk/atomic-file';
import { nullIfAbsent } from '../disk/folders';
import type { FileEncryption } from '../domain/encryption';
import type { Logger } from '../observability/log';
import type { Quarantine, QuarantineRecord } from '../quarantine/quarantine';
import { createAdaptiveConcurrency } from './adaptive-concurrency';
import type { Files } from './files';
import { type ScannedLine, scanSegment } from './frame';
import type { SpoolMetrics } from './metrics';
import type { SpoolPartition } from './partition';
import { decodeRecord, type SpoolRecord } from './record';
import { type LineOutcome, replaySegment } from './replay-segment';
import { countRecords, type Segment, type Segments } from './segments';

/** Where records are delivered. */
export interface DeliveryTarget {
  /** Never rejects. `refused`: Temporal rejects the record. `deferred`: this record has to wait, others need not. */
  deliver(record: SpoolRecord): Promise<'taken' | 'refused' | 'unavailable' | 'deferred'>;
  /** The header of a record in quarantine; null if the text is unreadable. */
  describe(text: string): Pick<QuarantineRecord, 'kind' | 'clientUserId' | 'humanId'> | null;
  /** Current requests that wait for Temporal. */
  pendingRequests(): number;
}

/** Delivers the records of the spool, oldest first, at least once. */
export interface Replay {
  /** Call after new records were appended or claimed. */
  wake(): void;
  /** Resolves when no delivery is running. Other records stay on the disk. */
  stop(): Promise<void>;
}

/** A run with the maximum of signals rejects a notice too, until it continues as new, so one rejection is not final. */
const FINAL_REJECTIONS = 3;
/** The delay before the next pass over a segment in which records had to stay; doubles with each pass. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** A deferral is immediate, so the event loop gets a turn after this number of them. */
const DEFERRALS_PER_TURN = 100;

export function startReplay(deps: {
  readonly partition: SpoolPartition;
  readonly files: Files;
  readonly encryption: FileEncryption;
  readonly segments: Segments;
  readonly rotate: () => Promise<void>;
  readonly quarantine: Quarantine;
  readonly target: DeliveryTarget;
  readonly metrics: SpoolMetrics;
  readonly log: Logger;
}): Replay {
  const { partition, files, encryption, segments, quarantine, target, metrics, log } = deps;
  const concurrency = createAdaptiveConcurrency({ pendingRequests: target.pendingRequests });
  const stopping = new AbortController();
  const rejections = new Map<string, number>();
  let deferrals = 0;
  let deferredBytes = 0; // of this pass
  let keyMissing: unknown = null; // of a record of this pass
  let wakeUp: () => void = () => {};
  const ended = run();

  return {
    wake: () => wakeUp(),
    stop() {
      stopping.abort();
      wakeUp();
      return ended;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const backoffMs = concurrency.backoffMs();
      const segment = backoffMs > 0 ? null : segments.next(concurrency.isTemporalDown);
      if (segment === null) {
        await pause(backoffMs > 0 ? backoffMs : segments.dueInMs(concurrency.isTemporalDown));
        continue;
      }
      try {
        if (!segment.isClosed) await deps.rotate();
        await deliverSegment(segment);
      } catch (error) {
        log.error({ error, segment: segment.name }, 'cannot read or rewrite a segment of the spool');
        defer(segment);
      }
    }
  }

  async function deliverSegment(segment: Segment): Promise<void> {
    const path = join(partition.folder, segment.name);
    const bytes = await nullIfAbsent(files.read(path));
    if (bytes === null) return reportLost(segment);
    countRecords(segment, bytes, encryption); // before a record is delivered
    const { records } = segment;
    try {
      await deliverLines(segment, path, bytes);
    } catch (error) {
      segment.records = records; // the file has all of them, so they are delivered again
      throw error;
    }
  }

  async function deliverLines(segment: Segment, path: string, bytes: Buffer): Promise<void> {
    const handle = async (line: ScannedLine): Promise<LineOutcome> => {
      const outcome = await handleLine(line);
      if (outcome === 'unreachable') segment.isUnreachable = true;
      if (outcome === 'done' && line.kind === 'record' && segment.records !== null) segment.records -= 1;
      return outcome;
    };
    segment.isUnreachable = false;
    keyMissing = null;
    deferredBytes = 0;
    const remains = await replaySegment(scanSegment(bytes), { concurrency, handle, stopped: stopping.signal });
    if (keyMissing !== null)
      log.warn({ error: keyMissing, segment: segment.name }, 'notices of the spool wait for a key');
    if (remains.lines.length === 0) {
      await nullIfAbsent(files.remove(path));
      segments.remove(segment.name);
      return;
    }
    if (remains.done > 0) {
      const left = Buffer.concat(remains.lines);
      await writeAtomically(path, join(dirname(path), `.${segment.name}.draft`), left);
      segment.bytes = left.length;
      segment.records = remains.lines.length;
    }
    // While Temporal is down it is unknown which records would be deferred.
    segment.deferredBytes = concurrency.isTemporalDown ? Math.min(segment.deferredBytes, segment.bytes) : deferredBytes;
    if (!stopping.signal.aborted) defer(segment);
  }

  /** If an operator puts the segment back, a webhook claims it as an orphan. Otherwise polls find what the notices reported. */
  function reportLost({ name, records, bytes }: Segment): void {
    const fields = { segment: name, notices: records, bytes };
    log.error(fields, 'a segment of the spool was removed before its notices were delivered');
    segments.remove(name);
  }

  function defer(segment: Segment): void {
    segment.retryAtMs = Date.now() + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** segment.passes);
    segment.passes += 1;
  }

  async function handleLine(line: ScannedLine): Promise<LineOutcome> {
    if (line.kind === 'torn') {
      metrics.torn.inc();
      log.warn(
        { bytes: line.bytes.length },
        'dropped an incomplete record at the end of the spool; it was never acknowledged',
      );
      return 'done';
    }
    if (line.kind === 'damaged') return quarantineDamaged(line.bytes);
    const decoded = decodeRecord(line, encryption);
    if (decoded.kind === 'unreadable') return quarantineDamaged(line.bytes);
    if (decoded.kind === 'key-missing') {
      keyMissing = decoded.error;
      return 'retry-later';
    }
    return deliver(decoded.record, line.bytes);
  }

  async function deliver(record: SpoolRecord, bytes: Buffer): Promise<LineOutcome> {
    const startedMs = performance.now();
    const result = await target.deliver(record);
    metrics.replays.inc({ result });
    if (result === 'deferred') {
      deferrals += 1;
      deferredBytes += bytes.length;
      if (deferrals % DEFERRALS_PER_TURN === 0) await turn();
      return 'retry-later';
    }
    if (result === 'unavailable') {
      concurrency.recordFailure(startedMs);
      return 'unreachable';
    }
    if (concurrency.recordSuccess()) segments.resetRetries();
    const key = bytes.toString('latin1', 0, 19); // form and checksum
    if (result === 'refused') return handleRejection(record, key);
    rejections.delete(key);
    return 'done';
  }

  async function handleRejection({ text }: SpoolRecord, key: string): Promise<LineOutcome> {
    const times = (rejections.get(key) ?? 0) + 1;
    rejections.set(key, times);
    if (times < FINAL_REJECTIONS) return 'retry-later';
    const described = target.describe(text);
    const outcome = await moveToQuarantine({
      ...(described ?? { kind: 'unknown', clientUserId: null, humanId: null }),
      why: 'refused',
      detail: described === null ? 'UNREADABLE' : 'INVALID_ARGUMENT',
      content: text,
    });
    if (outcome === 'done') rejections.delete(key);
    return outcome;
  }

  function quarantineDamaged(content: Buffer): Promise<LineOutcome> {
    const header = { kind: 'bytes', clientUserId: null, humanId: null, detail: null };
    return moveToQuarantine({ why: 'damaged', ...header, content });
  }

  /** A record that the quarantine does not keep stays in the spool: nothing acknowledged is dropped. */
  async function moveToQuarantine(record: QuarantineRecord): Promise<LineOutcome> {
    const { why, kind, clientUserId, humanId } = record;
    let result: 'kept' | 'full' | 'failed' = 'failed';
    let error: unknown;
    try {
      result = await quarantine.put(record);
    } catch (failure) {
      error = failure;
    }
    metrics.quarantined.inc({ why, result });
    log.error({ why, kind, clientUserId, humanId, error }, QUARANTINE_TEXT[result]);
    return result === 'kept' ? 'done' : 'retry-later';
  }

  async function pause(ms: number | null): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms + 1);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopping.signal.aborted) wakeUp();
    });
    wakeUp = () => {};
  }
}

const QUARANTINE_TEXT = {
  kept: 'moved a record of the spool to the quarantine; check it there',
  full: 'the quarantine is full, so a record stays in the spool; drop records of the quarantine that are done',
  failed: 'cannot write to the quarantine, so a record stays in the spool',
};
