import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Gauge, type Registry } from 'prom-client';
import { POLL_PRIORITY, upstreamTaskQueue } from '../workflows/contract';
import { msOf } from './runs';

/** An answer takes milliseconds; a scrape must not wait for a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 2_000;

/**
 * How late polls are: the age of the oldest due poll, in seconds, 0 if none waits. Temporal is asked at each scrape (it caches its answer for
 * some seconds), and every worker shows the same. NaN if Temporal does not answer or does not report statistics by priority.
 */
export function serveDuePollMetric(registry: Registry, deps: { readonly client: Client; readonly taskQueue: string }) {
  const gauge = new Gauge({
    name: 'chartway_oldest_due_poll_age_seconds',
    help: 'For how long the oldest poll that is due has waited in the queue of the rate limit, over all workers; NaN if Temporal does not answer.',
    registers: [registry],
    async collect() {
      gauge.set(await oldestDuePollSeconds(deps).catch(() => Number.NaN));
    },
  });
}

/** Priorities that no task has used lately are left out. @throws what the client throws */
async function oldestDuePollSeconds({ client, taskQueue }: { client: Client; taskQueue: string }): Promise<number> {
  const { stats, statsByPriorityKey } = await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: upstreamTaskQueue(taskQueue) },
      taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
      reportStats: true,
    }),
  );
  if (!stats) return Number.NaN;
  return (msOf(statsByPriorityKey?.[POLL_PRIORITY]?.approximateBacklogAge) ?? 0) / 1_000;
}
