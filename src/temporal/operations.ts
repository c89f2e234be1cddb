import type { Client } from '@temporalio/client';
import {
  SWEEP,
  type SweepResult,
  sweepWorkflowId,
  WITHDRAW_PERSON,
  type WithdrawPersonResult,
  withdrawWorkflowId,
} from '../workflows/contract';

export type { SweepResult, WithdrawPersonResult } from '../workflows/contract';
export { applicantWorkflowId } from '../workflows/contract';

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
    const result = () => handle.result() as Promise<T>;
    return signal ? client.withAbortSignal(signal, result) : result();
  }
}
