import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import { OUTCOMES, type Outcome, STAGES, type Stage } from '../domain/outcome';
import { applicantWorkflowId, COLLECT_RECORDS } from '../workflows/contract';
import { keywordIn } from './raw-answers';

/** One applicant of a list, by its newest run. The reason is not listed: it stands in the run's result. */
export interface ListedApplicant {
  readonly clientUserId: string;
  readonly runId: string;
  readonly open: boolean;
  /** Null where the search attribute is missing or cannot be read. */
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  readonly startedAtMs: number;
  readonly closedAtMs: number | null;
}

const ID_PREFIX = applicantWorkflowId('');
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 3_000;

/**
 * The applicants of a task queue, `most` at most: first the open ones, then those that closed last (Temporal's own order). Some seconds late,
 * as every list of Temporal's. Raw, because the client's `list()` ends at the first run that it cannot decode. @throws what the client throws
 */
export async function listApplicants(
  client: Client,
  taskQueue: string,
  most: number,
): Promise<readonly ListedApplicant[]> {
  const { namespace } = client.options;
  const query = `WorkflowType = "${COLLECT_RECORDS}" AND TaskQueue = "${taskQueue}" AND ExecutionStatus != "ContinuedAsNew"`;
  const { executions } = await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
    client.workflowService.listWorkflowExecutions({ namespace, pageSize: most, query }),
  );
  const newest = new Map<string, ListedApplicant>();
  for (const applicant of (executions ?? []).flatMap(applicantIn)) {
    const other = newest.get(applicant.clientUserId);
    if (!other || other.startedAtMs < applicant.startedAtMs) newest.set(applicant.clientUserId, applicant);
  }
  return [...newest.values()];
}

function applicantIn(run: temporal.api.workflow.v1.IWorkflowExecutionInfo): readonly ListedApplicant[] {
  const { workflowId, runId } = run.execution ?? {};
  if (!workflowId?.startsWith(ID_PREFIX) || !runId) return [];
  const attributes = run.searchAttributes?.indexedFields ?? {};
  return [
    {
      clientUserId: workflowId.slice(ID_PREFIX.length),
      runId,
      // Not by the status: a paused run is open too.
      open: !run.closeTime,
      stage: wordIn(STAGES, attributes['ApplicantStage']),
      outcome: wordIn(OUTCOMES, attributes['ApplicantOutcome']),
      startedAtMs: optionalTsToMs(run.startTime) ?? 0,
      closedAtMs: optionalTsToMs(run.closeTime) ?? null,
    },
  ];
}

/** What one run carries and cannot be decoded must not hide the others. */
function wordIn<W extends string>(words: readonly W[], attribute: temporal.api.common.v1.IPayload | undefined) {
  try {
    const found = keywordIn(attribute);
    return words.find((word) => word === found) ?? null;
  } catch {
    return null;
  }
}
