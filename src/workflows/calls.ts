import { type ActivityOptions, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { LocalActivities, UpstreamActivities } from '../activities';
import { upstreamTaskQueue } from './contract';

/** Who goes first in the queue of upstream's rate limit, 1 before 5. */
export const PRIORITY = { conclude: 1, invite: 2, notice: 2, download: 3, batch: 4, poll: 5 } as const;

/**
 * An activity that calls Human API. It is retried without limit and says itself when; its heartbeats tell a dead worker within 30 s. The
 * time-out of an attempt only has to be longer than every HTTP time-out and download together.
 */
export function upstream(priority: keyof typeof PRIORITY, summary: string, options: ActivityOptions = {}) {
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
export function local(summary: string) {
  return proxyActivities<LocalActivities>({
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    summary,
  });
}
