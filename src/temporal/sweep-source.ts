import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';
import { isClientUserId } from '../domain/identifiers';
import type { Policy } from '../domain/policy';
import { type ApplicantListing, type ApplicantObservation, pollNameOfStage } from '../domain/sweep';
import { ACTIVITIES, applicantWorkflowId, COLLECT_RECORDS } from '../workflows/contract';
import { describeRun, msOf, runOf } from './runs';

/** A page of the applicants of this task queue, open and closed ones, as Temporal's visibility has them: some moments old. */
export interface ApplicantPage {
  readonly applicants: readonly ApplicantListing[];
  /** In base64; null behind the last page. */
  readonly next: string | null;
}

/** The server's own maximum. */
const PAGE_SIZE = 1_000;
const CALL_TIMEOUT_MS = 10_000;

type Described = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** An invitation of a large file waits for its turn, and then in the queue of the rate cap. */
const WAITS_LONG: ReadonlySet<string | null | undefined> = new Set([ACTIVITIES.awaitTurn, ACTIVITIES.invite]);

/** Where a sweep learns of our applicants. */
export function createSweepSource({ client, taskQueue }: { readonly client: Client; readonly taskQueue: string }) {
  const { namespace, loadedDataConverter } = client.options;

  return {
    /** Rows are decoded one by one: the client's own list() throws for all at the first memo that it cannot decode. */
    async listApplicants(next: string | null): Promise<ApplicantPage> {
      const listed = await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
        client.workflowService.listWorkflowExecutions({
          namespace,
          pageSize: PAGE_SIZE,
          ...(next !== null && { nextPageToken: Buffer.from(next, 'base64') }),
          query: `WorkflowType = "${COLLECT_RECORDS}" AND TaskQueue = "${taskQueue}" AND ExecutionStatus != "ContinuedAsNew"`,
        }),
      );
      const token = Buffer.from(listed.nextPageToken ?? []).toString('base64');
      return { applicants: (listed.executions ?? []).flatMap(rowOf), next: token === '' ? null : token };
    },

    /** One look at the newest run; null where Temporal knows none (any more). */
    async look(clientUserId: string, pollMs: Policy['pollMs'], nowMs: number): Promise<ApplicantObservation | null> {
      const described = await describeRun(client, clientUserId);
      if (!described) return null;
      const { standing, humanId, closedAtMs, stage } = runOf(described.workflowExecutionInfo ?? {});
      const usualMs =
        stage === 'attention' ? Math.max(pollMs.attention, pollMs.disconnected) : pollMs[pollNameOfStage(stage)];
      const unreadSinceMs = standing === 'open' ? await overdueSinceMs(clientUserId, described, usualMs, nowMs) : null;
      const isUndecided = described.pendingActivities?.some((activity) => failureTypeOf(activity) === 'Undecided');
      return { standing, humanId, closedAtMs, unreadSinceMs, ...(isUndecided && { isUndecided }) };
    },
  };

  /**
   * What waits for a timer alone is not overdue: the server fires it, and a workflow task is pending then. So whoever is not read has a
   * pending task or activity, and that tells since when, without a worker being asked.
   */
  async function overdueSinceMs(clientUserId: string, described: Described, usualMs: number, nowMs: number) {
    const taskSinceMs = msOf(described.pendingWorkflowTask?.originalScheduledTime);
    const overdue = taskSinceMs !== null && nowMs - taskSinceMs > 2 * usualMs ? [taskSinceMs] : [];
    for (const activity of described.pendingActivities ?? []) {
      const quietly = failureTypeOf(activity) === 'NothingYet';
      // A poll that found nothing waits for its own cadence, which is the applicant's.
      const everyMs = quietly ? (durationMs(activity.currentRetryInterval) ?? usualMs) : usualMs;
      const sinceMs = quietly ? msOf(activity.lastAttemptCompleteTime) : await failingSinceMs(clientUserId, activity);
      if (sinceMs !== null && nowMs - sinceMs > 2 * everyMs) overdue.push(sinceMs);
    }
    return overdue.length === 0 ? null : Math.min(...overdue);
  }

  /** Since when an activity has failed, or waited for its first attempt. What cannot be decoded tells nothing. */
  async function failingSinceMs(clientUserId: string, activity: PendingActivity): Promise<number | null> {
    if (!activity.lastFailure) return WAITS_LONG.has(activity.activityType?.name) ? null : msOf(activity.scheduledTime);
    const { payloads } = activity.heartbeatDetails ?? {};
    if (!payloads) return msOf(activity.scheduledTime);
    const context = { type: 'workflow' as const, namespace, workflowId: applicantWorkflowId(clientUserId) };
    try {
      const progress = await decodeFromPayloadsAtIndex<{ failingSinceMs?: unknown } | null>(
        loadedDataConverter,
        0,
        payloads,
        context,
      );
      return typeof progress?.failingSinceMs === 'number' ? progress.failingSinceMs : null;
    } catch {
      return null;
    }
  }
}

function failureTypeOf({ lastFailure }: PendingActivity): string | null {
  return lastFailure?.applicationFailureInfo?.type ?? null;
}

function rowOf(info: temporal.api.workflow.v1.IWorkflowExecutionInfo): ApplicantListing[] {
  const prefix = applicantWorkflowId('');
  const workflowId = info.execution?.workflowId ?? '';
  const clientUserId = workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : '';
  if (!isClientUserId(clientUserId)) return [];
  const { humanId, standing, startedAtMs, closedAtMs } = runOf(info);
  return [{ clientUserId, humanId, standing, startedAtMs, closedAtMs }];
}

function durationMs(duration: { seconds?: unknown; nanos?: number | null } | null | undefined): number | null {
  return msOf(duration);
}
