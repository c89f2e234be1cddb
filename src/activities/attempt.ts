import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { Undecided } from '../upstream/errors';
import { toFailure } from './failures';
import { isAfterLostAttempt, type Progress, resumeProgress } from './progress';

/** A third of the workflow's heartbeat timeout: a dead worker is noticed within 30 s, a slow one is not considered dead. */
const HEARTBEAT_EVERY_MS = 5_000;

/** One attempt of an activity. */
export interface Attempt<P extends Progress> {
  /** The work may change it. If this attempt fails, the next one starts with it. */
  readonly progress: P;
  /** When the server scheduled this attempt. Its calls are made later: after a long queue, minutes later. */
  readonly askedAtMs: number;
  /** A lower bound of the server's time, for comparison with a time of the workflow. */
  nowMs(): number;
  /** How long the activity has worked and waited, in ms without time in the queue. The only measure of time across attempts. */
  elapsedMs(): number;
  /** How long the upstream has not answered. */
  outageMs(): number;
  /** How long the upstream has given only answers that decide nothing. */
  undecidedMs(): number;
}

/** Returns the progress that an attempt starts with. `afterLostAttempt`: the previous attempt reported nothing. */
type StartProgress<P extends Progress> = (before: P | null, afterLostAttempt: boolean) => P;

/**
 * Runs one attempt of an activity: sends heartbeats while it works, and turns its error into a Temporal failure with the delay until the next attempt.
 * @throws ApplicationFailure, CancelledFailure
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

/** The result of an activity if the answers have not decided about the person for a while. */
export interface UndecidedAnswer {
  readonly kind: 'undecided';
  readonly why: string;
  /** Only of an invitation. True: a create may have been sent, and the next activity has to look for its effect. */
  readonly createSent?: boolean;
  /** Only of an invitation. True: a create was answered 409, and another one would be answered the same. */
  readonly exists?: boolean;
}

/** Part of the input of every activity that decides about a person. */
export interface UndecidedPatience {
  /** After this time without a decision the activity returns an {@link UndecidedAnswer}. Null or absent: never. */
  readonly undecidedAfterMs?: number | null;
}

/** Runs one attempt with {@link askWithPatience}. */
export function attemptDecision<T, P extends Progress = Progress>(
  patience: UndecidedPatience,
  work: (attempt: Attempt<P>) => Promise<T>,
  start: StartProgress<P>,
): Promise<T | UndecidedAnswer> {
  return attempt((running) => askWithPatience(running, patience, () => work(running)), start);
}

/** Asks once. After the patience has passed, an answer that decides nothing is returned, not thrown. @throws any other error of `ask` */
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

/** @throws CancelledFailure if the activity has to stop: the applicant is cancelled, or the worker drains */
export function stopIfCancelled(): void {
  if (Context.current().cancellationSignal.aborted) throw Context.current().cancellationSignal.reason;
}

/** Calls `stop` when the activity has to stop. Returns a function that unsubscribes. */
export function whenCancelled(stop: () => void): () => void {
  const { cancellationSignal } = Context.current();
  cancellationSignal.addEventListener('abort', stop);
  return () => cancellationSignal.removeEventListener('abort', stop);
}
