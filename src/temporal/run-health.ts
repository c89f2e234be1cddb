import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import { KeyMissing } from '../domain/encryption';
import type { RunRef } from '../domain/erasure';
import { applicantWorkflowId, REFRESH_REPORTS } from '../workflows/contract';
import { callWithDeadline, toMs } from './rpc';
import { describeRun, isOpenRun, type RunDescription, runIdOf, waitForClose } from './runs';

const { EventType, WorkflowTaskFailedCause } = temporal.api.enums.v1;

/**
 * From this attempt on, a workflow task counts as failing. The SDK reports only the first failure, so the server repeats the task every 10 s, its
 * timeout. Without a worker, and while activities wait for upstream, the attempt stays 1.
 */
const FAILS_FROM_ATTEMPT = 3;
/** The same for timeouts. Higher, because some tasks time out whenever workers are replaced. */
const TIMES_OUT_FROM_ATTEMPT = 5;
/** The failed task is among the last events: later ones are written when the next task starts. */
const LAST_EVENTS = 50;
/** The SDK names a failure by a class; a longer text is not a name. */
const FAILURE_NAME = /^[A-Za-z]{1,60}$/;
/** The time between two checks of a run. */
const CHECK_EVERY_MS = 2_000;

/** A run that does not finish. */
export interface StuckRun extends RunRef {
  readonly why: string;
}

/** The newest run of an applicant, if it is open and makes no progress as in {@link readStuckReason}; else null. */
export async function readStuckApplicant(client: Client, clientUserId: string): Promise<StuckRun | null> {
  const workflowId = applicantWorkflowId(clientUserId);
  const description = await describeRun(client, { workflowId });
  const why = isOpenRun(description) ? await readStuckReason(client, description) : null;
  return why === null || description === null ? null : { workflowId, runId: runIdOf(description), why };
}

/**
 * Waits until the newest run of a workflow closes, however long its activities take, unless it is stuck. It counts as stuck after two checks in a row,
 * because a worker that is being replaced may fail a task. `findReasonToReplace` may return another reason not to wait. Both results are null if the
 * run is gone. Rejects with the signal's reason.
 */
export async function waitForCloseOrStuck(
  client: Client,
  workflowId: string,
  signal: AbortSignal | undefined,
  findReasonToReplace: (description: RunDescription) => Promise<string | null> = async () => null,
): Promise<{ readonly closed: RunDescription | null; readonly stuck: StuckRun | null }> {
  for (let wasStuck = false; ; ) {
    signal?.throwIfAborted();
    const description = await describeRun(client, { workflowId });
    if (description === null) return { closed: null, stuck: null };
    const stuckBy = (why: string) => ({ closed: null, stuck: { workflowId, runId: runIdOf(description), why } });
    const reason = await findReasonToReplace(description);
    if (reason !== null) return stuckBy(reason);
    if (!isOpenRun(description)) return { closed: description, stuck: null };
    const why = await readStuckReason(client, description);
    if (why !== null && wasStuck) return stuckBy(why);
    wasStuck = why !== null;
    await waitForClose(client, workflowId, CHECK_EVERY_MS, signal);
  }
}

/**
 * Why an open run makes no progress: every attempt of its workflow task fails, or its start is delayed (except that of a refresh, which Chartway
 * delays itself). Null: it makes progress, or no worker takes its task. The text holds no message of a failure.
 */
export async function readStuckReason(client: Client, description: RunDescription): Promise<string | null> {
  const { workflowExecutionInfo: info, pendingWorkflowTask: task } = description;
  const startsAtMs = toMs(info?.executionTime) ?? 0;
  const isDelayed = !task && startsAtMs > (toMs(info?.startTime) ?? 0) && startsAtMs > Date.now();
  if (isDelayed) return info?.type?.name === REFRESH_REPORTS ? null : 'its start is delayed';
  const attempt = task?.attempt ?? 0;
  if (attempt < FAILS_FROM_ATTEMPT) return null;
  const end = await readLastTaskEnd(client, info?.execution);
  if (end?.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT && attempt >= TIMES_OUT_FROM_ATTEMPT) {
    return 'its workflow task times out in every attempt';
  }
  const failed = end?.workflowTaskFailedEventAttributes;
  if (!failed) return null;
  return `its workflow task fails in every attempt (${await describeTaskFailure(client, failed)})`;
}

/** The missing key, if that is the cause; else the name of the failure. Never its message, which may hold anything. */
async function describeTaskFailure(client: Client, { cause, failure }: TaskFailed): Promise<string> {
  const converter = client.options.loadedDataConverter;
  const error = await decodeOptionalFailureToOptionalError(converter, failure).catch(() => undefined);
  const keyId = /key "([^"]+)"/.exec(error?.message ?? '')?.[1] ?? '';
  if (error?.message === new KeyMissing(keyId).message) return `key "${keyId}" is missing in the workers' PAYLOAD_KEYS`;
  const name = failure?.applicationFailureInfo?.type ?? '';
  if (FAILURE_NAME.test(name)) return name;
  return (WorkflowTaskFailedCause[cause ?? 0] ?? '').replace('WORKFLOW_TASK_FAILED_CAUSE_', '');
}

type TaskFailed = temporal.api.history.v1.IWorkflowTaskFailedEventAttributes;

/** The event that ended the last workflow task. */
async function readLastTaskEnd(
  client: Client,
  execution: temporal.api.common.v1.IWorkflowExecution | null | undefined,
) {
  const { namespace } = client.options;
  const request = { namespace, execution: execution ?? {}, maximumPageSize: LAST_EVENTS };
  const { history } = await callWithDeadline(client, () =>
    client.workflowService.getWorkflowExecutionHistoryReverse(request),
  );
  return history?.events?.find(({ eventType }) => TASK_ENDS.includes(eventType));
}

const TASK_ENDS: readonly unknown[] = [
  EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
];
