export const STAGES = ['inviting', 'invited', 'engaged', 'attention', 'syncing', 'collecting', 'closed'] as const;
export type Stage = (typeof STAGES)[number];

export const OUTCOMES = ['collected', 'partial', 'declined', 'failed', 'expired', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why an applicant ended with its outcome. Some outcomes have no reason. */
export const REASONS = [
  'conflict',
  'validation',
  'upstream-error',
  'invitation-undeliverable',
  'invitation-expired',
  'deadline',
  'declined',
  'deleted-upstream',
  'disconnected',
  'operator',
  'finished',
  'nothing-listed',
  'missing-documents',
  'failed-documents',
] as const;
export type Reason = (typeof REASONS)[number];

/** How an applicant ends. `shouldWithdraw`: the person is deleted upstream, so that nothing more is sent to them. */
export interface Conclusion {
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  readonly shouldWithdraw: boolean;
}

/** True if the person was not withdrawn and the round did not fail: then upstream may announce more reports after the closing. */
export function mayGetMoreReports(outcome: Outcome | null, reason: Reason | null): boolean {
  if (reason === 'finished') return false;
  return outcome === 'collected' || (outcome === 'partial' && reason !== 'deadline');
}

/** The reasons whose conclusions withdraw the person, see `shouldWithdraw`. */
const WITHDRAWING_REASONS: readonly (Reason | null)[] = [
  'upstream-error',
  'invitation-undeliverable',
  'invitation-expired',
  'deadline',
  'declined',
  'operator',
  'finished',
];

/** True if an applicant with this outcome has withdrawn the person at its end. */
export function hasWithdrawnPerson(reason: Reason | null): boolean {
  return WITHDRAWING_REASONS.includes(reason);
}
