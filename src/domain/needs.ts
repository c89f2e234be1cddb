import type { Reason, Stage } from './outcome';
import { MINUTE_MS, type Policy } from './policy';

/** Why an applicant needs a person. The first five are recorded by the workflow, in the search attribute ApplicantNeeds; the rest is computed when read. */
export const RECORDED_NEEDS = ['attention', 'quiet', 'stuck-call', 'conflict', 'undeliverable'] as const;
export type RecordedNeed = (typeof RECORDED_NEEDS)[number];
/** A run that was terminated while it was open still has them in its search attribute, but they no longer hold. */
export const OPEN_NEEDS: readonly Need[] = ['attention', 'quiet', 'stuck-call'];

export const NEEDS = [...RECORDED_NEEDS, 'stuck-run', 'near-deadline'] as const;
export type Need = (typeof NEEDS)[number];

/** When a stage without progress becomes quiet, in ms since 1970; null: it does not. */
export function quietAtMs(stage: Stage, stageSinceMs: number, { chaseMs }: Pick<Policy, 'chaseMs'>): number | null {
  return stage === 'invited' || stage === 'engaged' ? stageSinceMs + chaseMs[stage] : null;
}

/** What an open applicant needs. */
export function openNeeds(stage: Stage, isQuiet: boolean, hasStuckCall: boolean): readonly RecordedNeed[] {
  const needs: RecordedNeed[] = [];
  if (stage === 'attention') needs.push('attention');
  if (isQuiet) needs.push('quiet');
  if (hasStuckCall) needs.push('stuck-call');
  return needs;
}

/** What does not hold while the end is certain: a person can no longer do anything about it. */
const NOT_WHILE_ENDING: readonly Need[] = ['attention', 'quiet', 'near-deadline'];

/** The needs that are left of an open applicant that is being withdrawn or closed. */
export function endingNeeds<Some extends Need>(needs: readonly Some[]): readonly Some[] {
  return needs.filter((need) => !NOT_WHILE_ENDING.includes(need));
}

/** What a closed applicant needs, until the next round. */
export function closedNeeds(reason: Reason | null): readonly RecordedNeed[] {
  if (reason === 'conflict') return ['conflict'];
  return reason === 'invitation-undeliverable' ? ['undeliverable'] : [];
}

/** A call that fails for this long marks its applicant as stuck, once. */
export const STUCK_CALL_AFTER_MS = 5 * MINUTE_MS;
