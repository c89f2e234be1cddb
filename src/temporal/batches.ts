import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { batchWorkflowId, RUN_BATCH, wakeBatchSignal } from '../workflows/contract';
import { callWithDeadline, defaultDeadlineMs, type TemporalDeps } from './rpc';
import { applicantsQuery } from './runs';
import { createSignals } from './signals';
import { countRuns } from './visibility';

/** The workflows of batches. Every method throws what the client throws. */
export interface Batches {
  /** Starts the workflow, unless it runs. A run that was ended by force is replaced: the record of the batch decides what is next. */
  start(batchId: string, untilMs?: number): Promise<void>;
  /** Lets the workflow read what an operator requested. Starts it if it does not run. */
  wake(batchId: string): Promise<void>;
  /** How many applicants wait for their invitation; may lag by some seconds. */
  countInviting(): Promise<number>;
}

/** The lowest one: single starts overtake it. */
const PRIORITY = 5;

export function createBatches(deps: TemporalDeps): Batches {
  const { client, taskQueue } = deps;
  const signals = createSignals(deps);
  return {
    async start(batchId, untilMs) {
      const workflowId = batchWorkflowId(batchId);
      const options = { taskQueue, workflowId, args: [], priority: { priorityKey: PRIORITY } };
      try {
        await callWithDeadline(
          client,
          () => client.workflow.start(RUN_BATCH, { ...options, workflowIdReusePolicy: 'ALLOW_DUPLICATE' }),
          untilMs,
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },
    wake: (batchId) =>
      signals.sendWithStart(
        {
          workflowId: batchWorkflowId(batchId),
          signalName: wakeBatchSignal.name,
          payload: {},
          requestId: randomUUID(),
          untilMs: defaultDeadlineMs(),
        },
        RUN_BATCH,
        { priorityKey: PRIORITY },
      ),
    countInviting: () =>
      countRuns(
        client,
        `${applicantsQuery(taskQueue)} AND ExecutionStatus = "Running" AND ApplicantStage = "inviting"`,
      ),
  };
}
