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

/** Who goes first in the queue of upstream's rate limit, 1 before 5. */
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
 * An activity that calls Human API. It is retried without limit and says itself when; its heartbeats tell a dead worker within 30 s. The
 * time-out of an attempt only has to be longer than every HTTP time-out and download together.
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

/** An activity that talks to the store or to Temporal: short, and retried until it works. */
export function internalActivities(summary: string) {
  return proxyActivities<InternalActivities>({
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    summary,
  });
}

/** A download: an upstream activity with slots and a rate of its own. */
export function downloadActivities(summary: string, options: ActivityOptions = {}) {
  return upstreamActivities('download', summary, {
    taskQueue: downloadTaskQueue(workflowInfo().taskQueue),
    ...options,
  });
}

/** Waits until the server's rate cap for this kind of work lets one more begin. A cancel ends the wait at once. */
export async function waitForTurn(work: PacedWork, summary: string): Promise<void> {
  const { awaitTurn: wait } = proxyActivities<UpstreamActivities>({
    taskQueue: turnTaskQueue(workflowInfo().taskQueue, work),
    startToCloseTimeout: '10 seconds',
    cancellationType: 'TRY_CANCEL',
    summary,
  });
  await wait();
}

/** An activity of ours that reads many files or looks at many applicants: its heartbeats tell a dead worker. */
export function longRunningActivities(summary: string) {
  return proxyActivities<InternalActivities>({
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    priority: { priorityKey: PRIORITY.background },
    summary,
  });
}

/** Half of the time that the server gives a workflow task: what takes longer is no quick call. */
const LOCAL_TIMEOUT_MS = 5_000;

/**
 * A call that all but always works at once: made within the workflow task, it costs one event instead of six. One that does not work is
 * repeated as an ordinary activity, whose retries cost no history however long the store is away.
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
