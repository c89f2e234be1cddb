import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { describeError } from '../observability/describe-error';
import { StoreError } from '../report-store/errors';
import { RateLimited, Undecided, UpstreamError } from '../upstream/errors';
import type { PollProgress, Progress } from './progress';
import { withCallReport } from './stuck-call';

/** The activity found nothing yet and runs again. Not a failure, and not logged as one. */
export class NothingYet extends Error {
  override readonly name = 'NothingYet';

  constructor(
    what: string,
    readonly delayMs: number,
    /** The upstream's id of the request whose effect is unknown. */
    readonly requestId: string | null = null,
  ) {
    super(`nothing yet: ${what}`);
  }
}

/** The error of a poll that found nothing new: it runs again after the next of its delays. The last one repeats. */
export function nothingNew(progress: PollProgress, delaysMs: readonly number[], what: string): NothingYet {
  const delayMs = delaysMs[Math.min(progress.quiet, delaysMs.length - 1)] ?? 0;
  progress.quiet += 1;
  return new NothingYet(what, delayMs);
}

/** The first retry comes within a second; the delay doubles to a minute, and to five minutes in a long outage. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
const LONG_OUTAGE_MS = 15 * 60_000;
const MAX_RETRY_IN_LONG_OUTAGE_MS = 5 * 60_000;
/** Retries are up to a fifth earlier, so that activities that failed together do not retry together. */
const JITTER = 0.2;

/**
 * Turns the error of an activity into a Temporal failure with the delay of the retry. An error of the upstream is retryable, because a final answer is
 * a result. A failure that is not retryable is returned as it is. Counts failures in a row in `progress`, whose `elapsedMs` is the time of this one;
 * NothingYet ends the row, because the upstream has answered. `nowMs` is the server's time.
 */
export function toFailure(error: unknown, progress: Progress, nowMs: number): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || (error instanceof ApplicationFailure && error.nonRetryable)) {
    progress.delayMs = 0;
    return error;
  }
  if (error instanceof NothingYet) {
    progress.streak = 0;
    progress.failingFromMs = null;
    progress.failingSinceMs = null;
    progress.undecidedFromMs = null;
    progress.delayMs = error.delayMs;
    const quiet = withRequestId(error.requestId, {
      message: error.message,
      type: error.name,
      nextRetryDelay: error.delayMs,
      category: ApplicationFailureCategory.BENIGN,
    });
    return withCallReport(quiet, progress, nowMs);
  }
  progress.streak += 1;
  progress.failingFromMs ??= progress.elapsedMs;
  progress.failingSinceMs ??= nowMs;
  if (error instanceof Undecided) progress.undecidedFromMs ??= progress.elapsedMs;
  const retryAfterMs = error instanceof RateLimited ? error.retryAfterMs : null;
  progress.delayMs = retryAfterMs ?? backOffMs(progress.streak, progress.elapsedMs - progress.failingFromMs);
  const failure = withRequestId(error instanceof UpstreamError ? error.call.requestId : null, {
    message: failureMessage(error),
    type: failureType(error),
    nextRetryDelay: progress.delayMs,
  });
  return withCallReport(failure, progress, nowMs);
}

type FailureOptions = Parameters<typeof ApplicationFailure.create>[0];

/** Adds the request id as a field for the log line, which does not show the message. */
function withRequestId(requestId: string | null, options: FailureOptions): ApplicationFailure {
  const failure = ApplicationFailure.create(options);
  return requestId === null ? failure : Object.assign(failure, { requestId });
}

function backOffMs(streak: number, failingForMs: number): number {
  const maxMs = failingForMs > LONG_OUTAGE_MS ? MAX_RETRY_IN_LONG_OUTAGE_MS : MAX_RETRY_MS;
  const doubledMs = FIRST_RETRY_MS * 2 ** Math.min(streak - 1, 20);
  return Math.round(Math.min(maxMs, doubledMs) * (1 - JITTER * Math.random()));
}

/** A Temporal failure (an unavailable store) keeps its type. */
function failureType(error: unknown): string {
  if (error instanceof ApplicationFailure && error.type) return error.type;
  return error instanceof Error ? describeError(error).name : 'Error';
}

/** Only messages of our own errors: another error may quote personal data. Only our code throws ApplicationFailure. */
function failureMessage(error: unknown): string {
  if (error instanceof UpstreamError || error instanceof StoreError || error instanceof ApplicationFailure) {
    return error.message;
  }
  const { name, code } = describeError(error);
  return `unexpected ${name}${code === undefined ? '' : ` (${code})`}`;
}
