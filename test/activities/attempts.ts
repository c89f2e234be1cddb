import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

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
  readonly maxAttempts: number;
  /** How long attempt n, from 1, waits in the queue after it was scheduled, in ms. */
  readonly queuedForMs?: (attempt: number) => number;
  /** The first attempt to run, and its heartbeat details. */
  readonly from?: { readonly attempt: number; readonly heartbeatDetails: unknown };
}

const SILENT = new DefaultLogger('ERROR', () => {});

/** Runs an activity attempt by attempt as the server does: each is scheduled after the delay of the previous one. No time passes. */
export async function runAttempts<I extends unknown[], A>(
  run: (...args: I) => Promise<A>,
  args: I,
  { maxAttempts, queuedForMs = () => 0, from = { attempt: 1, heartbeatDetails: undefined } }: AttemptOptions,
): Promise<Attempts<A>> {
  const failures: ApplicationFailure[] = [];
  let { heartbeatDetails } = from;
  let scheduledAtMs = Date.parse('2026-03-01T00:00:00Z');
  const ended = (result: A | null): Attempts<A> => {
    const delaysMs = failures.map(delayMs);
    return { result, failures, heartbeatDetails, delaysMs, waitedMs: delaysMs.reduce((sum, ms) => sum + ms, 0) };
  };
  for (let attempt = from.attempt; attempt < from.attempt + maxAttempts; attempt += 1) {
    const info = { attempt, heartbeatDetails, currentAttemptScheduledTimestampMs: scheduledAtMs };
    const environment = new MockActivityEnvironment(info, { logger: SILENT });
    environment.on('heartbeat', (details: unknown) => {
      heartbeatDetails = structuredClone(details);
    });
    try {
      return ended((await withStoppedClock(() => environment.run(run, ...args))) as A);
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      failures.push(error);
      scheduledAtMs += queuedForMs(attempt) + delayMs(error);
    }
  }
  return ended(null);
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
