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
import { callWithDeadline, GRPC, hasStatus, isWorkflowNotFound, nullIfNotFound, type TemporalDeps } from './rpc';
import { describeRun, isOpenRun, parseEnum, runIdOf } from './runs';

/** An update waits for a worker for this long. */
const UPDATE_TIMEOUT_MS = 5_000;

/** Each try loses only against a run that continues as new just then. */
const MAX_CANCEL_TRIES = 3;

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
  return {
    async cancel(clientUserId, request) {
      let chain: string | null = null;
      for (let tries = 0; tries < MAX_CANCEL_TRIES; tries += 1) {
        const run = await findOpenRun(clientUserId);
        if (run === null || run.firstRunId !== (chain ?? run.firstRunId)) return 'not-open';
        chain = run.firstRunId;
        const { handle } = run;
        const signalled = await ifOpen(callWithDeadline(client, () => handle.signal(cancelApplicantSignal, request)));
        // The run may have continued as new since.
        if (signalled === 'not-open') continue;
        await callWithDeadline(client, () => run.chain.cancel()).catch(() => undefined);
        return 'done';
      }
      return 'not-open';
    },
    checkNow(clientUserId) {
      const handle = client.workflow.getHandle(applicantWorkflowId(clientUserId));
      return ifOpen(callWithDeadline(client, () => handle.signal(checkNowSignal)));
    },
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

  /** A signal or request to `handle` reaches this run only, one to `chain` also the runs that continue it; neither reaches a later round. */
  async function findOpenRun(clientUserId: string, untilMs?: number) {
    const workflowId = applicantWorkflowId(clientUserId);
    const description = await describeRun(client, { workflowId }, untilMs);
    if (!isOpenRun(description)) return null;
    const runId = runIdOf(description);
    // An old server does not return it; then nothing is pinned.
    const firstRunId = description.workflowExecutionInfo?.firstRunId ?? '';
    const pin = firstRunId === '' ? {} : { firstExecutionRunId: firstRunId };
    const chain = client.workflow.getHandle(workflowId, undefined, pin);
    return { firstRunId, handle: client.workflow.getHandle(workflowId, runId), chain };
  }

  /** Safe to repeat: each update is absolute, and the client gives it an id for its own retries. */
  async function update<R>(
    clientUserId: string,
    definition: UpdateDefinition<void, [R]>,
    request: R,
  ): Promise<SteeringResult> {
    const untilMs = Date.now() + UPDATE_TIMEOUT_MS;
    const run = await findOpenRun(clientUserId, untilMs);
    if (run === null) return 'not-open';
    const execute = () => run.chain.executeUpdate(definition, { args: [request] });
    try {
      return await ifOpen(callWithDeadline(client, execute, untilMs));
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'unanswered';
      // The workflow task of the update failed: the worker has another key or version, or was killed. The next one may accept the update.
      if (hasStatus(error, GRPC.FAILED_PRECONDITION)) return 'unanswered';
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
