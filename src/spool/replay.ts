import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { isCode } from '../disk/folders';
import type { Cipher } from '../domain/encryption';
import type { Logger } from '../observability/log';
import { type Files, writeWhole } from './files';
import { createFlow } from './flow';
import { type Found, scan } from './frame';
import type { SpoolMetrics } from './metrics';
import { type Fate, passThrough } from './pass';
import type { Place } from './place';
import type { Quarantine, SetAside } from './quarantine';
import { readRecord, type SpoolRecord } from './record';
import { countRecords, type Segment, type Segments } from './segments';

/** Where records go. */
export interface Outlet {
  /** Takes one to its place; never rejects. `refused`: nothing is wrong but the record itself. `deferred`: it has to wait, the others need not. */
  deliver(record: SpoolRecord): Promise<'taken' | 'refused' | 'unavailable' | 'deferred'>;
  /** What may be told of a record that is set aside; null where the text says nothing to it. */
  describe(text: string): Pick<SetAside, 'kind' | 'clientUserId' | 'humanId'> | null;
  /** How many deliveries of what came just now are under way. */
  live(): number;
}

/** Delivers what the spool holds, oldest first, at least once. */
export interface Replay {
  /** There is something new. */
  wake(): void;
  /** Resolves when nothing is under way any more; what is not delivered lies on the disk. */
  stop(): Promise<void>;
}

/** A run that holds its maximum of signals refuses a notice too, until it continues as new: one refusal is not yet for good. */
const REFUSALS_FOR_GOOD = 3;
/** 1 s, doubling, for a segment of which something had to stay. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** A deferral takes no time of its own: after so many of them others have their turn. */
const DEFERRALS_A_TURN = 100;

export function startReplay(deps: {
  readonly place: Place;
  readonly files: Files;
  readonly seal: Cipher | null;
  readonly segments: Segments;
  readonly rotate: () => Promise<void>;
  readonly quarantine: Quarantine;
  readonly outlet: Outlet;
  readonly metrics: SpoolMetrics;
  readonly log: Logger;
}): Replay {
  const { place, files, seal, segments, quarantine, outlet, metrics, log } = deps;
  const flow = createFlow({ live: outlet.live });
  const stopping = new AbortController();
  const refusals = new Map<string, number>();
  let deferrals = 0;
  let deferredBytes = 0; // of this pass
  let locked: unknown = null; // why a record of this pass cannot be opened yet
  let ring: () => void = () => {};
  const ended = run();

  return {
    wake: () => ring(),
    stop() {
      stopping.abort();
      ring();
      return ended;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const restMs = flow.restMs();
      const segment = restMs > 0 ? null : segments.next(flow.down);
      if (segment === null) {
        await pause(restMs > 0 ? restMs : segments.dueInMs());
        continue;
      }
      try {
        if (!segment.finished) await deps.rotate();
        await goThrough(segment);
      } catch (error) {
        log.error({ error, segment: segment.name }, 'a segment of the spool could not be read or rewritten');
        putOff(segment);
      }
    }
  }

  async function goThrough(segment: Segment): Promise<void> {
    const { folder } = place.part;
    const bytes = await files.read(join(folder, segment.name)).catch((error: unknown) => {
      if (!isCode(error, 'ENOENT')) throw error;
      return null;
    });
    if (bytes === null) return lost(segment);
    countRecords(segment, bytes, seal); // before any of them is delivered
    const handle = async (found: Found): Promise<Fate> => {
      const fate = await fateOf(found);
      if (fate === 'done' && found.kind === 'record' && segment.records !== null) segment.records -= 1;
      return fate;
    };
    locked = null;
    deferredBytes = 0;
    const remains = await passThrough(scan(bytes), { flow, handle, stopped: stopping.signal });
    if (locked !== null) log.warn({ error: locked, segment: segment.name }, 'notices of the spool wait for their key');
    if (remains.lines.length === 0) {
      await files.remove(join(folder, segment.name)).catch((error: unknown) => {
        if (!isCode(error, 'ENOENT')) throw error;
      });
      segments.gone(segment.name);
      return;
    }
    if (remains.done > 0) {
      const left = Buffer.concat(remains.lines);
      await writeWhole(files, folder, segment.name, left);
      segment.bytes = left.length;
      segment.records = remains.lines.length;
    }
    // While Temporal is away nothing shows which records would be deferred.
    segment.deferredBytes = flow.down ? Math.min(segment.deferredBytes, segment.bytes) : deferredBytes;
    if (!stopping.signal.aborted) putOff(segment);
  }

  /** Polling finds what it told, later; if it is put back, whoever looks for what dead webhooks left takes it. */
  function lost(segment: Segment): void {
    const told = { segment: segment.name, notices: segment.records, bytes: segment.bytes };
    log.error(told, 'a segment of the spool was taken away before its notices were delivered');
    segments.gone(segment.name);
  }

  function putOff(segment: Segment): void {
    segment.retryAtMs = Date.now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** segment.tries);
    segment.tries += 1;
  }

  async function fateOf(found: Found): Promise<Fate> {
    if (found.kind === 'torn') {
      metrics.torn.inc();
      log.warn(
        { bytes: found.line.length },
        'the spool ends in a record that was not written to its end; it was never acknowledged',
      );
      return 'done';
    }
    if (found.kind === 'damaged') return damaged(found.line);
    const opened = readRecord(found, seal);
    if (opened.kind === 'unreadable') return damaged(found.line);
    if (opened.kind === 'locked') {
      locked = opened.error;
      return 'later';
    }
    return delivered(opened.record, found.line);
  }

  async function delivered(record: SpoolRecord, line: Buffer): Promise<Fate> {
    const begunMs = performance.now();
    const result = await outlet.deliver(record);
    metrics.replays.inc({ result });
    if (result === 'deferred') {
      deferrals += 1;
      deferredBytes += line.length;
      if (deferrals % DEFERRALS_A_TURN === 0) await turn();
      return 'later';
    }
    if (result === 'unavailable') {
      flow.failed(begunMs);
      return 'unreached';
    }
    if (flow.succeeded()) segments.forgive();
    const key = line.toString('latin1', 0, 19); // form and checksum
    if (result === 'refused') return refused(record, key);
    refusals.delete(key);
    return 'done';
  }

  async function refused({ text }: SpoolRecord, key: string): Promise<Fate> {
    const times = (refusals.get(key) ?? 0) + 1;
    refusals.set(key, times);
    if (times < REFUSALS_FOR_GOOD) return 'later';
    const told = outlet.describe(text);
    const names = told ?? { kind: 'unknown', clientUserId: null, humanId: null };
    const detail = told === null ? 'UNREADABLE' : 'INVALID_ARGUMENT';
    const fate = await setAside({ why: 'refused', detail, content: text, ...names });
    if (fate === 'done') refusals.delete(key);
    return fate;
  }

  function damaged(line: Buffer): Promise<Fate> {
    return setAside({ why: 'damaged', kind: 'bytes', clientUserId: null, humanId: null, detail: null, content: line });
  }

  /** What cannot be set aside stays where it is: nothing that was acknowledged is thrown away. */
  async function setAside(entry: SetAside): Promise<Fate> {
    const { why, kind, clientUserId, humanId } = entry;
    let result: 'kept' | 'full' | 'failed' = 'failed';
    let failure: unknown;
    try {
      result = await quarantine.put(entry);
    } catch (error) {
      failure = error;
    }
    metrics.quarantined.inc({ why, result });
    const fields = { why, kind, clientUserId, humanId, error: failure };
    if (result === 'kept') log.error(fields, 'a record of the spool was put into quarantine; look at it there');
    else
      log.error(
        fields,
        `a record belongs into quarantine, which is ${result === 'full' ? 'full: drop what is done with' : 'not to be written'}; it stays in the spool`,
      );
    return result === 'kept' ? 'done' : 'later';
  }

  async function pause(ms: number | null): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms + 1);
      ring = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopping.signal.aborted) ring();
    });
    ring = () => {};
  }
}
