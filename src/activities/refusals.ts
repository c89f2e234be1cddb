import type { Attempt } from './attempt';
import { type Progress, startProgress } from './progress';

/** Progress of an activity that asks for an access token which may be refused. */
export interface AccessDenialProgress extends Progress {
  /** How long upstream has refused, in ms: the time between refusals with no other failure between them. */
  refusedMs: number;
  /** Where on `elapsedMs` it refused last; null after any other failure. */
  lastRefusedMs: number | null;
}

export function startAccessDenialProgress(before: AccessDenialProgress | null): AccessDenialProgress {
  return { refusedMs: 0, lastRefusedMs: null, ...startProgress(before) };
}

/** Counts a refusal, and returns for how long upstream has refused so far, in ms: time that was worked or waited, not in the queue (decision 0026). */
export function accessDeniedForMs({ progress, elapsedMs }: Attempt<AccessDenialProgress>): number {
  const nowMs = elapsedMs();
  progress.refusedMs += progress.lastRefusedMs === null ? 0 : nowMs - progress.lastRefusedMs;
  progress.lastRefusedMs = nowMs;
  return progress.refusedMs;
}
