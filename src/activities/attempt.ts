import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { toFailure } from './failures';
import { isAfterLostAttempt, type Progress, resumeProgress } from './progress';

/** A third of the heartbeat timeout that the workflow sets: a dead worker is noticed within 30 s, a slow one is not taken for dead. */
const HEARTBEAT_EVERY_MS = 5_000;

/** What an attempt works with. */
export interface Attempt<P extends Progress> {
  /** Written to by the work; what stands in it when the attempt fails is what the next one finds. */
  readonly progress: P;
  /** When the server scheduled this attempt: everything asked in it was asked later, in a long queue minutes later. */
  readonly askedAtMs: number;
  /** The server's time at the least, for what has to be compared with a time of the workflow. */
  nowMs(): number;
  /** How long the activity has worked and waited, without its time in the queue: the only measure of time across attempts. */
  elapsedMs(): number;
  /** How long upstream could not be asked before this attempt. */
  outageMs(): number;
  /** How long upstream had given only answers that decide nothing, before this attempt. */
  undecidedMs(): number;
}

/** Makes the progress that an attempt starts with. `afterSilence`: the attempt before left no last word. */
type StartProgress<P extends Progress> = (before: P | null, afterSilence: boolean) => P;

/**
 * Runs one attempt of an upstream activity: heartbeats while it works, and turns what it throws into Temporal's terms with the delay that
 * the streak of failures asks for.
 * @throws ApplicationFailure
 */
export async function attempt<T, P extends Progress = Progress>(
  work: (attempt: Attempt<P>) => Promise<T>,
  start: StartProgress<P>,
): Promise<T> {
  const { attempt: number, currentAttemptScheduledTimestampMs: scheduledAtMs, heartbeatDetails } = activityInfo();
  const beganMs = performance.now();
  const before = (heartbeatDetails as P | undefined) ?? null;
  const thisAttempt = { number, scheduledAtMs };
  const progress = start(before && resumeProgress(before, thisAttempt), isAfterLostAttempt(before, thisAttempt));
  progress.attempt = number;
  const runsForMs = () => Math.round(performance.now() - beganMs);
  const nowMs = () => scheduledAtMs + runsForMs();
  const elapsedMs = () => progress.elapsedMs + runsForMs();
  const since = (fromMs: number | null) => (fromMs === null ? 0 : elapsedMs() - fromMs);
  const outageMs = () => since(progress.failingFromMs);
  const undecidedMs = () => since(progress.undecidedFromMs);
  const beat = setInterval(() => heartbeat(progress), HEARTBEAT_EVERY_MS);
  try {
    return await work({ progress, askedAtMs: scheduledAtMs, nowMs, elapsedMs, outageMs, undecidedMs });
  } catch (error) {
    progress.elapsedMs = elapsedMs();
    const failure = toFailure(error, progress, nowMs());
    heartbeat(progress);
    throw failure;
  } finally {
    clearInterval(beat);
  }
}

/** Throws Temporal's CancelledFailure once the activity has been asked to stop (a cancelled applicant, a worker that drains). */
export function stopIfCancelled(): void {
  if (Context.current().cancellationSignal.aborted) throw Context.current().cancellationSignal.reason;
}

/** Calls `stop` once the activity has been asked to stop; returns what ends that. */
export function whenCancelled(stop: () => void): () => void {
  const { cancellationSignal } = Context.current();
  cancellationSignal.addEventListener('abort', stop);
  return () => cancellationSignal.removeEventListener('abort', stop);
}
