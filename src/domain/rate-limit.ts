import { MINUTE_MS } from './policy';

/** How many calls a burst of notices may cause at once; the next ones come one per refill. */
const BURST = 5;

/** What refills one call: a minute, or the poll cadence where that is shorter, for polling would have asked by then anyway. */
function refillMs(cadenceMs: number): number {
  return Math.min(MINUTE_MS, cadenceMs);
}

/**
 * A limit on the calls that notices cause, so that a flood of forged ones costs a few reads and never an applicant.
 * It is one number, the time at which the full burst is to be had again (the generic cell rate algorithm); 0 for a fresh one.
 */
export type RateLimit = number;

/** When the next call may be made: now or earlier means at once. */
export function nextAllowedAtMs(allowance: RateLimit, cadenceMs: number): number {
  return allowance - (BURST - 1) * refillMs(cadenceMs);
}

/** The allowance after a call made now. */
export function withCall(allowance: RateLimit, nowMs: number, cadenceMs: number): RateLimit {
  return Math.max(allowance, nowMs) + refillMs(cadenceMs);
}

/** The allowance with no call before a time. */
export function defer(allowance: RateLimit, untilMs: number, cadenceMs: number): RateLimit {
  return Math.max(allowance, untilMs + (BURST - 1) * refillMs(cadenceMs));
}
