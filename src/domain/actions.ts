import type { Stage } from './outcome';
import type { Refusal } from './steering';

/** What decides which actions an applicant allows. */
export interface ActionBase {
  readonly open: boolean;
  /** Null: unknown. */
  readonly stage: Stage | null;
  /** True once the end is certain: the person is being withdrawn, or the outcome is known. */
  readonly isClosing: boolean;
  readonly isCancelRequested: boolean;
  /** Whether a failing call waits for its next attempt. */
  readonly hasWaitingCall: boolean;
}

/** The actions of operators on an open applicant. */
export const ACTIONS = ['cancel', 'checkNow', 'finishNow', 'deadline', 'retry'] as const;
export type Action = (typeof ACTIONS)[number];

/** Why the applicant does not allow the action now; null if it does. */
export function refusalOf(action: Action, base: ActionBase): Refusal | null {
  if (!base.open) return 'closed';
  if (action === 'retry') return base.hasWaitingCall ? null : 'no-call-waits';
  if (base.isCancelRequested) return 'cancelling';
  if (base.isClosing) return 'closing';
  if (action === 'cancel') return null;
  return base.stage === 'inviting' ? 'inviting' : null;
}
