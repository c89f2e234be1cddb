import { STUCK_CALL_AFTER_MS } from '../domain/needs';
import type { Progress } from './progress';

/** Part of a failure. Since when the call has failed, in ms since 1970; null: upstream answers again. Absent: nothing to report. */
export interface CallReport {
  readonly stuckSinceMs?: number | null;
}

/** Adds a {@link CallReport} to the failure of an attempt: once when the call has failed for too long, and once when it works again. */
export function withCallReport<F extends object>(failure: F, progress: Progress, nowMs: number): F & CallReport {
  const { failingFromMs, failingSinceMs, elapsedMs, isReportedStuck = false } = progress;
  const isStuck = failingFromMs !== null && elapsedMs - failingFromMs >= STUCK_CALL_AFTER_MS;
  const isAnswered = failingFromMs === null;
  if (isReportedStuck ? !isAnswered : !isStuck) return failure;
  progress.isReportedStuck = isStuck;
  return Object.assign(failure, { stuckSinceMs: isStuck ? (failingSinceMs ?? nowMs) : null });
}
