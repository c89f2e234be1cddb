import {
  type ActivityInterfaceFor,
  type ActivityOptions,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { InternalActivities, UpstreamActivities } from '../activities';
import { downloadTaskQueue, type PacedWork, POLL_PRIORITY, turnTaskQueue, upstreamTaskQueue } from './contract';

/** The order of activities that wait for upstream's rate limit: 1 comes first. */
export const PRIORITY = {
  conclude: 1,
  invite: 2,
  notice: 2,
  deadline: 2,
  download: 3,
  batch: 4,
  sweep: 4,
  poll: POLL_PRIORITY,
  background: POLL_PRIORITY,
} as const;

/**
 * Activities that call Human API, retried without limit; each failure sets the delay of its retry. Heartbeats detect a dead worker within 30 s, so
 * the timeout of an attempt can be long: it exceeds all HTTP timeouts and a download together.
 */
export function upstreamActivities(priority: keyof typeof PRIORITY, summary: string, options: ActivityOptions = {}) {
  return proxyActivities<UpstreamActivities>({
    taskQueue: upstreamTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    priority: { priorityKey: PRIORITY[priority] },
    summary,
    ...options,
  });
}

/** Short activities on the report store or Temporal, retried without limit. */
export function internalActivities(summary: string) {
  return proxyActivities<InternalActivities>({
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    summary,
  });
}

/** Downloads: upstream activities with their own slots and their own rate limit. */
export function downloadActivities(summary: string, options: ActivityOptions = {}) {
  return upstreamActivities('download', summary, {
    taskQueue: downloadTaskQueue(workflowInfo().taskQueue),
    ...options,
  });
}

/** Waits for the rate limit of this kind of work, which the server applies. A cancel request ends the wait at once. */
export async function waitForTurn(work: PacedWork, summary: string): Promise<void> {
  const { awaitTurn } = proxyActivities<UpstreamActivities>({
    taskQueue: turnTaskQueue(workflowInfo().taskQueue, work),
    startToCloseTimeout: '10 seconds',
    cancellationType: 'TRY_CANCEL',
    summary,
  });
  await awaitTurn();
}

/** Internal activities on many files or applicants, with heartbeats. */
export function longRunningActivities(summary: string, options: ActivityOptions = {}) {
  return proxyActivities<InternalActivities>({
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    priority: { priorityKey: PRIORITY.background },
    summary,
    ...options,
  });
}

/** Half of the timeout of a workflow task. */
const LOCAL_TIMEOUT_MS = 5_000;

/**
 * Makes a call as a local activity, which costs one event instead of six. If that fails, repeats the call as an ordinary activity, whose retries
 * add no events.
 */
export async function localActivityFirst<T>(
  summary: string,
  call: (activities: ActivityInterfaceFor<InternalActivities>) => Promise<T>,
): Promise<T> {
  const options = { startToCloseTimeout: LOCAL_TIMEOUT_MS, retry: { maximumAttempts: 1 }, summary };
  try {
    return await call(proxyLocalActivities<InternalActivities>(options));
  } catch (error) {
    if (isCancellation(error)) throw error;
    return call(internalActivities(summary));
  }
}
