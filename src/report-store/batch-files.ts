import type { FileEncryption } from '../domain/encryption';
import type { Policy } from '../domain/policy';
import type { Wanted } from '../domain/reports';
import { openEncryptedShelf, parseStoredJson } from './encrypted-shelf';
import type { Shelf } from './shelf';

export const ROW_RESULTS = [
  'started',
  'running',
  'closed',
  'conflict',
  'invalid',
  'duplicate-in-file',
  'cancelled',
  'pending',
] as const;
/** What became of a row. `running`, `closed`: the applicant was started before, with the same details; `conflict`: with other details. */
export type RowResult = (typeof ROW_RESULTS)[number];

/** An invalid field of a row, without its value. `field`: a column, or `row`. */
export interface RowFault {
  readonly field: string;
  readonly expected: string;
}

/** The details of a row, as the workflow gets them. */
export interface BatchApplicant {
  readonly details: {
    readonly clientUserId: string;
    readonly clientUserEmail: string;
    readonly firstName?: string;
    readonly lastName?: string;
    readonly dateOfBirth?: string;
    readonly suggestedSources?: readonly string[];
  };
  readonly autoInvite: boolean;
  readonly reports?: Wanted;
  readonly authorizationReference?: string;
}

/** A row of the file. `line`: its first line, from 1. `clientUserId` null: it is invalid. */
export interface BatchRow {
  readonly line: number;
  readonly clientUserId: string | null;
  /** Absent: the row is not started, because of `result`. */
  readonly applicant?: BatchApplicant;
  readonly result?: 'invalid' | 'duplicate-in-file';
  readonly errors?: readonly RowFault[];
}

/** The result of a row. Holds no personal value. */
export interface BatchRowResult {
  readonly line: number;
  readonly clientUserId: string | null;
  readonly result: RowResult;
  readonly errors: readonly RowFault[];
}

/** What starting a row came to. */
export type RowEnd = Pick<BatchRowResult, 'result' | 'errors'>;

export interface InvalidRow {
  readonly line: number;
  readonly clientUserId: string | null;
  readonly errors: readonly RowFault[];
}

/** A batch. Times are ISO 8601. */
export interface BatchRecord {
  readonly batchId: string;
  /** The segments of rows are stored under it until they are processed. */
  readonly uploadId: string;
  readonly contentHash: string;
  readonly segments: number;
  readonly rows: number;
  readonly valid: number;
  readonly invalid: number;
  readonly firstErrors: readonly InvalidRow[];
  readonly policy: Policy;
  readonly startedBy: string;
  readonly onBehalfOf?: string;
  readonly createdAt: string;
  /** What an operator requested. */
  readonly control: 'run' | 'pause' | 'cancel';
  /** How many segments are processed. */
  readonly processed: number;
  readonly counts: Readonly<Partial<Record<RowResult, number>>>;
  /** When the last row was processed; null before. */
  readonly endedAt: string | null;
}

/** The batches in the report store: a record, the segments of its rows while they wait, and the segments of its results. */
export interface BatchFiles {
  putRows(uploadId: string, segment: number, rows: readonly BatchRow[]): Promise<void>;
  /** Null once the segment is processed. */
  readRows(uploadId: string, segment: number): Promise<readonly BatchRow[] | null>;
  removeRows(uploadId: string, segment: number): Promise<void>;
  putResults(batchId: string, segment: number, results: readonly BatchRowResult[]): Promise<void>;
  readResults(batchId: string, segment: number): Promise<readonly BatchRowResult[] | null>;
  /** Creates the record, or returns the one that exists. */
  create(record: BatchRecord): Promise<{ readonly record: BatchRecord; readonly isNew: boolean }>;
  read(batchId: string): Promise<BatchRecord | null>;
  /** Changes the record under a lock; null without one. */
  change(batchId: string, change: (record: BatchRecord) => BatchRecord): Promise<BatchRecord | null>;
  /** The ids of all batches. */
  list(): Promise<readonly string[]>;
  /** The clientUserIds that were erased while the batch ran: their rows must not start. */
  listErased(batchId: string): Promise<ReadonlySet<string>>;
  /** Removes what only a running batch needs. */
  removeMarks(batchId: string): Promise<void>;
  /** Removes what an upload has stored. */
  removeUpload(uploadId: string): Promise<void>;
  /** The ids of all uploads with rows. */
  listUploads(): Promise<readonly string[]>;
}

export function openBatchFiles(shelf: Shelf, encryption: FileEncryption): BatchFiles {
  const files = openEncryptedShelf(shelf, encryption);
  const put = (name: string, value: unknown) => files.put(name, toBytes(value));
  const get = async <T>(name: string) => parse<T>(await files.get(name));

  async function update(batchId: string, change: (record: BatchRecord | null) => BatchRecord | null) {
    let after: BatchRecord | null = null;
    await files.update(recordName(batchId), (bytes) => {
      const before = parse<BatchRecord>(bytes);
      after = change(before);
      return after === null || after === before ? 'keep' : toBytes(after);
    });
    return after as BatchRecord | null;
  }

  return {
    putRows: (uploadId, segment, rows) => put(rowsName(uploadId, segment), rows),
    readRows: (uploadId, segment) => get<readonly BatchRow[]>(rowsName(uploadId, segment)),
    removeRows: async (uploadId, segment) => void (await files.remove(rowsName(uploadId, segment))),
    putResults: (batchId, segment, results) => put(resultsName(batchId, segment), results),
    readResults: (batchId, segment) => get<readonly BatchRowResult[]>(resultsName(batchId, segment)),
    async create(record) {
      let isNew = false;
      // First, so that no erasure misses a batch.
      await shelf.put(runningName(record.batchId), Buffer.alloc(0));
      const created = await update(record.batchId, (known) => {
        isNew = known === null;
        return known ?? record;
      });
      if (created?.endedAt) await shelf.remove(runningName(record.batchId));
      return { record: created ?? record, isNew };
    },
    async listErased(batchId) {
      const prefix = erasedName(batchId, '');
      return new Set((await shelf.list(prefix)).map((name) => name.slice(prefix.length)));
    },
    async removeMarks(batchId) {
      await shelf.remove(runningName(batchId));
      for (const name of await shelf.list(erasedName(batchId, ''))) await shelf.remove(name);
    },
    read: (batchId) => get<BatchRecord>(recordName(batchId)),
    change: (batchId, change) => update(batchId, (record) => record && change(record)),
    list: async () => (await files.list('batches/')).map((name) => name.slice('batches/'.length, -'.json'.length)),
    async removeUpload(uploadId) {
      for (const name of await files.list(`batch-rows/${uploadId}/`)) await files.remove(name);
    },
    listUploads: async () => [...new Set((await files.list('batch-rows/')).map((name) => name.split('/')[1] ?? ''))],
  };
}

/** Marks an erased applicant in every batch that runs, so that a row that still waits does not start it again. */
export async function markErased(shelf: Shelf, clientUserId: string): Promise<void> {
  for (const name of await shelf.list(RUNNING)) {
    await shelf.put(erasedName(name.slice(RUNNING.length), clientUserId), Buffer.alloc(0));
  }
}

const RUNNING = 'batch-running/';

function runningName(batchId: string): string {
  return `${RUNNING}${batchId}`;
}

function erasedName(batchId: string, clientUserId: string): string {
  return `batch-erased/${batchId}/${clientUserId}`;
}

function recordName(batchId: string): string {
  return `batches/${batchId}.json`;
}

function rowsName(uploadId: string, segment: number): string {
  return `batch-rows/${uploadId}/${segment}`;
}

function resultsName(batchId: string, segment: number): string {
  return `batch-results/${batchId}/${segment}`;
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function parse<T>(bytes: Buffer | null): T | null {
  return bytes && parseStoredJson<T>(bytes);
}
