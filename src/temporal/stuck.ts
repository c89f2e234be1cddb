import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import { KeyMissing } from '../domain/encryption';
import { applicantWorkflowId, REFRESH_REPORTS } from '../workflows/contract';
import { type Described, isOpenRun } from './describe';
import { describeRun, msOf } from './runs';

const { EventType, WorkflowTaskFailedCause } = temporal.api.enums.v1;

/**
 * A task that fails is tried again after its time-out of 10 s, and the SDK tells of the first failure only: so this is one that has failed, and
 * not succeeded by the next attempt. A run without a worker stays at 1; so does one whose activities wait for upstream, however long.
 */
const FAILS_FROM_ATTEMPT = 3;
/** Where the first one took too long, nothing tells a failure from workers that were killed: some of those are usual where they are replaced. */
const TIMES_OUT_FROM_ATTEMPT = 5;
/** The failed task is among the last events: what comes behind one is written when the next begins. */
const EVENTS_LOOKED_AT = 50;
/** The SDK names a failure by a class; anything longer is no name. */
const FAILURE_NAME = /^[A-Za-z]{1,60}$/;

/** A run that comes to no end. */
export interface Stuck {
  readonly workflowId: string;
  readonly why: string;
}

/** Why the newest run of an applicant stands still, as {@link whyRunIsStuck}; null also where it has closed, or is not there. */
export async function stuckApplicant(client: Client, clientUserId: string): Promise<Stuck | null> {
  const described = await describeRun(client, clientUserId);
  const why = isOpenRun(described) ? await whyRunIsStuck(client, described) : null;
  return why === null ? null : { workflowId: applicantWorkflowId(clientUserId), why };
}

/**
 * Why an open run makes no progress: every attempt of its workflow task fails, or its start is delayed (a refresh excepted, which we
 * delay ourselves). Null: it makes progress, or no worker takes its task. A text without the message of a failure.
 */
export async function whyRunIsStuck(client: Client, described: Described): Promise<string | null> {
  const { workflowExecutionInfo: info, pendingWorkflowTask: task } = described;
  const beginsAtMs = msOf(info?.executionTime) ?? 0;
  const isDelayed = !task && beginsAtMs > (msOf(info?.startTime) ?? 0) && beginsAtMs > Date.now();
  if (isDelayed) return info?.type?.name === REFRESH_REPORTS ? null : 'its start is put off';
  const attempt = task?.attempt ?? 0;
  if (attempt < FAILS_FROM_ATTEMPT) return null;
  const ended = await lastTaskEnd(client, info?.execution);
  if (ended?.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT && attempt >= TIMES_OUT_FROM_ATTEMPT) {
    return 'its workflow task times out again and again';
  }
  const failed = ended?.workflowTaskFailedEventAttributes;
  if (!failed) return null;
  return `its workflow task fails again and again (${await nameOf(client, failed)})`;
}

/** Which key is missing, where that is why; else what the failure is called. What it says otherwise is not told: nobody knows what that holds. */
async function nameOf(client: Client, { cause, failure }: TaskFailed): Promise<string> {
  const converter = client.options.loadedDataConverter;
  const error = await decodeOptionalFailureToOptionalError(converter, failure).catch(() => undefined);
  const keyId = /key "([^"]+)"/.exec(error?.message ?? '')?.[1] ?? '';
  if (error?.message === new KeyMissing(keyId).message) return `key "${keyId}" is missing in the workers' PAYLOAD_KEYS`;
  const name = failure?.applicationFailureInfo?.type ?? '';
  if (FAILURE_NAME.test(name)) return name;
  return (WorkflowTaskFailedCause[cause ?? 0] ?? '').replace('WORKFLOW_TASK_FAILED_CAUSE_', '');
}

type TaskFailed = temporal.api.history.v1.IWorkflowTaskFailedEventAttributes;

/** The event that tells how the last workflow task ended. */
async function lastTaskEnd(client: Client, execution: temporal.api.common.v1.IWorkflowExecution | null | undefined) {
  const { history } = await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
    client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: client.options.namespace,
      execution: execution ?? {},
      maximumPageSize: EVENTS_LOOKED_AT,
    }),
  );
  return history?.events?.find(({ eventType }) => ENDS_OF_TASKS.includes(eventType));
}

/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;
const ENDS_OF_TASKS: readonly unknown[] = [
  EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
];
