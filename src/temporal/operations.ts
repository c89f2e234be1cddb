import type { Client } from '@temporalio/client';
import { isUndecodable } from '../domain/seal';
import {
  SWEEP,
  type SweepResult,
  sweepWorkflowId,
  WITHDRAW_PERSON,
  type WithdrawPersonResult,
  withdrawWorkflowId,
} from '../workflows/contract';

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

/** What an operator has done by a workflow, and waits for: it goes on whoever stops waiting. */
export interface Operations {
  /** The sweep, now; one that is under way is shared. */
  sweep(signal?: AbortSignal): Promise<SweepResult>;
  /** Withdraws somebody of whom no applicant is open. */
  withdraw(clientUserId: string, signal?: AbortSignal): Promise<WithdrawPersonResult>;
}

export function createOperations({
  client,
  taskQueue,
}: {
  readonly client: Client;
  readonly taskQueue: string;
}): Operations {
  return {
    sweep: (signal) => run<SweepResult>(SWEEP, sweepWorkflowId(taskQueue), signal),
    withdraw: (clientUserId, signal) =>
      run<WithdrawPersonResult>(WITHDRAW_PERSON, withdrawWorkflowId(clientUserId), signal),
  };

  async function run<T>(workflowType: string, workflowId: string, signal: AbortSignal | undefined): Promise<T> {
    const handle = await client.workflow.start(workflowType, {
      taskQueue,
      workflowId,
      args: [],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const ended = () => handle.result() as Promise<T>;
    const result = await (signal ? client.withAbortSignal(signal, ended) : ended());
    // Its missing fields would read as "nobody", or as "withdrawn".
    if (isUndecodable(result)) throw new ResultUnreadable(workflowId);
    return result;
  }
}
