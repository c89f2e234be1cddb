/**
 * What one attempt of an activity hands to the next, as heartbeat details: the server keeps them between attempts, at no cost in history.
 * An activity may carry more of its own beside it. No time is compared across attempts by a clock: the server's time of an attempt is when
 * it was scheduled, and it may wait for minutes in a rate-capped queue after that. Durations are summed instead, in `elapsedMs`.
 */
export interface Progress {
  /** The number of the attempt that wrote this. */
  attempt: number;
  /** How long the activity has worked or waited for a delay that it asked for, in ms. Time in the queue, and of an attempt that died, is not in it. */
  elapsedMs: number;
  /** The delay that the attempt asked for when it ended, in ms: it was waited once the next attempt runs. Null while the attempt runs. */
  delayMs: number | null;
  /** How many attempts have failed one after the other. The server's own count would include the quiet attempts of a poll. */
  streak: number;
  /** Where on `elapsedMs` that streak began; null after an attempt that got its answer. */
  failingFromMs: number | null;
  /** The same by the server's clock, in ms since 1970: the sweep reports it, nothing is decided by it. */
  failingSinceMs: number | null;
  /** Where on `elapsedMs` upstream first gave an answer that decides nothing; null after one that does. */
  undecidedFromMs: number | null;
}

/** The attempt that now runs. `scheduledAtMs` is the server's time. */
interface ThisAttempt {
  readonly number: number;
  readonly scheduledAtMs: number;
}

/** The progress of an activity that carries nothing of its own. */
export function startProgress(before: Progress | null): Progress {
  if (before) return before;
  const never = { failingFromMs: null, failingSinceMs: null, undecidedFromMs: null };
  return { attempt: 0, elapsedMs: 0, delayMs: null, streak: 0, ...never };
}

/**
 * True where the attempt directly before this one left no last word: it died, the activity was reset by hand, or 0.1.0 ran it. It may have
 * sent whatever it was about to send.
 */
export function isAfterLostAttempt(before: Progress | null, { number }: ThisAttempt): boolean {
  if (before === null) return number > 1;
  return before.attempt !== number - 1 || (before.delayMs ?? null) === null;
}

/** Progress as an attempt goes on from it: the delay asked for last was waited, unless an operator had the activity reset. */
export function resumeProgress<P extends Progress>(before: P, { number, scheduledAtMs }: ThisAttempt): P {
  if (before.elapsedMs === undefined) return upgradeProgress(before, scheduledAtMs);
  const waitedMs = number > before.attempt ? (before.delayMs ?? 0) : 0;
  return { ...before, elapsedMs: before.elapsedMs + waitedMs, delayMs: null };
}

/** Progress of 0.1.0, which had clock times only: an outage that began then keeps the length that 0.1.0 would have given it. */
function upgradeProgress<P extends Progress>(before: P, nowMs: number): P {
  const { failingSinceMs } = before;
  const elapsedMs = failingSinceMs === null ? 0 : Math.max(0, nowMs - failingSinceMs);
  const failingFromMs = failingSinceMs === null ? null : 0;
  return { ...before, elapsedMs, delayMs: null, failingFromMs, undecidedFromMs: null };
}

/** The progress of an activity that continues an outage which another one has reported. */
export function continueOutage(
  outage: { readonly durationMs: number; readonly failures: number } | null,
  scheduledAtMs: number,
): Progress {
  const progress = startProgress(null);
  if (!outage) return progress;
  const { durationMs, failures } = outage;
  const failing = { streak: failures, failingFromMs: 0, failingSinceMs: scheduledAtMs - durationMs };
  return { ...progress, elapsedMs: durationMs, ...failing };
}
