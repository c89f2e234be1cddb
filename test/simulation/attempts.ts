import {
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** Activities by name, as a worker serves them. */
export type Activities = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

/** The result of one attempt. */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: ApplicationFailure };

type Resolution = coresdk.activity_result.IActivityResolution;

export const SILENT = new DefaultLogger('ERROR', () => {});
/** The retry policy of every activity of the workflows: from a second on, doubling, up to a minute. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** Receives the events of an attempt. */
export interface AttemptListener {
  /** `details` is what the attempt leaves for the next one. */
  heartbeat(details: unknown): void;
  /** `cancel` passes a cancel of the activity on to the attempt. */
  started(cancel: () => void): void;
}

/** Runs the real activity once, as a worker does. */
export async function runAttempt(
  run: (...args: never[]) => Promise<unknown>,
  args: readonly unknown[],
  attemptInfo: { attempt: number; heartbeatDetails: unknown; scheduledAtMs: number; cancelled: boolean },
  listener?: AttemptListener,
): Promise<Outcome> {
  const { attempt, heartbeatDetails, scheduledAtMs, cancelled } = attemptInfo;
  const info = { attempt, heartbeatDetails, currentAttemptScheduledTimestampMs: scheduledAtMs };
  const environment = new MockActivityEnvironment(info, { logger: SILENT });
  environment.on('heartbeat', (details: unknown) => listener?.heartbeat(structuredClone(details)));
  listener?.started(() => environment.cancel());
  if (cancelled) environment.cancel();
  try {
    return { kind: 'completed', result: await environment.run(run, ...(args as never[])) };
  } catch (error) {
    if (error instanceof CancelledFailure) return { kind: 'cancelled' };
    if (error instanceof ApplicationFailure) return { kind: 'failed', error };
    throw error;
  }
}

/** The delay after which the server repeats an activity. */
export function retryAfterMs(error: ApplicationFailure, attempt: number): number {
  const delayMs = error.nextRetryDelay;
  if (typeof delayMs === 'number') return delayMs;
  if (delayMs !== undefined && delayMs !== null)
    throw new TypeError('expected nextRetryDelay to be a number of milliseconds');
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 20));
}

/** An outcome as the workflow receives it. */
export function toResolution(outcome: Outcome, activityType: string): Resolution {
  if (outcome.kind === 'completed') {
    const { result } = outcome;
    return { completed: { result: defaultPayloadConverter.toPayload(result) ?? null } };
  }
  const about = { activityFailureInfo: { activityType: { name: activityType } } };
  if (outcome.kind === 'cancelled') {
    const cause = { message: 'Activity cancelled', canceledFailureInfo: {} };
    return { cancelled: { failure: { message: 'Activity cancelled', ...about, cause } } };
  }
  const cause = defaultFailureConverter.errorToFailure(outcome.error, defaultPayloadConverter);
  return { failed: { failure: { message: 'Activity task failed', ...about, cause } } };
}
