import { parseInstantMs } from './instants';

/** What a manifest tells of an applicant's end. Times are ISO 8601. */
export interface ClosingTimes {
  /** Null while the applicant is open. */
  readonly outcome: string | null;
  readonly closedAt: string | null;
  readonly refreshedAt: string | null;
}

/** Whether an applicant has been closed for longer than `retentionMs`. Nobody is of whom that cannot be told. */
export function isPastRetention(ending: ClosingTimes, nowMs: number, retentionMs: number): boolean {
  const sinceMs = lastChangeAtMs(ending);
  return sinceMs !== null && nowMs - sinceMs > retentionMs;
}

/** Since when nothing has happened of an applicant, in ms: the closing, or the last refresh. Null while open, and where it cannot be told. */
function lastChangeAtMs({ outcome, closedAt, refreshedAt }: ClosingTimes): number | null {
  const closedMs = parseInstantMs(closedAt);
  if (outcome === null || closedMs === null) return null;
  return Math.max(closedMs, parseInstantMs(refreshedAt) ?? closedMs);
}
