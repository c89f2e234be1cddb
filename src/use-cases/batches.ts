import pLimit from 'p-limit';
import { type BatchRecord, openBatchFiles, ROW_RESULTS } from '../report-store/batch-files';
import { createBatches } from '../temporal/batches';
import { alteredCursor, decodeCursor, encodeCursor } from './cursor';
import { BatchEnded, NotFound } from './errors';
import { recordAct } from './record-act';
import { currentMs } from './run-sources';
import { changeTemporal, readStore } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { BatchPage, BatchView, SteeredBatch } from './views';

const STORE_READS = 16;
const FILTERS = 'batches';
const ACTS = {
  pause: { control: 'pause', did: 'batch-pause' },
  resume: { control: 'run', did: 'batch-resume' },
  cancel: { control: 'cancel', did: 'batch-cancel' },
} as const;
export type BatchAct = keyof typeof ACTS;

/** The batches, the newest first. @throws {InvalidInput} for another cursor; {Unavailable} */
export async function listBatches(
  deps: UseCaseDeps,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | null },
): Promise<BatchPage> {
  const nowMs = currentMs(deps);
  const files = openBatchFiles(deps.reportStore.shelf, deps.encryption);
  const begin = cursor === null ? null : decodeCursor(cursor, FILTERS, nowMs);
  if (begin?.token === '') throw alteredCursor();
  const records = await readStore(async () =>
    pLimit(STORE_READS).map([...(await files.list())], (batchId) => files.read(batchId)),
  );
  const keyOf = ({ createdAt, batchId }: BatchRecord) => `${createdAt} ${batchId}`;
  const all = records.flatMap((record) => record ?? []).sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
  const rest = begin === null ? all : all.filter((record) => keyOf(record) < begin.token);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const next = { token: last ? keyOf(last) : '', beganAtMs: begin?.beganAtMs ?? nowMs, listed: [] };
  return {
    items: page.map((record) => viewBatch(record, nowMs)),
    nextCursor: rest.length > limit ? encodeCursor(next, FILTERS, nowMs) : null,
    asOf: new Date(nowMs).toISOString(),
  };
}

/** @throws {NotFound}; {Unavailable} */
export async function showBatch(deps: UseCaseDeps, batchId: string): Promise<BatchView> {
  return viewBatch(await readBatch(deps, batchId), currentMs(deps));
}

/** @throws {NotFound}; {Unavailable} */
export async function readBatch(deps: UseCaseDeps, batchId: string): Promise<BatchRecord> {
  const record = await readStore(() => openBatchFiles(deps.reportStore.shelf, deps.encryption).read(batchId));
  if (record === null) throw new NotFound('the report store has no such batch');
  return record;
}

/** Needs no worker: the record has the request, and the workflow reads it. Cancelling withdraws no one. @throws {NotFound}; {BatchEnded}; {Unavailable} */
export function steerBatch(deps: UseCaseDeps, batchId: string, act: BatchAct, actor: Actor): Promise<SteeredBatch> {
  const { control, did } = ACTS[act];
  return recordAct(deps, actor, { did, clientUserId: undefined, detail: batchId }, async () => {
    const files = openBatchFiles(deps.reportStore.shelf, deps.encryption);
    const before = await readBatch(deps, batchId);
    const isSame = before.control === control;
    const isEnded = before.endedAt !== null || before.control === 'cancel';
    if (isEnded && !isSame) throw new BatchEnded(viewBatch(before, currentMs(deps)));
    const after = await readStore(() =>
      files.change(batchId, (record) =>
        record.endedAt === null && record.control !== 'cancel' ? { ...record, control } : record,
      ),
    );
    if (before.endedAt === null) await changeTemporal(() => createBatches(deps).wake(batchId));
    return { batch: viewBatch(after ?? before, currentMs(deps)), done: isSame ? 'already' : 'accepted' };
  });
}

/** `rate`: rows a second since the batch was created, pauses included; null before the first segment. */
export function viewBatch(record: BatchRecord, nowMs: number): BatchView {
  const { batchId, rows, valid, invalid, firstErrors, startedBy, createdAt, endedAt, control } = record;
  const processed = Object.values(record.counts).reduce((sum, count) => sum + count, 0);
  const pending = rows - processed;
  const untilMs = endedAt === null ? nowMs : Date.parse(endedAt);
  const seconds = Math.max(1, (untilMs - Date.parse(createdAt)) / 1_000);
  const rate = processed === 0 ? null : Math.round((processed / seconds) * 100) / 100;
  const isRunning = endedAt === null && control === 'run';
  const etaMs = isRunning && rate !== null && rate > 0 ? nowMs + (pending / rate) * 1_000 : null;
  return {
    batchId,
    state: stateOf(record),
    rows,
    valid,
    invalid,
    counts: Object.fromEntries(
      ROW_RESULTS.map((result) => [result, result === 'pending' ? pending : (record.counts[result] ?? 0)]),
    ) as BatchView['counts'],
    firstErrors,
    rate,
    etaAt: etaMs === null ? null : new Date(etaMs).toISOString(),
    startedBy,
    createdAt,
    endedAt,
  };
}

function stateOf({ control, endedAt }: BatchRecord): BatchView['state'] {
  if (control === 'cancel') return 'cancelled';
  if (endedAt !== null) return 'done';
  return control === 'pause' ? 'paused' : 'running';
}
