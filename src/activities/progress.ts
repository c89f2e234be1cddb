/**
 * What one attempt of an activity passes to the next, as heartbeat details: the server keeps them between attempts without events in history. Clock
 * times of attempts are not compared, because the server gives the time when an attempt was scheduled, and it may wait in a rate-limited queue for
 * minutes after that. Instead, `elapsedMs` sums durations.
 */
export interface Progress {
  /** The attempt that wrote this. */
  attempt: number;
  /** How long the activity has worked or waited for its own delays, in ms; without time in the queue and without lost attempts. */
  elapsedMs: number;
  /** The delay that the attempt asked for when it ended, in ms; null while it runs. */
  delayMs: number | null;
  /** Failures in a row. The server's attempt number also counts the quiet attempts of a poll. */
  streak: number;
  /** The `elapsedMs` at which the streak began; null after an answer. */
  failingFromMs: number | null;
  /** The same by the server's clock, in ms since 1970. */
  failingSinceMs: number | null;
  /** The `elapsedMs` at which the upstream first gave an answer that decides nothing; null after one that does. */
  undecidedFromMs: number | null;
  /** True while the workflow knows that the call is stuck. */
  isReportedStuck?: boolean;
}

/** The running attempt. `scheduledAtMs` is the server's time. */
interface ThisAttempt {
  readonly number: number;
  readonly scheduledAtMs: number;
}

export function startProgress(before: Progress | null): Progress {
  if (before) return before;
  const never = { failingFromMs: null, failingSinceMs: null, undecidedFromMs: null };
  return { attempt: 0, elapsedMs: 0, delayMs: null, streak: 0, ...never };
}

export interface PollProgress extends Progress {
  /** How many attempts found nothing new. Selects the next delay. */
  quiet: number;
}

export function startPollProgress(before: PollProgress | null): PollProgress {
  return before ?? { ...startProgress(null), quiet: 0 };
}

/**
 * True if the previous attempt reported nothing when it ended: its worker died, an operator reset the activity, or 0.1.0 ran it. It may have made a
 * call.
 */
export function isAfterLostAttempt(before: Progress | null, { number }: ThisAttempt): boolean {
  if (before === null) return number > 1;
  return before.attempt !== number - 1 || (before.delayMs ?? null) === null;
}

/** The progress of the previous attempt, plus its delay, unless an operator reset the activity. */
export function resumeProgress<P extends Progress>(before: P, { number, scheduledAtMs }: ThisAttempt): P {
  if (before.elapsedMs === undefined) return upgradeProgress(before, scheduledAtMs);
  const waitedMs = number > before.attempt ? (before.delayMs ?? 0) : 0;
  return { ...before, elapsedMs: before.elapsedMs + waitedMs, delayMs: null };
}

/** 0.1.0 wrote only clock times. An outage that it reported keeps its length. */
function upgradeProgress<P extends Progress>(before: P, nowMs: number): P {
  const { failingSinceMs } = before;
  const elapsedMs = failingSinceMs === null ? 0 : Math.max(0, nowMs - failingSinceMs);
  const failingFromMs = failingSinceMs === null ? null : 0;
  return { ...before, elapsedMs, delayMs: null, failingFromMs, undecidedFromMs: null };
}

/** The progress of an activity that starts during an outage which another activity has reported. */
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
