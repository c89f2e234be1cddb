import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { describeError } from '../observability/describe-error';
import { StoreUnavailable } from '../report-store/port';
import { RateLimited, Undecided, UpstreamError } from '../upstream/errors';
import type { Progress } from './progress';

/** Thrown by an activity that found nothing yet and is to be run again: no failure, and nobody needs to hear of it. */
export class NothingYet extends Error {
  override readonly name = 'NothingYet';

  constructor(
    readonly waitingFor: string,
    readonly againInMs: number,
    /** Upstream's id of the request that left nothing to do but wait. */
    readonly requestId: string | null = null,
  ) {
    super(`nothing yet: ${waitingFor}`);
  }
}

/** The first retry comes within a second, the distance doubles to a minute, and to five in an outage that lasts. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
const LONG_OUTAGE_MS = 15 * 60_000;
const MAX_RETRY_IN_LONG_OUTAGE_MS = 5 * 60_000;
/** Up to a fifth earlier, so that what failed together does not come back together. */
const JITTER = 0.2;

/**
 * What an activity threw, in Temporal's terms. Every failure is retryable and says when: what is final is an activity's result, not its failure.
 * Counts the streak of failures in `progress`, whose `elapsedMs` is that of this failure; a quiet attempt ends it, for upstream did answer.
 * `nowMs` is the server's time.
 */
export function toFailure(error: unknown, progress: Progress, nowMs: number): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure) {
    progress.delayMs = 0;
    return error;
  }
  if (error instanceof NothingYet) {
    progress.streak = 0;
    progress.failingFromMs = null;
    progress.failingSinceMs = null;
    progress.undecidedFromMs = null;
    progress.delayMs = error.againInMs;
    return withRequestId(error.requestId, {
      message: error.message,
      type: error.name,
      nextRetryDelay: error.againInMs,
      category: ApplicationFailureCategory.BENIGN,
    });
  }
  progress.streak += 1;
  progress.failingFromMs ??= progress.elapsedMs;
  progress.failingSinceMs ??= nowMs;
  if (error instanceof Undecided) progress.undecidedFromMs ??= progress.elapsedMs;
  const asked = error instanceof RateLimited ? error.retryAfterMs : null;
  progress.delayMs = asked ?? backOffMs(progress.streak, progress.elapsedMs - progress.failingFromMs);
  return withRequestId(error instanceof UpstreamError ? error.call.requestId : null, {
    message: failureMessage(error),
    type: failureType(error),
    nextRetryDelay: progress.delayMs,
  });
}

type FailureOptions = Parameters<typeof ApplicationFailure.create>[0];

/** The request id stands in the message already; as a field of its own it goes into the log line, which shows no message. */
function withRequestId(requestId: string | null, options: FailureOptions): ApplicationFailure {
  const failure = ApplicationFailure.create(options);
  return requestId === null ? failure : Object.assign(failure, { requestId });
}

/** How long to wait after the streak's newest failure, in ms. */
function backOffMs(streak: number, failingForMs: number): number {
  const mostMs = failingForMs > LONG_OUTAGE_MS ? MAX_RETRY_IN_LONG_OUTAGE_MS : MAX_RETRY_MS;
  const doubledMs = FIRST_RETRY_MS * 2 ** Math.min(streak - 1, 20);
  return Math.round(Math.min(mostMs, doubledMs) * (1 - JITTER * Math.random()));
}

/** What was thrown in Temporal's terms already (the store is away) keeps the name it was given there. */
function failureType(error: unknown): string {
  if (error instanceof ApplicationFailure && error.type) return error.type;
  return error instanceof Error ? describeError(error).name : 'Error';
}

/** Only our own words leave: another error's message may quote what it was given. An ApplicationFailure is thrown by our own code only. */
function failureMessage(error: unknown): string {
  if (error instanceof UpstreamError || error instanceof StoreUnavailable || error instanceof ApplicationFailure) {
    return error.message;
  }
  const { name, code } = describeError(error);
  return `unexpected ${name}${code === undefined ? '' : ` (${code})`}`;
}
