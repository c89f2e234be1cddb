import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { Registry } from 'prom-client';
import { createGauge } from '../observability/metrics';
import { downloadTaskQueue, POLL_PRIORITY, turnTaskQueue, upstreamTaskQueue } from '../workflows/contract';
import { callWithDeadline, type TemporalDeps, toMs } from './rpc';

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = temporal.api.enums.v1.TaskQueueType;
/** A command must not wait longer for this hint. */
const WORKER_TIMEOUT_MS = 3_000;
/** A scrape must not wait for a server that does not answer. */
const SCRAPE_TIMEOUT_MS = 2_000;
/**
 * An idle worker polls at least once a minute, and the server lists the pollers of the last five minutes. A poller older than this has stopped,
 * unless its clock and ours differ by half a minute.
 */
export const POLLED_WITHIN_MS = 90_000;

/** Whether a worker polls both task queues: without one, no work is done, and none is lost. Throws what the client throws. */
export async function hasWorker({ client, taskQueue }: TemporalDeps): Promise<boolean> {
  const untilMs = Date.now() + WORKER_TIMEOUT_MS;
  const queues = await Promise.all([
    describeQueue(client, taskQueue, TASK_QUEUE_TYPE_WORKFLOW, untilMs),
    describeQueue(client, upstreamTaskQueue(taskQueue), TASK_QUEUE_TYPE_ACTIVITY, untilMs),
  ]);
  return queues.every((queue) => countPollers(queue) > 0);
}

/** `pollers`: the workers that poll it; `backlog`: the tasks that wait, null if the server does not report them. */
export interface QueueLoad {
  readonly queue: string;
  readonly pollers: number;
  readonly backlog: number | null;
}

/** The load of each task queue of the workers. Throws what the client throws. */
export async function readQueueLoads({ client, taskQueue }: TemporalDeps): Promise<readonly QueueLoad[]> {
  const untilMs = Date.now() + WORKER_TIMEOUT_MS;
  const others = [upstreamTaskQueue(taskQueue), downloadTaskQueue(taskQueue)];
  const turns = (['batch', 'lookups'] as const).map((work) => turnTaskQueue(taskQueue, work));
  const types = (queue: string) =>
    queue === taskQueue ? [TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY] : [TASK_QUEUE_TYPE_ACTIVITY];
  return Promise.all(
    [taskQueue, ...others, ...turns].map(async (queue) => {
      const described = await Promise.all(
        types(queue).map((type) => describeQueue(client, queue, type, untilMs, true)),
      );
      const backlogs = described.map(({ stats }) => (stats ? Number(stats.approximateBacklogCount ?? 0) : null));
      return {
        queue,
        // A worker that polls only one of the two types does not do the work of both.
        pollers: Math.min(...described.map(countPollers)),
        backlog: backlogs.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0),
      };
    }),
  );
}

function countPollers({ pollers }: temporal.api.workflowservice.v1.IDescribeTaskQueueResponse): number {
  const recent = (pollers ?? []).filter(
    ({ lastAccessTime }) => Date.now() - (toMs(lastAccessTime) ?? 0) < POLLED_WITHIN_MS,
  );
  return new Set(recent.map(({ identity }) => identity)).size;
}

function describeQueue(
  client: Client,
  name: string,
  taskQueueType: temporal.api.enums.v1.TaskQueueType,
  untilMs: number,
  reportStats = false,
) {
  const { namespace } = client.options;
  const request = { namespace, taskQueue: { name }, taskQueueType, reportStats };
  return callWithDeadline(client, () => client.workflowService.describeTaskQueue(request), untilMs);
}

/**
 * Serves the age of the oldest due poll, in seconds: 0 if none waits, NaN if Temporal does not answer or does not report statistics by
 * priority. Each scrape asks Temporal, which caches its answer for some seconds; every worker shows the same value.
 */
export function serveDuePollMetric(registry: Registry, deps: TemporalDeps) {
  createGauge(
    registry,
    'chartway_oldest_due_poll_age_seconds',
    'For how long the oldest poll that is due has waited in the queue of the rate limit, over all workers; NaN if Temporal does not answer.',
    () => readOldestDuePollSeconds(deps).catch(() => Number.NaN),
  );
}

/** The server lists only the priorities that tasks have used lately. @throws what the client throws */
async function readOldestDuePollSeconds({ client, taskQueue }: TemporalDeps): Promise<number> {
  const queue = upstreamTaskQueue(taskQueue);
  const untilMs = Date.now() + SCRAPE_TIMEOUT_MS;
  const { stats, statsByPriorityKey } = await describeQueue(client, queue, TASK_QUEUE_TYPE_ACTIVITY, untilMs, true);
  if (!stats) return Number.NaN;
  return (toMs(statsByPriorityKey?.[POLL_PRIORITY]?.approximateBacklogAge) ?? 0) / 1_000;
}
