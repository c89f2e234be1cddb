import { type Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { REFUSALS, type Refusal } from '../domain/steering';
import {
  applicantWorkflowId,
  type CancelRequest,
  cancelApplicantSignal,
  checkNowSignal,
  type DeadlineRequest,
  type FinishRequest,
  finishNowUpdate,
  NOT_NOW,
  type SnoozeRequest,
  setDeadlineUpdate,
  snoozeUpdate,
} from '../workflows/contract';
import { readFailingCalls } from './pending-calls';
import { callWithDeadline, isWorkflowNotFound, nullIfNotFound, type TemporalDeps } from './rpc';
import { describeRun, isOpenRun, parseEnum, runIdOf } from './runs';

/** An update waits for a worker for this long. */
const UPDATE_TIMEOUT_MS = 5_000;

/** The server's failure type of an update that the end of the workflow came before. */
const COMPLETED_FIRST = 'AcceptedUpdateCompletedWorkflow';

/**
 * `unanswered`: no worker answered in time, and the workflow may still do it. `unsupported`: the worker's version has no such update. A refusal is
 * the workflow's own.
 */
export type SteeringResult = 'done' | 'not-open' | 'unanswered' | 'unsupported' | Refusal;

/** Steers the open run of an applicant. Throws what the client throws. */
export interface Steering {
  /** A signal, so it is durable without a worker. Then a cancel request, for workers that do not know the signal; its failure does not count. */
  cancel(clientUserId: string, request: CancelRequest): Promise<'done' | 'not-open'>;
  /** A signal. */
  checkNow(clientUserId: string): Promise<'done' | 'not-open'>;
  finishNow(clientUserId: string, request: FinishRequest): Promise<SteeringResult>;
  setDeadline(clientUserId: string, request: DeadlineRequest): Promise<SteeringResult>;
  snooze(clientUserId: string, request: SnoozeRequest): Promise<SteeringResult>;
  /** Runs the failing calls that wait for their next attempt now, with their progress. */
  retry(clientUserId: string): Promise<'done' | 'not-open' | 'no-call-waits'>;
}

export function createSteering({ client }: Pick<TemporalDeps, 'client'>): Steering {
  const handleOf = (clientUserId: string) => client.workflow.getHandle(applicantWorkflowId(clientUserId));

  return {
    async cancel(clientUserId, request) {
      const handle = handleOf(clientUserId);
      const result = await ifOpen(callWithDeadline(client, () => handle.signal(cancelApplicantSignal, request)));
      if (result === 'done') await callWithDeadline(client, () => handle.cancel()).catch(() => undefined);
      return result;
    },
    checkNow: (clientUserId) => ifOpen(callWithDeadline(client, () => handleOf(clientUserId).signal(checkNowSignal))),
    finishNow: (clientUserId, request) => update(clientUserId, finishNowUpdate, request),
    setDeadline: (clientUserId, request) => update(clientUserId, setDeadlineUpdate, request),
    snooze: (clientUserId, request) => update(clientUserId, snoozeUpdate, request),

    async retry(clientUserId) {
      const description = await describeRun(client, { workflowId: applicantWorkflowId(clientUserId) });
      if (!isOpenRun(description)) return 'not-open';
      const failing = await readFailingCalls(client, clientUserId, description);
      const waiting = failing.filter(({ nextAttemptAtMs }) => nextAttemptAtMs !== null);
      const execution = { workflowId: applicantWorkflowId(clientUserId), runId: runIdOf(description) };
      const resets = waiting.map(({ activityId }) => nullIfNotFound(resetActivity(client, execution, activityId)));
      // An activity that is not found has ended since it was read.
      return (await Promise.all(resets)).some((reset) => reset !== null) ? 'done' : 'no-call-waits';
    },
  };

  /** Safe to repeat: each update is absolute, and the client gives it an id for its own retries. */
  async function update<R>(
    clientUserId: string,
    definition: UpdateDefinition<void, [R]>,
    request: R,
  ): Promise<SteeringResult> {
    const handle = handleOf(clientUserId);
    const execute = () => handle.executeUpdate(definition, { args: [request] });
    try {
      return await ifOpen(callWithDeadline(client, execute, Date.now() + UPDATE_TIMEOUT_MS));
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'unanswered';
      if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
      const { type, message } = error.cause;
      if (type === NOT_NOW) return parseEnum(REFUSALS, message) ?? 'unsupported';
      if (type === COMPLETED_FIRST) return 'not-open';
      // What the SDK of a worker without the handler answers has no type of its own.
      if (!type || type === 'Error') return 'unsupported';
      throw error;
    }
  }
}

async function ifOpen(call: Promise<void>): Promise<'done' | 'not-open'> {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (isWorkflowNotFound(error)) return 'not-open';
    throw error;
  }
}

/** Keeps the heartbeat details, in which a call remembers what it has done. */
function resetActivity(
  client: Client,
  execution: { readonly workflowId: string; readonly runId: string },
  activityId: string,
) {
  const { namespace, identity } = client.options;
  const request = { namespace, identity, execution, id: activityId, resetHeartbeat: false, keepPaused: true };
  return callWithDeadline(client, () => client.workflowService.resetActivity(request));
}
