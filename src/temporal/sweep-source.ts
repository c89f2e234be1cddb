import type { temporal } from '@temporalio/proto';
import type { Policy } from '../domain/policy';
import { type ApplicantListing, type ApplicantObservation, pollNameOfStage } from '../domain/sweep';
import { ACTIVITIES, applicantWorkflowId } from '../workflows/contract';
import { decodeFirstOrNull } from './history';
import { type TemporalDeps, toMs } from './rpc';
import { applicantsQuery, describeRun, listRuns, type RunDescription, toApplicantRun } from './runs';

/** The server's maximum. */
const PAGE_SIZE = 1_000;

type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;

/** Activities that may wait for hours before their first attempt, which is no fault. */
const SLOW_ACTIVITIES: ReadonlySet<string | null | undefined> = new Set([ACTIVITIES.awaitTurn, ACTIVITIES.invite]);

/** Reads the applicants for a sweep. Throws what the client throws. */
export function createSweepSource({ client, taskQueue }: TemporalDeps) {
  return {
    /** Lists a page of this task queue's applicants, open and closed; it may lag by some seconds. `next`: in base64; null after the last page. */
    async listApplicants(next: string | null) {
      const { executions, nextPageToken } = await listRuns(client, applicantsQuery(taskQueue), {
        pageSize: PAGE_SIZE,
        ...(next !== null && { nextPageToken: Buffer.from(next, 'base64') }),
      });
      const token = Buffer.from(nextPageToken ?? []).toString('base64');
      return { applicants: (executions ?? []).flatMap(toListing), next: token === '' ? null : token };
    },

    /** Observes the newest run; null if Temporal has none. */
    async observe(clientUserId: string, pollMs: Policy['pollMs'], nowMs: number): Promise<ApplicantObservation | null> {
      const description = await describeRun(client, { workflowId: applicantWorkflowId(clientUserId) });
      const run = description && toApplicantRun(description.workflowExecutionInfo ?? {});
      if (!run) return null;
      const { standing, humanId, closedAtMs, stage } = run;
      const usualMs =
        stage === 'attention' ? Math.max(pollMs.attention, pollMs.disconnected) : pollMs[pollNameOfStage(stage)];
      const unreadSinceMs =
        standing === 'open' ? await readOverdueSinceMs(clientUserId, description, usualMs, nowMs) : null;
      const isUndecided = description.pendingActivities?.some((activity) => failureTypeOf(activity) === 'Undecided');
      return { standing, humanId, closedAtMs, unreadSinceMs, ...(isUndecided && { isUndecided }) };
    },
  };

  /**
   * Since when the applicant is overdue; null if it is not. An overdue applicant has a pending task or activity, whose times are known without a
   * worker. A run that waits for a timer only is not overdue.
   */
  async function readOverdueSinceMs(
    clientUserId: string,
    { pendingWorkflowTask, pendingActivities }: RunDescription,
    usualMs: number,
    nowMs: number,
  ) {
    const taskSinceMs = toMs(pendingWorkflowTask?.originalScheduledTime);
    const overdue = taskSinceMs !== null && nowMs - taskSinceMs > 2 * usualMs ? [taskSinceMs] : [];
    for (const activity of pendingActivities ?? []) {
      const isBenign = failureTypeOf(activity) === 'NothingYet';
      // A poll that found nothing waits for its retry interval, the applicant's cadence.
      const everyMs = isBenign ? (toMs(activity.currentRetryInterval) ?? usualMs) : usualMs;
      const sinceMs = isBenign
        ? toMs(activity.lastAttemptCompleteTime)
        : await readFailingSinceMs(clientUserId, activity);
      if (sinceMs !== null && nowMs - sinceMs > 2 * everyMs) overdue.push(sinceMs);
    }
    return overdue.length === 0 ? null : Math.min(...overdue);
  }

  /** When an activity started to fail, or to wait for its first attempt; null if its progress cannot be decoded. */
  async function readFailingSinceMs(clientUserId: string, activity: PendingActivity): Promise<number | null> {
    if (!activity.lastFailure) {
      return SLOW_ACTIVITIES.has(activity.activityType?.name) ? null : toMs(activity.scheduledTime);
    }
    const { payloads } = activity.heartbeatDetails ?? {};
    if (!payloads) return toMs(activity.scheduledTime);
    const progress = await decodeFirstOrNull(client, applicantWorkflowId(clientUserId), payloads);
    const { failingSinceMs } = (progress ?? {}) as { failingSinceMs?: unknown };
    return typeof failingSinceMs === 'number' ? failingSinceMs : null;
  }
}

function failureTypeOf({ lastFailure }: PendingActivity): string | null {
  return lastFailure?.applicationFailureInfo?.type ?? null;
}

/** Exactly these fields are stored on the shelf. */
function toListing(info: temporal.api.workflow.v1.IWorkflowExecutionInfo): ApplicantListing[] {
  const run = toApplicantRun(info);
  if (!run) return [];
  const { clientUserId, humanId, standing, startedAtMs, closedAtMs } = run;
  return [{ clientUserId, humanId, standing, startedAtMs, closedAtMs }];
}
