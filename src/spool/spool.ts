import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { isCode } from '../disk/folders';
import type { FileEncryption } from '../domain/encryption';
import type { Logger } from '../observability/log';
import { withDeadline } from '../process/deadline';
import { openSpoolQuarantine, type Quarantine } from '../quarantine/quarantine';
import { diskFiles, type Files, writeAll } from './files';
import { removeLeftovers } from './leftovers';
import { createSpoolMetrics } from './metrics';
import { openPartition } from './partition';
import { encodeRecord, type SpoolRecord } from './record';
import { type DeliveryTarget, type Replay, startReplay } from './replay';
import { countRecords, createSegments } from './segments';
import { createWriter, DiskTooSlow } from './writer';

/** Notices on the disk of this host that Temporal does not have yet. */
export interface Spool {
  /**
   * Resolves when all texts (one line each) are on the disk; concurrent calls share a write and a sync. `isDeferred`: they wait for a budget and
   * not for Temporal; such texts fill at most half of the spool. @throws {SpoolUnavailable} by `untilMs` (ms since 1970)
   */
  append(texts: readonly string[], untilMs: number, options?: { readonly isDeferred?: boolean }): Promise<void>;
  /** Delivers all notices, also those of dead webhooks, until the spool is closed. */
  start(target: DeliveryTarget): void;
  /** False for some seconds after a failed write. */
  readonly healthy: boolean;
  readonly quarantine: Quarantine;
  /** Waits for running deliveries. The rest stays on the disk for the next process. */
  close(): Promise<void>;
}

/** The texts are not on the disk, as far as is known. The cause is the system's error. */
export class SpoolUnavailable extends Error {
  override readonly name = 'SpoolUnavailable';

  constructor(
    readonly kind: 'spool-full' | 'spool-deferred-full' | 'spool-failed' | 'spool-slow',
    cause?: unknown,
  ) {
    super(`the spool did not accept notices (${kind}); check the disk and WEBHOOK_SPOOL_MAX`, { cause });
  }
}

/** The time limit to create the folder and write a few bytes. A slower disk could not store a notice within the 3 s of a request. */
const OPEN_TIMEOUT_MS = 10_000;
/** Bytes in memory that wait for the disk: some seconds at a high load. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** The part of the cap for deferred notices: a flood of unknown people must leave space for notices that arrive while Temporal is away. */
const DEFERRED_SHARE = 0.5;
/** The interval of the claims of orphans. */
const CLAIM_EVERY_MS = 5_000;
const UNHEALTHY_FOR_MS = 5_000;
/** Records that are encrypted before the event loop gets a turn. */
const RECORDS_PER_TURN = 1_000;
/** A delivery that the end of the process interrupts is repeated later, which is harmless. */
const CLOSE_TIMEOUT_MS = 2_000;
export const DISK_FULL =
  'the disk of WEBHOOK_SPOOL is full: without Temporal, notices are answered with 503; make space';

export interface SpoolOptions {
  readonly folder: string;
  /** Cap of the bytes that this process has to deliver. */
  readonly maxBytes: number;
  readonly encryption: FileEncryption;
  readonly registry: Registry;
  readonly log: Logger;
  readonly files?: Files;
  readonly segmentBytes?: number;
  readonly openTimeoutMs?: number;
  readonly claimEveryMs?: number;
}

/**
 * Opens the spool in this folder, which is created, and writes a probe. If only the probe finds the disk full, the spool opens, because its own
 * notices may fill the disk until they are delivered. @throws PathTooLong; the system's error
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, maxBytes, encryption, log, files = diskFiles } = options;
  let isFull = false;
  const probe = async () => {
    await files.makeFolder(folder);
    isFull = await isDiskFull(folder, files);
  };
  await withDeadline(probe(), Date.now() + (options.openTimeoutMs ?? OPEN_TIMEOUT_MS), () => {
    throw Object.assign(new Error('the disk did not answer'), { code: 'ETIMEDOUT' });
  });
  // What cannot be removed now is removed at the next start.
  await removeLeftovers(folder).catch(() => undefined);
  const partition = await openPartition(folder, files, log);
  const segments = createSegments();
  const quarantine = openSpoolQuarantine(folder, encryption);
  const metrics = createSpoolMetrics(options.registry, segments, quarantine);
  const writer = createWriter({ partition, files, segments, segmentBytes: options.segmentBytes });
  let replay: Replay | null = null;
  let claimTimer: NodeJS.Timeout | null = null;
  let isClosed = false;
  let deferredInProgress = 0; // bytes
  let failedAtMs = isFull ? performance.now() : Number.NEGATIVE_INFINITY;
  if (isFull) log.error(DISK_FULL);
  await claimOrphans();

  return {
    async append(texts, untilMs, { isDeferred = false } = {}) {
      const atMs = Date.now();
      try {
        const lines = await encodeRecords(
          texts.map((text) => ({ atMs, text })),
          encryption,
        );
        const waitingBytes = writer.waitingBytes + lines.length;
        const total = segments.total();
        if (total.bytes + waitingBytes > maxBytes) throw new SpoolUnavailable('spool-full');
        const deferredBytes = total.deferredBytes + deferredInProgress + lines.length;
        if (isDeferred && deferredBytes > maxBytes * DEFERRED_SHARE) throw new SpoolUnavailable('spool-deferred-full');
        if (waitingBytes > MAX_WAITING_BYTES) throw new SpoolUnavailable('spool-slow');
        if (isDeferred) deferredInProgress += lines.length;
        await writer.append({ lines, records: texts.length, atMs, isDeferred }, untilMs).finally(() => {
          if (isDeferred) deferredInProgress -= lines.length;
        });
      } catch (error) {
        const unavailable = toUnavailable(error);
        if (unavailable.kind !== 'spool-deferred-full') failedAtMs = performance.now();
        metrics.writes.inc({ result: unavailable.kind.slice('spool-'.length) });
        throw unavailable;
      }
      failedAtMs = Number.NEGATIVE_INFINITY;
      metrics.writes.inc({ result: 'written' });
      metrics.writtenRecords.inc(texts.length);
      replay?.wake();
    },

    start(target) {
      replay = startReplay({
        partition,
        files,
        encryption,
        segments,
        quarantine,
        target,
        metrics,
        log,
        rotate: writer.rotate,
      });
      void countClaimed();
      claimTimer = setInterval(() => void claimOrphans(), options.claimEveryMs ?? CLAIM_EVERY_MS).unref();
    },

    get healthy() {
      return performance.now() - failedAtMs > UNHEALTHY_FOR_MS;
    },
    quarantine,

    async close() {
      isClosed = true;
      if (claimTimer !== null) clearInterval(claimTimer);
      const ended = Promise.all([replay?.stop(), writer.rotate()]).then(() => partition.release());
      await withDeadline(ended, Date.now() + CLOSE_TIMEOUT_MS, () => undefined);
    },
  };

  async function claimOrphans(): Promise<void> {
    let claimed = 0;
    try {
      await partition.recreate();
      await partition.claimOrphans(async (name) => {
        claimed += 1;
        // A segment of unknown size counts 0 bytes; one that is not added would never be delivered.
        segments.add(name, await files.size(join(partition.folder, name)).catch(() => 0));
      });
    } catch (error) {
      log.error({ error }, 'could not claim all notices of webhooks that ended; trying again');
    }
    if (claimed === 0) return;
    metrics.claimedSegments.inc(claimed);
    log.info({ segments: claimed }, 'claimed notices of a webhook that ended');
    if (replay !== null) void countClaimed();
    replay?.wake();
  }

  /** Counts the records of claimed segments. The replay may have counted some of them before. */
  async function countClaimed(): Promise<void> {
    for (let next = segments.nextUncounted(); next !== null && !isClosed; next = segments.nextUncounted()) {
      const bytes = await files.read(join(partition.folder, next.name)).catch(() => null);
      if (bytes === null) return; // the replay counts the rest
      countRecords(next, bytes, encryption);
      await turn();
    }
  }
}

/** Writes a file and removes it. @throws the system's error, other than that of a full disk */
async function isDiskFull(folder: string, files: Files): Promise<boolean> {
  const path = join(folder, `.probe-${randomBytes(6).toString('hex')}`);
  try {
    const probe = await files.create(path);
    try {
      await writeAll(probe, Buffer.from('probe\n'));
      await probe.sync();
    } finally {
      await probe.close();
      await files.remove(path);
    }
    return false;
  } catch (error) {
    if (!isFullDisk(error)) throw error;
    return true;
  }
}

/** Whether an error of the system is that of a full disk or quota. */
export function isFullDisk(error: unknown): boolean {
  return isCode(error, 'ENOSPC', 'EDQUOT');
}

async function encodeRecords(records: readonly SpoolRecord[], encryption: FileEncryption): Promise<Buffer> {
  const lines: Buffer[] = [];
  for (const [index, record] of records.entries()) {
    if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await turn();
    lines.push(encodeRecord(record, encryption));
  }
  return Buffer.concat(lines);
}

function toUnavailable(error: unknown): SpoolUnavailable {
  if (error instanceof SpoolUnavailable) return error;
  return new SpoolUnavailable(error instanceof DiskTooSlow ? 'spool-slow' : 'spool-failed', error);
}
