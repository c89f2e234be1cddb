import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Cipher } from '../domain/encryption';
import type { Logger } from '../observability/log';
import { diskFiles, type Files, writeAll } from './files';
import { createSpoolMetrics } from './metrics';
import { openPlace } from './place';
import { openQuarantine, type Quarantine } from './quarantine';
import { type SpoolRecord, writeRecord } from './record';
import { type Outlet, type Replay, startReplay } from './replay';
import { countRecords, createSegments } from './segments';
import { createWriter, TookTooLong } from './writer';

/** Notices on this host's disk, until their outlet has taken them. */
export interface Spool {
  /**
   * Resolves when all of the texts (one line each) are on the disk for good, in one write and one sync shared with whoever writes at the same time.
   * `isDeferred`: they wait for their turn, not for Temporal, and together may take half of the spool.
   * @throws {SpoolUnavailable} by `untilMs` (ms since 1970) at the latest
   */
  append(texts: readonly string[], untilMs: number, options?: { readonly isDeferred?: boolean }): Promise<void>;
  /** Begins to deliver what lies there, also what dead webhooks left, and goes on until it is closed. */
  start(outlet: Outlet): void;
  /** False for some seconds after a write failed. */
  readonly healthy: boolean;
  readonly quarantine: Quarantine;
  /** Lets deliveries under way end; what is left stays on the disk for the next process. */
  close(): Promise<void>;
}

/** The texts are not on the disk, as far as is known; the cause is the system's error. */
class SpoolUnavailable extends Error {
  override readonly name = 'SpoolUnavailable';

  constructor(
    readonly kind: 'spool-full' | 'spool-deferred-full' | 'spool-failed' | 'spool-slow',
    cause?: unknown,
  ) {
    super(`expected the spool to take notices, it did not (${kind}); look at the disk and at WEBHOOK_SPOOL_MAX`, {
      cause,
    });
  }
}

/** To make the folder and write a few bytes: a disk that takes longer keeps no notice within 3 s. */
const OPEN_TIMEOUT_MS = 10_000;
/** In memory, for a disk that does not answer: some seconds of a great load. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** Of the cap: a flood of made-up persons must leave room for what comes while Temporal is away. */
const DEFERRED_SHARE = 0.5;
/** A dead webhook's notices wait so long at most, while another lives. */
const ADOPT_EVERY_MS = 5_000;
/** So long after a failed write the spool counts as broken; then the next request shows. */
const BROKEN_FOR_MS = 5_000;
/** So many records at a time are sealed and checked before others have their turn. */
const RECORDS_A_TURN = 1_000;
/** A delivery under way at the end is waited for so long; it is done again otherwise, which is harmless. */
const STOP_AFTER_MS = 2_000;

/** Opens the spool in this folder, which is made, and proves that it can be written. @throws PathTooLong; the system's error */
export async function openSpool(options: {
  readonly folder: string;
  /** Of all that lies there and is ours to deliver; beyond it nothing more is taken. */
  readonly maxBytes: number;
  readonly seal: Cipher | null;
  readonly registry: Registry;
  readonly log: Logger;
  readonly files?: Files;
  readonly segmentBytes?: number;
  /** How long the disk may take at the start. */
  readonly openTimeoutMs?: number;
  /** How often what dead webhooks left is looked for. */
  readonly adoptEveryMs?: number;
}): Promise<Spool> {
  const { folder, maxBytes, seal, log, files = diskFiles } = options;
  await inTime(options.openTimeoutMs ?? OPEN_TIMEOUT_MS, async () => {
    await files.makeFolder(folder);
    await proveWritable(folder, files);
  });
  const place = await openPlace(folder, files, log);
  const segments = createSegments();
  const quarantine = openQuarantine({ spoolFolder: folder, seal, files });
  const metrics = createSpoolMetrics(options.registry, segments, quarantine);
  const ledger = { name: () => place.part.segmentName(), grown: segments.grown, finished: segments.finished };
  const writer = createWriter({ place, files, ledger, segmentBytes: options.segmentBytes });
  let replay: Replay | null = null;
  let adoption: NodeJS.Timeout | null = null;
  let closed = false;
  let deferredUnderWay = 0; // bytes
  let brokenAtMs = Number.NEGATIVE_INFINITY;
  await adopt();

  return {
    async append(texts, untilMs, { isDeferred = false } = {}) {
      const atMs = Date.now();
      try {
        const lines = await linesOf(
          texts.map((text) => ({ atMs, text })),
          seal,
        );
        const waitingBytes = writer.waitingBytes + lines.length;
        const total = segments.total();
        if (total.bytes + waitingBytes > maxBytes) throw new SpoolUnavailable('spool-full');
        const deferredBytes = total.deferredBytes + deferredUnderWay + lines.length;
        if (isDeferred && deferredBytes > maxBytes * DEFERRED_SHARE) throw new SpoolUnavailable('spool-deferred-full');
        if (waitingBytes > MAX_WAITING_BYTES) throw new SpoolUnavailable('spool-slow');
        if (isDeferred) deferredUnderWay += lines.length;
        await writer.append({ lines, records: texts.length, atMs, isDeferred }, untilMs).finally(() => {
          if (isDeferred) deferredUnderWay -= lines.length;
        });
      } catch (error) {
        const unavailable = unavailableBy(error);
        if (unavailable.kind !== 'spool-deferred-full') brokenAtMs = performance.now();
        metrics.writes.inc({ result: unavailable.kind.slice('spool-'.length) });
        throw unavailable;
      }
      brokenAtMs = Number.NEGATIVE_INFINITY;
      metrics.writes.inc({ result: 'written' });
      metrics.written.inc(texts.length);
      replay?.wake();
    },

    start(outlet) {
      replay = startReplay({
        ...{ place, files, seal, segments, quarantine, outlet, metrics, log },
        rotate: writer.rotate,
      });
      void count();
      adoption = setInterval(() => void adopt(), options.adoptEveryMs ?? ADOPT_EVERY_MS).unref();
    },

    get healthy() {
      return performance.now() - brokenAtMs > BROKEN_FOR_MS;
    },
    quarantine,

    async close() {
      closed = true;
      if (adoption !== null) clearInterval(adoption);
      const ended = Promise.all([replay?.stop(), writer.rotate()]).then(() => place.part.release());
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_AFTER_MS).unref())]);
    },
  };

  async function adopt(): Promise<void> {
    let taken = 0;
    try {
      await place.renew();
      const { part } = place;
      await part.adopt(async (name) => {
        taken += 1;
        // A size that cannot be had counts for nothing; a segment that nobody knows of is never delivered.
        segments.found(name, await files.size(join(part.folder, name)).catch(() => 0));
      });
    } catch (error) {
      log.error({ error }, 'could not take over everything that other webhooks left; what is left is tried again');
    }
    if (taken === 0) return;
    metrics.adopted.inc(taken);
    log.info({ segments: taken }, 'took over notices that a webhook left');
    if (replay !== null) void count();
    replay?.wake();
  }

  /** Depth and age of what was found, one segment after the other; the replay may be through with some before. */
  async function count(): Promise<void> {
    for (let segment = segments.uncounted(); segment !== null && !closed; segment = segments.uncounted()) {
      const bytes = await files.read(join(place.part.folder, segment.name)).catch(() => Buffer.alloc(0));
      countRecords(segment, bytes, seal);
      await turn();
    }
  }
}

/** A disk that does not answer shows it at the start, too. */
async function inTime(timeoutMs: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error('expected the disk to answer, it did not'), { code: 'ETIMEDOUT' });
    timer = setTimeout(reject, timeoutMs, error);
  });
  await Promise.race([work(), tooLate]).finally(() => clearTimeout(timer));
}

/** A folder that can be made and not written shows it at the start, not at the first outage. */
async function proveWritable(folder: string, files: Files): Promise<void> {
  const path = join(folder, `.probe-${randomBytes(6).toString('hex')}`);
  const probe = await files.create(path);
  try {
    await writeAll(probe, Buffer.from('probe\n'));
    await probe.sync();
  } finally {
    await probe.close();
    await files.remove(path);
  }
}

async function linesOf(records: readonly SpoolRecord[], seal: Cipher | null): Promise<Buffer> {
  const lines: Buffer[] = [];
  for (const [index, record] of records.entries()) {
    if (index % RECORDS_A_TURN === RECORDS_A_TURN - 1) await turn();
    lines.push(writeRecord(record, seal));
  }
  return Buffer.concat(lines);
}

function unavailableBy(error: unknown): SpoolUnavailable {
  if (error instanceof SpoolUnavailable) return error;
  return new SpoolUnavailable(error instanceof TookTooLong ? 'spool-slow' : 'spool-failed', error);
}
