import { instantMs } from './instants';

/** What a manifest tells of an applicant's end. Times are ISO 8601. */
export interface Ending {
  /** Null while the applicant is open. */
  readonly outcome: string | null;
  readonly closedAt: string | null;
  readonly refreshedAt: string | null;
}

/** Whether an applicant has been closed for longer than `retentionMs`. Nobody is of whom that cannot be told. */
export function isPastRetention(ending: Ending, nowMs: number, retentionMs: number): boolean {
  const sinceMs = restingSinceMs(ending);
  return sinceMs !== null && nowMs - sinceMs > retentionMs;
}

/** Since when nothing has happened of an applicant, in ms: the closing, or the last refresh. Null while open, and where it cannot be told. */
function restingSinceMs({ outcome, closedAt, refreshedAt }: Ending): number | null {
  const closedMs = instantMs(closedAt);
  if (outcome === null || closedMs === null) return null;
  return Math.max(closedMs, instantMs(refreshedAt) ?? closedMs);
}
