import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { isUndecodable } from '../domain/encryption';
import type { RunRef } from '../domain/erasure';
import {
  ACTIVITIES,
  applicantWorkflowId,
  type KnownPeople,
  SWEEP,
  type SweepResult,
  sweepWorkflowId,
  WITHDRAW_PERSON,
  type WithdrawPersonInput,
  type WithdrawPersonResult,
  withdrawWorkflowId,
} from '../workflows/contract';
import { callWithDeadline, type TemporalDeps, toMs } from './rpc';
import { waitForCloseOrStuck } from './run-health';
import { describeRun, isOpenRun, type RunDescription, runIdOf, terminateRun } from './runs';
import { hasWorker } from './task-queues';

export type { SweepResult, WithdrawPersonResult } from '../workflows/contract';

/** A workflow has ended, and its result cannot be decoded. */
export class ResultUnreadable extends Error {
  override readonly name = 'ResultUnreadable';

  constructor(workflowId: string) {
    super(
      `${workflowId} has ended, and its result cannot be decoded: check PAYLOAD_KEYS for a wrong key, then run the same command again`,
    );
  }
}

/** A workflow that this command started does not finish. */
export class OperationStuck extends Error {
  override readonly name = 'OperationStuck';

  constructor(workflowId: string, why: string) {
    super(
      `${workflowId} does not finish: ${why}. Check it in the Temporal UI, and the workers' build and PAYLOAD_KEYS, then run the same command again`,
    );
  }
}

/**
 * An event during a wait. `replaced`: a run of this id does not finish, so a new one replaces it. `create-in-flight`: an invitation may still take
 * effect for `forMs`.
 */
export type OperationStep =
  | { readonly step: 'replaced'; readonly workflowId: string; readonly why: string }
  | { readonly step: 'create-in-flight'; readonly forMs: number };

/** `signal` ends the wait, not the work. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (step: OperationStep) => void;
  /** Called with each run, before the wait for its end. */
  readonly onRun?: (run: RunRef) => Promise<void>;
}

/** Runs a workflow for an operator and waits for its result. @throws {OperationStuck} @throws {ResultUnreadable} */
export interface Operations {
  /** Sweeps now, or joins the sweep of another command. A scheduled sweep has another id, so it may run at the same time. */
  sweep(options?: WaitOptions): Promise<SweepResult>;
  /** Withdraws the people of an id without an open applicant: all of them, or `only` those. */
  withdraw(clientUserId: string, options?: WaitOptions, only?: KnownPeople): Promise<WithdrawPersonResult>;
  /** Starts the withdrawal of all people of an id without an open applicant, or joins an open one, and does not wait. */
  beginWithdraw(clientUserId: string): Promise<void>;
}

const { WorkflowExecutionStatus: Status } = temporal.api.enums.v1;
/** How long to wait until a create that was in flight at a termination shows upstream: as long as a cancelled applicant looks for it. */
const CREATE_SHOWS_AFTER_MS = 60_000;

export function createOperations({ client, taskQueue }: TemporalDeps): Operations {
  return {
    sweep: (options = {}) => run<SweepResult>(SWEEP, sweepWorkflowId(taskQueue), options),
    async withdraw(clientUserId, options = {}, only) {
      await waitForLateCreate(clientUserId, options);
      const args: [WithdrawPersonInput?] = only ? [{ only }] : [];
      // The joined run of an erasure leaves unknown people: then another run withdraws them.
      const isSufficient = ({ others = [] }: WithdrawPersonResult) => others.length === 0;
      return run(WITHDRAW_PERSON, withdrawWorkflowId(clientUserId), options, args, isSufficient);
    },
    async beginWithdraw(clientUserId) {
      const startDelay = await readLateCreateMs(clientUserId);
      await startOrJoin(WITHDRAW_PERSON, withdrawWorkflowId(clientUserId), [], undefined, startDelay);
    },
  };

  /**
   * Joins the open run of this id, or starts one. Starts another one if the result of a joined run is not enough, or if the joined run does not
   * finish or is of another type.
   */
  async function run<T>(
    workflowType: string,
    workflowId: string,
    { signal, onStep, onRun }: WaitOptions,
    args: readonly unknown[] = [],
    isSufficient: (result: T) => boolean = () => true,
  ): Promise<T> {
    for (;;) {
      const { runId, isStarted } = await startOrJoin(workflowType, workflowId, args, signal);
      await onRun?.({ workflowId, runId });
      const { closed, stuck } = await waitForCloseOrStuck(client, workflowId, signal, (description) =>
        findReasonToReplace(workflowType, description),
      );
      if (closed?.workflowExecutionInfo?.status === Status.WORKFLOW_EXECUTION_STATUS_COMPLETED) {
        const handle = client.workflow.getHandle(workflowId, runIdOf(closed));
        const result = (await callWithDeadline(client, () => handle.result(), undefined, signal)) as T;
        // Its missing fields would look like an empty result.
        if (isUndecodable(result)) throw new ResultUnreadable(workflowId);
        if (isStarted || isSufficient(result)) return result;
        continue;
      }
      const why = stuck?.why ?? describeEnd(closed);
      if (isStarted) throw new OperationStuck(workflowId, why);
      onStep?.({ step: 'replaced', workflowId, why });
      if (stuck) await terminateRun(client, stuck, 'it does not finish, and a new run replaces it');
    }
  }

  async function startOrJoin(
    workflowType: string,
    workflowId: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    startDelay = 0,
  ): Promise<{ runId: string; isStarted: boolean }> {
    const options = {
      ...(startDelay > 0 && { startDelay }),
      taskQueue,
      workflowId,
      args: [...args],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
    } as const;
    for (;;) {
      try {
        const start = () => client.workflow.start(workflowType, options);
        const { firstExecutionRunId } = await callWithDeadline(client, start, undefined, signal);
        return { runId: firstExecutionRunId, isStarted: true };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        const description = await describeRun(client, { workflowId });
        if (isOpenRun(description)) return { runId: runIdOf(description), isStarted: false };
      }
    }
  }

  /** Why a run of this id does not do this work; null if it does. */
  async function findReasonToReplace(workflowType: string, { workflowExecutionInfo: info }: RunDescription) {
    if (info?.type?.name !== workflowType) return 'it is a workflow of another type';
    const theirTaskQueue = info.taskQueue ?? '';
    if (theirTaskQueue === taskQueue) return null;
    // If that queue has a worker, our TASK_QUEUE is probably wrong, so the run is kept.
    const isOrphaned =
      !(await hasWorker({ client, taskQueue: theirTaskQueue })) && (await hasWorker({ client, taskQueue }));
    return isOrphaned ? 'no worker polls its task queue' : null;
  }

  /** Waits if an applicant was terminated with a create in flight. */
  async function waitForLateCreate(clientUserId: string, { signal, onStep }: WaitOptions): Promise<void> {
    const forMs = await readLateCreateMs(clientUserId);
    if (forMs <= 0) return;
    onStep?.({ step: 'create-in-flight', forMs });
    await sleep(forMs, undefined, signal && { signal });
  }

  /** How long a create that was in flight when its applicant was terminated may still take effect, in ms: no other run looks for that person. */
  async function readLateCreateMs(clientUserId: string): Promise<number> {
    const description = await describeRun(client, { workflowId: applicantWorkflowId(clientUserId) });
    const closedAtMs = toMs(description?.workflowExecutionInfo?.closeTime);
    const isInviting = description?.pendingActivities?.some(
      (activity) => activity.activityType?.name === ACTIVITIES.invite,
    );
    if (closedAtMs === null || !isInviting) return 0;
    return Math.max(0, Math.min(closedAtMs + CREATE_SHOWS_AFTER_MS - Date.now(), CREATE_SHOWS_AFTER_MS));
  }
}

/** How a run without a result has ended. `description`: null if Temporal has no such run. */
function describeEnd(description: RunDescription | null): string {
  if (description === null) return 'it was deleted';
  const { status } = description.workflowExecutionInfo ?? {};
  if (status === Status.WORKFLOW_EXECUTION_STATUS_FAILED) return 'it failed';
  if (status === Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT) return 'it timed out';
  return status === Status.WORKFLOW_EXECUTION_STATUS_CANCELED ? 'it was cancelled' : 'it was terminated';
}
