import type { ApplicationFailure } from '@temporalio/common';
import { runAttempt } from '../simulation/attempts';

/** When the first attempt is scheduled. */
export const START_MS = Date.parse('2026-03-01T00:00:00Z');

/** What the attempts of one activity did, in order. */
export interface Attempts<A> {
  /** The activity's result; null if the last attempt failed too. */
  readonly result: A | null;
  readonly failures: readonly ApplicationFailure[];
  /** The last heartbeat details. */
  readonly heartbeatDetails: unknown;
  /** The delays before the next attempts, in ms, and their sum. */
  readonly delaysMs: readonly number[];
  readonly waitedMs: number;
}

interface AttemptOptions {
  /** How long attempt n, from 1, waits in the queue after it was scheduled, in ms. */
  readonly queuedForMs?: (attempt: number) => number;
  /** The first attempt to run, and its heartbeat details. */
  readonly from?: { readonly attempt: number; readonly heartbeatDetails: unknown };
}

/** Runs an activity attempt by attempt as the server does: each is scheduled after the delay of the previous one. No time passes. */
export async function runAttempts<I, A>(
  run: (input: I) => Promise<A>,
  input: I,
  maxAttempts: number,
  { queuedForMs = () => 0, from = { attempt: 1, heartbeatDetails: undefined } }: AttemptOptions = {},
): Promise<Attempts<A>> {
  const failures: ApplicationFailure[] = [];
  let { heartbeatDetails } = from;
  let result: A | null = null;
  let scheduledAtMs = START_MS;
  const keepDetails = { heartbeat: (details: unknown) => (heartbeatDetails = details), started: () => {} };
  for (let attempt = from.attempt; attempt < from.attempt + maxAttempts; attempt += 1) {
    const info = { attempt, heartbeatDetails, scheduledAtMs, cancelled: false };
    const outcome = await withStoppedClock(() => runAttempt(run, [input], info, keepDetails));
    if (outcome.kind !== 'failed') {
      result = 'result' in outcome ? (outcome.result as A) : null;
      break;
    }
    failures.push(outcome.error);
    scheduledAtMs += queuedForMs(attempt) + delayMs(outcome.error);
  }
  const delaysMs = failures.map(delayMs);
  return { result, failures, heartbeatDetails, delaysMs, waitedMs: delaysMs.reduce((sum, ms) => sum + ms, 0) };
}

/** Activities measure time by this clock; a slow machine must not count. */
async function withStoppedClock<T>(run: () => Promise<T>): Promise<T> {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  try {
    return await run();
  } finally {
    clock.mockRestore();
  }
}

function delayMs({ nextRetryDelay }: ApplicationFailure): number {
  if (typeof nextRetryDelay === 'number') return nextRetryDelay;
  throw new TypeError('expected a delay in milliseconds with every failure');
}
