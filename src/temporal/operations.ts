import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { isUndecodable } from '../domain/encryption';
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
import { type Described, describeWorkflow, isOpenRun, type Run, runIdOf } from './describe';
import { endByForce, untilClosedOrStuck } from './ending';
import { isAttended } from './pollers';
import { msOf } from './runs';

export type { SweepResult, WithdrawPersonResult } from '../workflows/contract';

/** A workflow has ended, and nobody can read how. */
export class ResultUnreadable extends Error {
  override readonly name = 'ResultUnreadable';

  constructor(workflowId: string) {
    super(
      `${workflowId} has ended, and its result cannot be decoded: look for a wrong key in PAYLOAD_KEYS, then run the same command again`,
    );
  }
}

/** A workflow that was begun for this very command does not come to an end of its own. */
export class OperationStuck extends Error {
  override readonly name = 'OperationStuck';

  constructor(workflowId: string, why: string) {
    super(
      `${workflowId} was begun anew and stands still too: ${why}. Look at it in the Temporal UI, and at the workers' build and PAYLOAD_KEYS, then run the same command again`,
    );
  }
}

/** What is told of a wait. `replaced`: another run had the id and came to no end. `create-in-flight`: somebody may be invited until then. */
export type OperationStep =
  | { readonly step: 'replaced'; readonly workflowId: string; readonly why: string }
  | { readonly step: 'create-in-flight'; readonly forMs: number };

/** How a wait is broken off (the work goes on), and who hears of it. */
export interface Attending {
  readonly signal?: AbortSignal | undefined;
  readonly tell?: (step: OperationStep) => void;
  /** Hears of each run that works for this, before it is waited for. */
  readonly working?: (run: Run) => Promise<void>;
}

/** What an operator has done by a workflow, and waits for: it goes on whoever stops waiting. @throws {OperationStuck} @throws {ResultUnreadable} */
export interface Operations {
  /** The sweep, now; one that is under way is shared. */
  sweep(attending?: Attending): Promise<SweepResult>;
  /** Withdraws the person of whom no applicant is open: everyone under the id, or `only` those. */
  withdraw(clientUserId: string, attending?: Attending, only?: KnownPeople): Promise<WithdrawPersonResult>;
}

const COMPLETED = temporal.api.enums.v1.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED;
/** A create that was in flight when its run was ended by force shows upstream within a minute: as long as a cancelled applicant looks for one. */
const CREATE_SHOWS_AFTER_MS = 60_000;

export function createOperations({
  client,
  taskQueue,
}: {
  readonly client: Client;
  readonly taskQueue: string;
}): Operations {
  return {
    sweep: (attending = {}) => run<SweepResult>(SWEEP, sweepWorkflowId(taskQueue), attending),
    async withdraw(clientUserId, attending = {}, only) {
      await untilCreatesShow(clientUserId, attending);
      const args: [WithdrawPersonInput?] = only ? [{ only }] : [];
      // A shared run of an erasure has left people whom this one may know, or is to withdraw without knowing them.
      const isEnough = ({ others = [] }: WithdrawPersonResult) => others.length === 0;
      return run(WITHDRAW_PERSON, withdrawWorkflowId(clientUserId), attending, args, isEnough);
    },
  };

  /**
   * Shares a run that is under way, and begins another where that one's result is not enough. One that comes to no end, such as somebody's own
   * under this id, gives way to a true one, once.
   */
  async function run<T>(
    workflowType: string,
    workflowId: string,
    { signal, tell, working }: Attending,
    args: readonly unknown[] = [],
    isEnough: (result: T) => boolean = () => true,
  ): Promise<T> {
    for (;;) {
      const begun = await begin(workflowType, workflowId, args);
      await working?.({ workflowId, runId: begun.runId });
      const { closed, stuck } = await untilClosedOrStuck(client, workflowId, signal, (there) =>
        whyOther(workflowType, there),
      );
      const info = closed?.workflowExecutionInfo;
      if (closed && info?.status === COMPLETED) {
        const result = (await client.workflow.getHandle(workflowId, runIdOf(closed)).result()) as T;
        // Its missing fields would read as "nobody", or as "withdrawn".
        if (isUndecodable(result)) throw new ResultUnreadable(workflowId);
        if (begun.isOurs || isEnough(result)) return result;
        continue;
      }
      const why = stuck?.why ?? 'it was ended by force';
      if (begun.isOurs) throw new OperationStuck(workflowId, why);
      tell?.({ step: 'replaced', workflowId, why });
      if (stuck) await endByForce(client, stuck, 'it came to no end, and another takes its place');
    }
  }

  async function begin(
    workflowType: string,
    workflowId: string,
    args: readonly unknown[],
  ): Promise<{ runId: string; isOurs: boolean }> {
    const options = {
      taskQueue,
      workflowId,
      args: [...args],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
    } as const;
    for (;;) {
      try {
        const { firstExecutionRunId } = await client.workflow.start(workflowType, options);
        return { runId: firstExecutionRunId, isOurs: true };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        const there = await describeWorkflow(client, { workflowId });
        if (isOpenRun(there)) return { runId: runIdOf(there), isOurs: false };
      }
    }
  }

  /** Why what stands under our id is none of ours; null where it is. */
  async function whyOther(workflowType: string, { workflowExecutionInfo: info }: Described): Promise<string | null> {
    if (info?.type?.name !== workflowType) return 'it is a workflow of another type';
    const theirs = info.taskQueue ?? '';
    if (theirs === taskQueue) return null;
    // A worker there is one of ours, and this TASK_QUEUE may be the wrong one.
    const deserted = !(await isAttended({ client, taskQueue: theirs })) && (await isAttended({ client, taskQueue }));
    return deserted ? 'no worker takes work from its task queue' : null;
  }

  /** Waits where an applicant was ended by force with a create in flight: nobody looks for that person any more but we. */
  async function untilCreatesShow(clientUserId: string, { signal, tell }: Attending): Promise<void> {
    const there = await describeWorkflow(client, { workflowId: applicantWorkflowId(clientUserId) });
    const closedAtMs = msOf(there?.workflowExecutionInfo?.closeTime);
    if (
      closedAtMs === null ||
      !there?.pendingActivities?.some(({ activityType }) => activityType?.name === ACTIVITIES.invite)
    ) {
      return;
    }
    const forMs = Math.min(closedAtMs + CREATE_SHOWS_AFTER_MS - Date.now(), CREATE_SHOWS_AFTER_MS);
    if (forMs <= 0) return;
    tell?.({ step: 'create-in-flight', forMs });
    await sleep(forMs, undefined, signal && { signal });
  }
}
