import { parseInstantMs } from './instants';

/** The times of a manifest that its retention depends on, in ISO 8601. */
export interface ClosingTimes {
  /** Null while the applicant is open. */
  readonly outcome: string | null;
  readonly closedAt: string | null;
  readonly refreshedAt: string | null;
}

/** True if an applicant has been closed for longer than `retentionMs`; false for an unreadable date. */
export function isPastRetention(times: ClosingTimes, nowMs: number, retentionMs: number): boolean {
  const sinceMs = lastChangeAtMs(times);
  return sinceMs !== null && nowMs - sinceMs > retentionMs;
}

/** The time of the closing or the last refresh; null while the applicant is open, or for an unreadable date. */
function lastChangeAtMs({ outcome, closedAt, refreshedAt }: ClosingTimes): number | null {
  const closedMs = parseInstantMs(closedAt);
  if (outcome === null || closedMs === null) return null;
  return Math.max(closedMs, parseInstantMs(refreshedAt) ?? closedMs);
}
