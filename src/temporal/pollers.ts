import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { upstreamTaskQueue } from '../workflows/contract';
import { msOf } from './runs';

const { TaskQueueType } = temporal.api.enums.v1;
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 3_000;
/**
 * A worker at rest asks again each minute at most, and the server lists for five minutes who did. Older than this it is gone, unless its clock
 * and ours are half a minute apart.
 */
const POLLED_WITHIN_MS = 90_000;

/** Whether a worker takes what stands on both task queues: without one nothing is done, and nothing is lost. Throws what the client throws. */
export async function isAttended({ client, taskQueue }: { client: Client; taskQueue: string }): Promise<boolean> {
  const [workflows, calls] = await Promise.all([
    isPolled(client, taskQueue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    isPolled(client, upstreamTaskQueue(taskQueue), TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
  ]);
  return workflows && calls;
}

async function isPolled(client: Client, name: string, taskQueueType: temporal.api.enums.v1.TaskQueueType) {
  const { namespace } = client.options;
  const { pollers } = await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
    client.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType }),
  );
  return (pollers ?? []).some(({ lastAccessTime }) => Date.now() - (msOf(lastAccessTime) ?? 0) < POLLED_WITHIN_MS);
}
