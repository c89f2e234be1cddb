import { MINUTE_MS } from './policy';

/** How many calls a burst of notices may cause at once; then one per refill. */
const BURST = 5;

declare const unit: unique symbol;

/**
 * A limit on the calls that notices cause (the generic cell rate algorithm), so that a flood of forged ones costs a few reads and never an
 * applicant. An opaque time: when the full burst is available again. Payloads carry it as a number; only this file makes or reads one.
 */
export type RateLimit = number & { readonly [unit]: 'ms since 1970' };

export const NEW_RATE_LIMIT = 0 as RateLimit;

/** When the next call may be made: now or earlier means at once. */
export function nextAllowedAtMs(limit: RateLimit, cadenceMs: number): number {
  return limit - (BURST - 1) * refillMs(cadenceMs);
}

/** The limit after a call made now. */
export function withCall(limit: RateLimit, nowMs: number, cadenceMs: number): RateLimit {
  return (Math.max(limit, nowMs) + refillMs(cadenceMs)) as RateLimit;
}

/** The limit with no call before a time. */
export function defer(limit: RateLimit, untilMs: number, cadenceMs: number): RateLimit {
  return Math.max(limit, untilMs + (BURST - 1) * refillMs(cadenceMs)) as RateLimit;
}

/** A minute, or the poll cadence where that is shorter: polling would have asked by then anyway. */
function refillMs(cadenceMs: number): number {
  return Math.min(MINUTE_MS, cadenceMs);
}
