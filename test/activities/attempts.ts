import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** What the attempts of one activity did, in order. */
export interface Attempts<A> {
  /** What the activity returned; null where the last attempt failed too. */
  readonly result: A | null;
  readonly failures: readonly ApplicationFailure[];
  /** The heartbeat details that the last attempt left. */
  readonly left: unknown;
  /** The delays that the attempts asked for, in ms. */
  readonly delaysMs: readonly number[];
}

interface Course {
  /** How many attempts at most. */
  readonly most: number;
  /** How long attempt n, from 1 on, waits in the queue between being scheduled and being run, in ms. */
  readonly queuedForMs?: (attempt: number) => number;
  /** The first attempt that is run, and what stands in the heartbeat details then. */
  readonly from?: { readonly attempt: number; readonly heartbeatDetails: unknown };
}

const SILENT = new DefaultLogger('ERROR', () => {});

/** Runs an activity attempt after attempt as the server does: each is scheduled when the delay is over that the one before asked for. No time passes. */
export async function attemptsOf<I extends unknown[], A>(
  run: (...args: I) => Promise<A>,
  args: I,
  { most, queuedForMs = () => 0, from = { attempt: 1, heartbeatDetails: undefined } }: Course,
): Promise<Attempts<A>> {
  const failures: ApplicationFailure[] = [];
  let { heartbeatDetails } = from;
  let scheduledAtMs = Date.parse('2026-03-01T00:00:00Z');
  for (let attempt = from.attempt; attempt < from.attempt + most; attempt += 1) {
    const info = { attempt, heartbeatDetails, currentAttemptScheduledTimestampMs: scheduledAtMs };
    const environment = new MockActivityEnvironment(info, { logger: SILENT });
    environment.on('heartbeat', (details: unknown) => {
      heartbeatDetails = structuredClone(details);
    });
    try {
      const result = (await atStandstill(() => environment.run(run, ...args))) as A;
      return { result, failures, left: heartbeatDetails, delaysMs: failures.map(delayOf) };
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      failures.push(error);
      scheduledAtMs += queuedForMs(attempt) + delayOf(error);
    }
  }
  return { result: null, failures, left: heartbeatDetails, delaysMs: failures.map(delayOf) };
}

/** Runs with a clock that stands still, because activities measure their time by it and a busy machine must not count. */
export async function atStandstill<T>(run: () => Promise<T>): Promise<T> {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  try {
    return await run();
  } finally {
    clock.mockRestore();
  }
}

function delayOf({ nextRetryDelay }: ApplicationFailure): number {
  if (typeof nextRetryDelay === 'number') return nextRetryDelay;
  throw new TypeError('expected a delay in milliseconds with every failure');
}
