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

/** What came of one attempt. */
export type Outcome =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: ApplicationFailure };

type Resolution = coresdk.activity_result.IActivityResolution;

const SILENT = new DefaultLogger('ERROR', () => {});
/** What the workflow asks for of all its activities: from a second on, doubling, to a minute. */
const FIRST_RETRY_MS = 1_000;
const RETRY_MOST_MS = 60_000;

/** What a server learns of an attempt, and can do to it. */
export interface AttemptListener {
  /** What the attempt leaves for the next one. */
  heartbeat(details: unknown): void;
  /** `cancel` tells the attempt that the workflow has cancelled the activity. */
  started(cancel: () => void): void;
}

/** Runs the real activity once, as a worker does. */
export async function runAttempt(
  run: (...args: never[]) => Promise<unknown>,
  args: readonly unknown[],
  about: { attempt: number; heartbeatDetails: unknown; scheduledAtMs: number; cancelled: boolean },
  listener?: AttemptListener,
): Promise<Outcome> {
  const { attempt, heartbeatDetails, scheduledAtMs, cancelled } = about;
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

/** When the server runs an activity again. */
export function retryAfterMs(error: ApplicationFailure, attempt: number): number {
  const asked = error.nextRetryDelay;
  if (typeof asked === 'number') return asked;
  if (asked !== undefined && asked !== null) throw new TypeError('a delay of ours is a number of milliseconds');
  return Math.min(RETRY_MOST_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 20));
}

/** An outcome as the workflow is told of it. */
export function resolutionOf(outcome: Outcome, activityType: string): Resolution {
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
