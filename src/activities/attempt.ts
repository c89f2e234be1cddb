import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { Undecided } from '../upstream/errors';
import { toFailure } from './failures';
import { isAfterLostAttempt, type Progress, resumeProgress } from './progress';

/** A third of the workflow's heartbeat timeout: a dead worker is noticed within 30 s, a slow one is not considered dead. */
const HEARTBEAT_EVERY_MS = 5_000;

/** One attempt of an activity. */
export interface Attempt<P extends Progress> {
  /** The work writes to it; the next attempt starts with what it holds when this one fails. */
  readonly progress: P;
  /** When the server scheduled this attempt. Every call in it is made later: in a long queue, minutes later. */
  readonly askedAtMs: number;
  /** A lower bound of the server's time, for comparison with a time of the workflow. */
  nowMs(): number;
  /** How long the activity has worked and waited, without its time in the queue: the only measure of time across attempts. */
  elapsedMs(): number;
  /** For how long the upstream could not be asked before this attempt. */
  outageMs(): number;
  /** For how long the upstream had given only answers that decide nothing before this attempt. */
  undecidedMs(): number;
}

/** Makes the progress that an attempt starts with. `afterLostAttempt`: the previous attempt reported nothing. */
type StartProgress<P extends Progress> = (before: P | null, afterLostAttempt: boolean) => P;

/**
 * Runs one attempt of an activity: heartbeats while it works, and turns its error into a Temporal failure with the delay that the streak of
 * failures requires. @throws ApplicationFailure
 */
export async function attempt<T, P extends Progress = Progress>(
  work: (attempt: Attempt<P>) => Promise<T>,
  start: StartProgress<P>,
): Promise<T> {
  const { attempt: number, currentAttemptScheduledTimestampMs: scheduledAtMs, heartbeatDetails } = activityInfo();
  const startedMs = performance.now();
  const before = (heartbeatDetails as P | undefined) ?? null;
  const thisAttempt = { number, scheduledAtMs };
  const progress = start(before && resumeProgress(before, thisAttempt), isAfterLostAttempt(before, thisAttempt));
  progress.attempt = number;
  const runsForMs = () => Math.round(performance.now() - startedMs);
  const nowMs = () => scheduledAtMs + runsForMs();
  const elapsedMs = () => progress.elapsedMs + runsForMs();
  const since = (fromMs: number | null) => (fromMs === null ? 0 : elapsedMs() - fromMs);
  const outageMs = () => since(progress.failingFromMs);
  const undecidedMs = () => since(progress.undecidedFromMs);
  const heartbeatTimer = setInterval(() => heartbeat(progress), HEARTBEAT_EVERY_MS);
  try {
    return await work({ progress, askedAtMs: scheduledAtMs, nowMs, elapsedMs, outageMs, undecidedMs });
  } catch (error) {
    progress.elapsedMs = elapsedMs();
    const failure = toFailure(error, progress, nowMs());
    heartbeat(progress);
    throw failure;
  } finally {
    clearInterval(heartbeatTimer);
  }
}

/** The result of an activity when no answer has decided about the person for a while. */
export interface UndecidedAnswer {
  readonly kind: 'undecided';
  readonly why: string;
  /** Only of an invitation: a create may have been sent, and the next activity has to look for its effect. */
  readonly createSent?: boolean;
  /** Only of an invitation: a create was answered 409, so another one is pointless. */
  readonly exists?: boolean;
}

/** Part of the input of every activity that decides about a person. */
export interface UndecidedPatience {
  /**
   * Ms without a decision after which the activity returns an {@link UndecidedAnswer}. Null or absent: never, for a workflow that shows it
   * already or cannot show it.
   */
  readonly undecidedAfterMs?: number | null;
}

/** Runs one attempt; an answer that decides nothing is the result once `patience` has passed. */
export function attemptDecision<T, P extends Progress = Progress>(
  patience: UndecidedPatience,
  work: (attempt: Attempt<P>) => Promise<T>,
  start: StartProgress<P>,
): Promise<T | UndecidedAnswer> {
  return attempt((running) => askWithPatience(running, patience, () => work(running)), start);
}

/** Asks once; an answer that decides nothing is returned once the patience has passed. @throws every other error of `ask` */
export async function askWithPatience<A>(
  { undecidedMs }: Attempt<Progress>,
  { undecidedAfterMs = null }: UndecidedPatience,
  ask: () => Promise<A>,
): Promise<A | UndecidedAnswer> {
  try {
    return await ask();
  } catch (error) {
    const hasPassed = undecidedAfterMs !== null && undecidedMs() >= undecidedAfterMs;
    if (error instanceof Undecided && hasPassed) return { kind: 'undecided', why: error.why };
    throw error;
  }
}

/** Throws Temporal's CancelledFailure if the activity has to stop (a cancelled applicant, a draining worker). */
export function stopIfCancelled(): void {
  if (Context.current().cancellationSignal.aborted) throw Context.current().cancellationSignal.reason;
}

/** Calls `stop` when the activity has to stop; returns a function that unsubscribes. */
export function whenCancelled(stop: () => void): () => void {
  const { cancellationSignal } = Context.current();
  cancellationSignal.addEventListener('abort', stop);
  return () => cancellationSignal.removeEventListener('abort', stop);
}
