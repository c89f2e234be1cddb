import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { toFailure } from './failures';
import type { Progress } from './progress';

/** A third of the heartbeat timeout that the workflow sets: a dead worker is noticed within 30 s, a slow one is not taken for dead. */
const HEARTBEAT_EVERY_MS = 5_000;

/** What an attempt works with. */
export interface Attempt<P extends Progress> {
  /** Written to by the work; what stands in it when the attempt fails is what the next one finds. */
  readonly progress: P;
  /** When the server scheduled this attempt: everything asked in it was asked later. */
  readonly askedAtMs: number;
  /** The time by the server's clock, so that attempts on different workers agree with each other and with the workflow. */
  nowMs(): number;
  /** How long upstream could not be asked before this attempt. */
  outageMs(): number;
}

/**
 * Runs one attempt of an upstream activity: heartbeats while it works, and turns what it throws into Temporal's terms with the delay that
 * the streak of failures asks for.
 * @throws ApplicationFailure
 */
export async function attempt<T, P extends Progress = Progress>(
  work: (attempt: Attempt<P>) => Promise<T>,
  fresh: (before: P | null, nowMs: () => number) => P,
): Promise<T> {
  const info = activityInfo();
  const askedAtMs = info.currentAttemptScheduledTimestampMs;
  const beganMs = performance.now();
  const nowMs = () => askedAtMs + Math.round(performance.now() - beganMs);
  const progress = fresh((info.heartbeatDetails as P | undefined) ?? null, nowMs);
  const beat = setInterval(() => heartbeat(progress), HEARTBEAT_EVERY_MS);
  try {
    return await work({
      progress,
      askedAtMs,
      nowMs,
      outageMs: () => (progress.failingSinceMs === null ? 0 : Math.max(0, nowMs() - progress.failingSinceMs)),
    });
  } catch (error) {
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
