import type { Attempt } from './attempt';
import { type Progress, startProgress } from './progress';

/** The progress of an activity to which upstream may deny access. */
export interface AccessDenialProgress extends Progress {
  /** How long access has been denied, in ms: the sum of the times between two denials in a row. */
  refusedMs: number;
  /** The `elapsedMs` of the last denial; null after any other failure. */
  lastRefusedMs: number | null;
}

export function startAccessDenialProgress(before: AccessDenialProgress | null): AccessDenialProgress {
  return { refusedMs: 0, lastRefusedMs: null, ...startProgress(before) };
}

/** Counts a denial. Returns how long access has been denied so far, in ms without time in the queue (decision 0026). */
export function accessDeniedForMs({ progress, elapsedMs }: Attempt<AccessDenialProgress>): number {
  const nowMs = elapsedMs();
  progress.refusedMs += progress.lastRefusedMs === null ? 0 : nowMs - progress.lastRefusedMs;
  progress.lastRefusedMs = nowMs;
  return progress.refusedMs;
}
