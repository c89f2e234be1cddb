import { MINUTE_MS } from './policy';

/** How many calls are allowed at once. Then one per refill. */
const BURST = 5;

declare const unit: unique symbol;

/**
 * Limits the calls that notices cause (generic cell rate algorithm), so that a flood of forged notices costs only a few reads. The value is the time
 * when the full burst is available again. Payloads have it as a number; only this file creates or interprets it.
 */
export type RateLimit = number & { readonly [unit]: 'ms since 1970' };

export const NEW_RATE_LIMIT = 0 as RateLimit;

/** When the next call is allowed. A time in the past: at once. */
export function nextAllowedAtMs(limit: RateLimit, cadenceMs: number): number {
  return limit - (BURST - 1) * refillMs(cadenceMs);
}

export function withCall(limit: RateLimit, nowMs: number, cadenceMs: number): RateLimit {
  return (Math.max(limit, nowMs) + refillMs(cadenceMs)) as RateLimit;
}

/** Allows no call before `untilMs`. */
export function defer(limit: RateLimit, untilMs: number, cadenceMs: number): RateLimit {
  return Math.max(limit, untilMs + (BURST - 1) * refillMs(cadenceMs)) as RateLimit;
}

/** A minute, or the poll cadence if that is shorter, because a poll calls by then anyway. */
function refillMs(cadenceMs: number): number {
  return Math.min(MINUTE_MS, cadenceMs);
}
