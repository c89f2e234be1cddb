import pLimit from 'p-limit';
import { type BatchRecord, type BatchRow, type BatchRowResult, openBatchFiles } from '../report-store/batch-files';
import { listRuns, toApplicantRun } from '../temporal/runs';
import { applicantWorkflowId, COLLECT_RECORDS } from '../workflows/contract';
import { readBatch } from './batches';
import { tryReadStore, tryReadTemporal } from './read-attempt';
import { readStore } from './unavailable';
import type { UseCaseDeps } from './use-cases';
import type { BatchResultRow } from './views';

const STORE_READS = 16;
/** The rows whose applicants exist. */
const WITH_APPLICANT: readonly string[] = ['started', 'running', 'closed', 'conflict'];
type Ending = Pick<BatchResultRow, 'stage' | 'outcome' | 'reason'>;
const NO_ENDING: Ending = { stage: null, outcome: null, reason: null };

/** One row a line of the file, in order, at any time. The first read happens before this resolves. @throws {NotFound}; {Unavailable} */
export async function readBatchResults(deps: UseCaseDeps, batchId: string): Promise<AsyncIterable<BatchResultRow>> {
  return readSegments(deps, await readBatch(deps, batchId));
}

async function* readSegments(
  deps: UseCaseDeps,
  { batchId, uploadId, segments }: BatchRecord,
): AsyncGenerator<BatchResultRow> {
  const files = openBatchFiles(deps.reportStore.shelf, deps.encryption);
  for (let segment = 0; segment < segments; segment += 1) {
    const rows = await readStore(async () => {
      const waiting = await files.readRows(uploadId, segment);
      const results = (await files.readResults(batchId, segment)) ?? [];
      // Of a segment that was paused, only the first rows have results. Its rows may have been removed since.
      return waiting === null || results.length >= waiting.length
        ? results
        : waiting.map((row, index) => results[index] ?? toPending(row));
    });
    yield* await withEndings(deps, rows);
  }
}

function toPending({ line, clientUserId, result, errors = [] }: BatchRow): BatchRowResult {
  return { line, clientUserId, result: result ?? 'pending', errors };
}

/** Adds what Temporal shows of the applicants; what it forgot, and the reasons, come from the manifests. Unknown parts stay null. */
async function withEndings(deps: UseCaseDeps, rows: readonly BatchRowResult[]): Promise<BatchResultRow[]> {
  const ids = rows.flatMap(({ clientUserId, result }) =>
    clientUserId !== null && WITH_APPLICANT.includes(result) ? [clientUserId] : [],
  );
  const endings = await readEndings(deps, ids);
  return pLimit(STORE_READS).map([...rows], async (row): Promise<BatchResultRow> => {
    const { clientUserId } = row;
    if (clientUserId === null || !ids.includes(clientUserId)) return { ...row, ...NO_ENDING };
    const ending = endings.get(clientUserId);
    if (ending !== undefined && ending.stage !== 'closed') return { ...row, ...ending };
    const { value: manifest } = await tryReadStore(deps.reportStore.readManifest(clientUserId));
    const { outcome = null, reason = null } = manifest ?? {};
    if (ending !== undefined) return { ...row, ...ending, reason: outcome === ending.outcome ? reason : null };
    return { ...row, ...(outcome === null ? NO_ENDING : { stage: 'closed' as const, outcome, reason }) };
  });
}

/** By clientUserId, of the newest runs. */
async function readEndings(deps: UseCaseDeps, ids: readonly string[]): Promise<ReadonlyMap<string, Ending>> {
  if (ids.length === 0) return new Map();
  const workflowIds = ids.map((id) => `"${applicantWorkflowId(id)}"`).join(', ');
  const query = `WorkflowType = "${COLLECT_RECORDS}" AND WorkflowId IN (${workflowIds})`;
  const { value } = await tryReadTemporal(listRuns(deps.client, query, { pageSize: 1_000 }));
  const runs = (value?.executions ?? []).flatMap((info) => toApplicantRun(info) ?? []);
  runs.sort((a, b) => a.startedAtMs - b.startedAtMs);
  return new Map(runs.map(({ clientUserId, stage, outcome }) => [clientUserId, { stage, outcome, reason: null }]));
}
