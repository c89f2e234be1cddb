import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeliveryActivities } from '../activities';
import type { DeliveryEnd } from '../activities/deliver-events';
import { HOUR_MS } from '../domain/policy';
import { deliverSignal, eventsTaskQueue, parseWorkflowId } from './contract';
import { hasReachedRunLimit, isCancelRequested } from './run-limits';

/** How long a delivery waits for an endpoint before it looks again; the end of the wait usually comes by a request. */
const HELD_FOR_MS = 6 * HOUR_MS;

/**
 * Delivers the events of one subject to one endpoint, in order, until none waits. The activity does the work and its retries follow the schedule, so the
 * history stays short. A request wakes it; one that restarts or probes ends a waiting retry.
 */
export async function deliverEvents(): Promise<void> {
  const target = parseWorkflowId(workflowInfo().workflowId);
  if (target?.kind !== 'delivery') throw new TypeError('expected the workflow id of a delivery');
  const { endpoint, subject } = target;
  let requests = 0;
  let isProbe = false;
  let attempt: CancellationScope | null = null;
  setHandler(deliverSignal, (request) => {
    requests += 1;
    isProbe ||= request?.isProbe === true;
    if (request?.isProbe || request?.isRestarted) attempt?.cancel();
  });
  const activities = proxyActivities<DeliveryActivities>({
    taskQueue: eventsTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '1 minute',
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
    // Two tries of a subject must not overlap, so an attempt in flight ends first.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    summary: 'Deliver the events',
  });

  for (;;) {
    if (hasReachedRunLimit(requests)) return continueAsNew<typeof deliverEvents>();
    const seen = requests;
    const end = await deliver();
    if (end === 'held') await condition(() => requests !== seen, HELD_FOR_MS, { summary: 'waiting for the endpoint' });
    else if (end === 'done' && requests === seen) return;
  }

  async function deliver(): Promise<DeliveryEnd> {
    const input = { endpoint, subject, isProbe };
    isProbe = false;
    const scope = new CancellationScope();
    attempt = scope;
    try {
      return await scope.run(() => activities.deliverEvents(input));
    } catch (error) {
      // An attempt in flight may end with its own failure after the restart was requested.
      if (isCancelRequested() || !(scope.consideredCancelled || isCancellation(error))) throw error;
      return 'more';
    } finally {
      attempt = null;
    }
  }
}
