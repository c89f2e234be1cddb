import type { Sample } from '../../src/dev/samples';
import type { ApplicantSnapshot } from '../../src/dev/snapshots';

/** An applicant that has just started, with changes. */
export function snapshot(changes: Partial<ApplicantSnapshot> = {}): ApplicantSnapshot {
  return {
    clientUserId: 'POL-1',
    startedAtMs: 0,
    stage: 'inviting',
    waitingFor: null,
    waitingUntilMs: null,
    outcome: null,
    reason: null,
    documents: 0,
    ...changes,
  };
}

export const SAMPLE: Sample = {
  clientUserId: 'DEMO-eager-1',
  clientUserEmail: 'eager@example.org',
  name: 'eager',
  summary: 'plays eager',
  outcome: 'collected',
  documents: 3,
  realSeconds: 24,
};

/** Whether a process exists; a negative pid is a process group. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
