import { activityInfo, heartbeat } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import pLimit from 'p-limit';
import type { FileEncryption } from '../domain/encryption';
import type { EventRecorder } from '../events/recorder';
import {
  type BatchApplicant,
  type BatchRecord,
  type BatchRow,
  type BatchRowResult,
  openBatchFiles,
  type RowEnd,
  type RowResult,
} from '../report-store/batch-files';
import type { ReportStore } from '../report-store/port';
import { translateStoreErrors } from './store';

export interface BatchDeps {
  readonly reportStore: ReportStore;
  readonly noticeEncryption: FileEncryption;
  readonly events: EventRecorder;
  readonly batches: {
    /** Throws what Temporal's client throws. */
    countInviting(): Promise<number>;
    /**
     * Starts an applicant, or finds the one that exists, and writes the audit lines. `started` also if this batch started it before.
     * @throws what Temporal's client, the store and the audit log throw
     */
    startRow(applicant: BatchApplicant, batch: BatchRecord): Promise<RowEnd>;
    /** Whether this batch started the newest run of an applicant. Throws what Temporal's client throws. */
    isStartedBy(clientUserId: string, batchId: string): Promise<boolean>;
  };
}

/** `more`: there are more segments. */
export type BatchStep = 'more' | 'paused' | 'done';

/** At most about this many applicants wait for their invitation at a time: a minute of work or more at a sixth of upstream's usual rate. */
const WINDOW = 200;
/** A chunk of rows starts after one look at the window. */
const CHUNK_ROWS = 50;
const CONCURRENCY = 20;
/** How long to wait for room. */
const ROOM_DELAY_MS = 5_000;

/** What an attempt has done of the segment. */
interface SegmentProgress {
  readonly segment: number;
  readonly results: readonly BatchRowResult[];
}

export function createBatchActivities({ reportStore, noticeEncryption, events, batches }: BatchDeps) {
  const files = openBatchFiles(reportStore.shelf, noticeEncryption);
  return {
    /** Processes the next segment of a batch. A repeat continues it. */
    async processSegment({ batchId }: { readonly batchId: string }): Promise<BatchStep> {
      const record = await readRecord(batchId);
      if (record === null || record.endedAt !== null) return 'done';
      const { processed, segments, uploadId, control } = record;
      if (processed < segments) {
        if (control === 'pause') return 'paused';
        const rows = await translateStoreErrors(() => files.readRows(uploadId, processed));
        // Null: an earlier attempt has written the results, and removed the rows.
        const isPaused = rows !== null && (await processRows(record, rows)) === 'paused';
        if (isPaused) return 'paused';
        await finishSegment(batchId, processed);
      }
      const after = await readRecord(batchId);
      if (after === null || after.processed < after.segments) return after === null ? 'done' : 'more';
      await finishBatch(after);
      return 'done';
    },
  };

  function readRecord(batchId: string): Promise<BatchRecord | null> {
    return translateStoreErrors(() => files.read(batchId));
  }

  /** Writes the results of the segment that `record` is at, then removes its rows. */
  async function processRows(record: BatchRecord, rows: readonly BatchRow[]): Promise<'paused' | 'done'> {
    const { batchId, uploadId, processed: segment } = record;
    const before = activityInfo().heartbeatDetails as SegmentProgress | undefined;
    // After a pause the results so far are stored.
    const known = before?.segment === segment ? before.results : await readResults(batchId, segment);
    const results: BatchRowResult[] = [...known];
    while (results.length < rows.length) {
      const { control } = (await readRecord(batchId)) ?? { control: 'cancel' };
      const chunk = rows.slice(results.length, results.length + CHUNK_ROWS);
      if (control === 'pause') {
        await translateStoreErrors(() => files.putResults(batchId, segment, results));
        return 'paused';
      }
      if (control === 'run') await waitForRoom(chunk);
      const erased = await translateStoreErrors(() => files.listErased(batchId));
      const isCancelled = ({ clientUserId }: BatchRow) => control === 'cancel' || erased.has(clientUserId ?? '');
      const mayBeStarted = results.length === known.length && (activityInfo().attempt > 1 || known.length > 0);
      results.push(...(await startRows(record, chunk, isCancelled, mayBeStarted)));
      heartbeat({ segment, results } satisfies SegmentProgress);
    }
    await translateStoreErrors(async () => {
      await files.putResults(batchId, segment, results);
      await files.removeRows(uploadId, segment);
    });
    return 'done';
  }

  async function readResults(batchId: string, segment: number): Promise<readonly BatchRowResult[]> {
    return (await translateStoreErrors(() => files.readResults(batchId, segment))) ?? [];
  }

  async function waitForRoom(chunk: readonly BatchRow[]): Promise<void> {
    const starts = chunk.filter(({ applicant }) => applicant !== undefined).length;
    if (starts === 0 || (await batches.countInviting()) + starts <= WINDOW) return;
    throw ApplicationFailure.create({
      message: 'many applicants wait for their invitation, so the next rows wait',
      type: 'BatchWaits',
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: ROOM_DELAY_MS,
    });
  }

  function startRows(
    record: BatchRecord,
    chunk: readonly BatchRow[],
    isCancelled: (row: BatchRow) => boolean,
    mayBeStarted: boolean,
  ): Promise<BatchRowResult[]> {
    const limit = pLimit(CONCURRENCY);
    return limit.map(chunk, async (row): Promise<BatchRowResult> => {
      const { line, clientUserId, applicant, result, errors = [] } = row;
      const toResult = (of: RowResult) => ({ line, clientUserId, result: of, errors });
      if (result !== undefined || applicant === undefined) return toResult(result ?? 'invalid');
      if (!isCancelled(row)) return { line, clientUserId, ...(await batches.startRow(applicant, record)) };
      // An interrupted attempt may have started it before the batch was cancelled.
      const { batchId } = record;
      const isStarted = mayBeStarted && (await batches.isStartedBy(applicant.details.clientUserId, batchId));
      return toResult(isStarted ? 'started' : 'cancelled');
    });
  }

  /** Adds the results of a segment to the counts, once. */
  async function finishSegment(batchId: string, segment: number): Promise<void> {
    await translateStoreErrors(async () => {
      const results = await readResults(batchId, segment);
      await files.change(batchId, (record) => {
        if (record.processed !== segment) return record;
        const counts = { ...record.counts };
        for (const { result } of results) counts[result] = (counts[result] ?? 0) + 1;
        return { ...record, processed: segment + 1, counts };
      });
    });
  }

  async function finishBatch({ batchId, counts, rows }: BatchRecord): Promise<void> {
    const subject = { kind: 'batch', id: batchId } as const;
    const draft = { type: 'batch.done', atMs: Date.now(), round: null, data: { rows, counts } } as const;
    await translateStoreErrors(() => events.append(subject, { writer: 'batch', from: 0, drafts: [draft] }));
    await events.requestDeliveries(subject);
    await translateStoreErrors(() => files.removeMarks(batchId));
    const endedAt = new Date().toISOString();
    await translateStoreErrors(() =>
      files.change(batchId, (record) => (record.endedAt === null ? { ...record, endedAt } : record)),
    );
  }
}
