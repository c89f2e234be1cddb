import { condition, continueAsNew, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { internalActivities, longRunningActivities } from './activity-calls';
import { type EventPeriod, endpointOfWorkflow, endpointSignal } from './contract';
import { hasReachedRunLimit } from './run-limits';

/** The delay before a probe; each is twice the previous one. */
const PROBE_DELAY_MS = { min: 5 * SECOND_MS, max: 5 * MINUTE_MS };
/** Longer than workers remember the state of an endpoint, and than visibility usually lags. */
const SECOND_PASS_AFTER_MS = 5 * SECOND_MS;

export interface RecoverEndpointInput {
  /** Carried over from the previous run. */
  readonly delayMs?: number;
  readonly recoveries?: readonly EventPeriod[];
}

/**
 * Probes an endpoint while it fails, wakes the deliveries that waited once it works, and sends what was not delivered on request. The state of the endpoint
 * is in the report store, so this workflow runs only while there is something to do.
 */
export async function recoverEndpoint(input: RecoverEndpointInput = {}): Promise<void> {
  const endpoint = endpointOfWorkflow(workflowInfo().workflowId);
  const recoveries = [...(input.recoveries ?? [])];
  let delayMs = input.delayMs ?? PROBE_DELAY_MS.min;
  let requests = 0;
  let probeAtMs: number | null = null;
  setHandler(endpointSignal, (request) => {
    requests += 1;
    if (request?.recover) recoveries.push(request.recover);
  });
  for (;;) {
    if (hasReachedRunLimit(requests)) return continueAsNew<typeof recoverEndpoint>({ delayMs, recoveries });
    const seen = requests;
    const period = recoveries.shift();
    if (period !== undefined) {
      await longRunningActivities('Recover events').recoverEvents({ endpoint, ...period });
      continue;
    }
    const state = await internalActivities('Read the state of the endpoint').readEndpoint({ endpoint });
    if (state === 'failing') {
      await probeLater(seen);
      continue;
    }
    delayMs = PROBE_DELAY_MS.min;
    probeAtMs = null;
    if (state === 'active') await wakeDeliveries();
    if (requests === seen) return;
  }

  async function probeLater(seen: number): Promise<void> {
    // A request does not delay the probe.
    probeAtMs ??= Date.now() + delayMs;
    const waitMs = probeAtMs - Date.now();
    const options = { summary: 'waiting before the next probe' };
    if (waitMs > 0 && (await condition(() => requests !== seen, waitMs, options))) return;
    probeAtMs = null;
    delayMs = Math.min(delayMs * 2, PROBE_DELAY_MS.max);
    await internalActivities('Probe the endpoint').probeEndpoint({ endpoint });
  }

  /** Twice, because a delivery may have read the old state, or may not be listed yet. */
  async function wakeDeliveries(): Promise<void> {
    const { wakeDeliveries } = longRunningActivities('Wake the deliveries');
    await wakeDeliveries({ endpoint });
    await sleep(SECOND_PASS_AFTER_MS, { summary: 'waiting before the second pass' });
    await wakeDeliveries({ endpoint });
  }
}
