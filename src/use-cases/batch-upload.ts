import { createHash, randomUUID } from 'node:crypto';
import {
  type BatchFiles,
  type BatchRecord,
  type BatchRow,
  type InvalidRow,
  openBatchFiles,
} from '../report-store/batch-files';
import { createBatches } from '../temporal/batches';
import { applicantRows } from './applicants-file/applicants-file';
import { decodeText, NotApplicants } from './applicants-file/decode-text';
import { type JsonRow, jsonRows } from './applicants-file/json-rows';
import { viewBatch } from './batches';
import { InvalidInput, KeyReused, TooLarge } from './errors';
import { recordAct } from './record-act';
import { currentMs } from './run-sources';
import { startDeadlineMs } from './start-deadline';
import { changeTemporal, readStore } from './unavailable';
import type { Actor, BatchUpload, UseCaseDeps } from './use-cases';
import type { BatchCheckView, StartedBatch } from './views';

const MAX_ROWS = 1_000_000;
/** One activity starts them, and one file holds them. */
const SEGMENT_ROWS = 100;
const MAX_SHOWN_ERRORS = 20;
/** An upload that takes longer has failed. */
const STALE_UPLOAD_MS = 24 * 3_600_000;

/** What one reading of the file has found. */
interface FileCheck {
  readonly contentHash: string;
  readonly segments: number;
  readonly rows: number;
  readonly valid: number;
  readonly invalid: number;
  readonly firstErrors: readonly InvalidRow[];
}

type PutSegment = (segment: number, rows: readonly BatchRow[]) => Promise<void>;

/** Checks the file as a start of the batch would, and stores and starts nothing. @throws {InvalidInput}; {TooLarge} */
export async function checkBatch({ body, format }: BatchUpload): Promise<BatchCheckView> {
  const { rows, valid, invalid, firstErrors } = await readFile(body, format, async () => {});
  return { batchId: null, state: null, rows, valid, invalid, firstErrors };
}

/**
 * Stores the rows of the file, then starts the batch. The record is the commit: before it nothing is started, and what was stored is removed. The same
 * file, or the same key with the same file, is the batch that exists.
 * @throws {InvalidInput}; {TooLarge}; {KeyReused}; {Unavailable}
 */
export function startBatch(deps: UseCaseDeps, upload: BatchUpload, actor: Actor): Promise<StartedBatch> {
  return recordAct(deps, actor, { did: 'batch-start', clientUserId: undefined, detail: upload.format }, () =>
    storeAndStart(deps, upload, actor),
  );
}

async function storeAndStart(
  deps: UseCaseDeps,
  upload: BatchUpload,
  { who, onBehalfOf }: Actor,
): Promise<StartedBatch> {
  const files = openBatchFiles(deps.reportStore.shelf, deps.encryption);
  const nowMs = currentMs(deps);
  await removeStaleUploads(files, nowMs);
  const uploadId = `${nowMs}-${randomUUID()}`;
  try {
    const check = await readFile(upload.body, upload.format, (segment, rows) => files.putRows(uploadId, segment, rows));
    const identity = upload.key === null ? `content:${check.contentHash}` : `key:${upload.key}`;
    const { record, isNew } = await files.create({
      ...check,
      batchId: createHash('sha256').update(identity).digest('hex').slice(0, 32),
      uploadId,
      policy: deps.policy,
      startedBy: who,
      ...(onBehalfOf !== undefined && { onBehalfOf }),
      createdAt: new Date(nowMs).toISOString(),
      control: 'run',
      processed: 0,
      counts: {},
      endedAt: null,
    });
    if (!isNew) await files.removeUpload(uploadId);
    if (record.contentHash !== check.contentHash) throw new KeyReused();
    // Also of a batch that exists: the call that created it may have ended before this.
    if (record.endedAt === null)
      await changeTemporal(() => createBatches(deps).start(record.batchId, startDeadlineMs()));
    return { batch: viewBatch(record, nowMs), isNew };
  } catch (error) {
    if (!(await isReferenced(files, uploadId, error))) await files.removeUpload(uploadId).catch(() => undefined);
    throw error;
  }
}

/** After the record was created, a failure is one of Temporal: the rows are needed. */
async function isReferenced(files: BatchFiles, uploadId: string, error: unknown): Promise<boolean> {
  if (error instanceof InvalidInput || error instanceof TooLarge || error instanceof KeyReused) return false;
  const records = await listRecords(files).catch(() => null);
  return records === null || records.some((record) => record.uploadId === uploadId);
}

async function removeStaleUploads(files: BatchFiles, nowMs: number): Promise<void> {
  const stale = (await readStore(() => files.listUploads())).filter(
    (uploadId) => nowMs - Number.parseInt(uploadId, 10) > STALE_UPLOAD_MS,
  );
  if (stale.length === 0) return;
  const needed = new Set((await listRecords(files)).map(({ uploadId }) => uploadId));
  for (const uploadId of stale) if (!needed.has(uploadId)) await files.removeUpload(uploadId);
}

async function listRecords(files: BatchFiles): Promise<readonly BatchRecord[]> {
  const records: BatchRecord[] = [];
  for (const batchId of await files.list()) {
    const record = await files.read(batchId);
    if (record !== null) records.push(record);
  }
  return records;
}

/** Reads the file once, in constant memory except for the ids. @throws {InvalidInput} for another kind of file; {TooLarge} */
async function readFile(
  body: AsyncIterable<Uint8Array>,
  format: BatchUpload['format'],
  putSegment: PutSegment,
): Promise<FileCheck> {
  const hash = createHash('sha256').update(`${format}\n`);
  const found = { segments: 0, rows: 0, valid: 0, invalid: 0, firstErrors: [] as InvalidRow[] };
  const ids = new Map<string, string>();
  let segment: BatchRow[] = [];
  const flush = async () => {
    if (segment.length === 0) return;
    await putSegment(found.segments, segment);
    found.segments += 1;
    segment = [];
  };
  try {
    const text = decodeText(hashed(body, hash));
    for await (const read of format === 'csv' ? applicantRows(text) : jsonRows(text)) {
      const row = toBatchRow(read, ids);
      found.rows += 1;
      if (found.rows > MAX_ROWS) throw new TooLarge(`expected at most ${MAX_ROWS} rows`);
      if (row.applicant) found.valid += 1;
      if (row.result === 'invalid') {
        found.invalid += 1;
        const { line, clientUserId, errors = [] } = row;
        if (found.firstErrors.length < MAX_SHOWN_ERRORS) found.firstErrors.push({ line, clientUserId, errors });
      }
      segment.push(row);
      if (segment.length === SEGMENT_ROWS) await flush();
    }
    await flush();
  } catch (error) {
    if (!(error instanceof NotApplicants)) throw error;
    throw new InvalidInput('body', [{ pointer: '', code: 'format', expected: error.message }]);
  }
  if (found.rows === 0) {
    throw new InvalidInput('body', [{ pointer: '', code: 'format', expected: 'a file with at least one applicant' }]);
  }
  return { ...found, contentHash: hash.digest('hex') };
}

async function* hashed(
  body: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The first row of an id counts, also if later ones have other details. */
function toBatchRow({ line, checked, ...more }: JsonRow, ids: Map<string, string>): BatchRow {
  if (!checked.ok) return { line, clientUserId: checked.clientUserId, result: 'invalid', errors: checked.errors };
  const { details, autoInvite } = checked;
  const { clientUserId } = details;
  const known = ids.get(clientUserId.toLowerCase());
  if (known === clientUserId) return { line, clientUserId, result: 'duplicate-in-file' };
  if (known !== undefined) {
    const expected = 'an id that differs from that of an earlier line in more than upper and lower case';
    return { line, clientUserId, result: 'invalid', errors: [{ field: 'clientUserId', expected }] };
  }
  // A part of a string keeps all of it in memory.
  const copy = Buffer.from(clientUserId).toString('latin1');
  ids.set(copy.toLowerCase(), copy);
  return { line, clientUserId, applicant: { details, autoInvite, ...more } };
}
