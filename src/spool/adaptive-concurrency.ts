/** Decides how many deliveries of the spool run at once: slowly more while Temporal answers, none for a while after a failure. */
export interface AdaptiveConcurrency {
  /** Deliveries that may run now; 0 during a backoff. */
  limit(): number;
  /** The rest of the backoff, in ms. */
  backoffMs(): number;
  /** True if no delivery has succeeded since the last failure. */
  readonly isTemporalDown: boolean;
  /** Returns whether it was down until now. */
  recordSuccess(): boolean;
  /** `startedMs`: when the delivery started, by the clock `nowMs`. */
  recordFailure(startedMs: number): void;
}

/** Enough to deliver a million notices within an hour. A Temporal server handles thousands of calls at once. */
const MAX_LIMIT = 16;
/** While notices of requests are delivered, because their senders wait. */
const LIMIT_DURING_REQUESTS = 2;
/** Successes that raise the limit by 1. */
const SUCCESSES_PER_STEP = 8;
const FIRST_BACKOFF_MS = 250;
/** When Temporal is back, the next delivery starts within this time. */
const MAX_BACKOFF_MS = 5_000;

/** `pendingRequests`: requests that wait for Temporal. */
export function createAdaptiveConcurrency(options: {
  readonly pendingRequests: () => number;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}): AdaptiveConcurrency {
  const { pendingRequests, nowMs = () => performance.now(), random = Math.random } = options;
  let limit = 1;
  let failures = 0;
  let backoffUntilMs = Number.NEGATIVE_INFINITY;
  return {
    limit() {
      if (nowMs() < backoffUntilMs) return 0;
      if (failures > 0) return 1;
      return Math.max(1, Math.floor(pendingRequests() > 0 ? Math.min(limit, LIMIT_DURING_REQUESTS) : limit));
    },
    backoffMs: () => Math.max(0, backoffUntilMs - nowMs()),
    get isTemporalDown() {
      return failures > 0;
    },
    recordSuccess() {
      const wasDown = failures > 0;
      failures = 0;
      backoffUntilMs = Number.NEGATIVE_INFINITY;
      limit = wasDown ? 1 : Math.min(MAX_LIMIT, limit + 1 / SUCCESSES_PER_STEP);
      return wasDown;
    },
    recordFailure(startedMs) {
      if (startedMs < backoffUntilMs) return; // started before the failure that is already counted
      const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
      failures += 1;
      limit = 1;
      backoffUntilMs = nowMs() + backoffMs * (1 - random() / 2); // jitter between webhooks
    },
  };
}
