import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { DAY_MS } from '../domain/policy';
import { longRunningActivities } from './activity-calls';
import { batchIdOfWorkflow, wakeBatchSignal } from './contract';
import { hasReachedRunLimit } from './run-limits';

/** How long a paused batch waits before it looks again; the end of the wait usually comes by a signal. */
const PAUSED_FOR_MS = DAY_MS;

/**
 * Starts the applicants of a batch, segment by segment, until its last row is processed. The record of the batch in the report store decides what is next,
 * so a killed worker repeats one segment at most, and starts no one twice.
 */
export async function runBatch(): Promise<void> {
  const batchId = batchIdOfWorkflow(workflowInfo().workflowId);
  let wakes = 0;
  setHandler(wakeBatchSignal, () => {
    wakes += 1;
  });
  for (;;) {
    if (hasReachedRunLimit(wakes)) return continueAsNew<typeof runBatch>();
    const seen = wakes;
    const step = await longRunningActivities('Start the next rows').processSegment({ batchId });
    if (step === 'done') return;
    if (step === 'paused') await condition(() => wakes !== seen, PAUSED_FOR_MS, { summary: 'the batch is paused' });
  }
}
