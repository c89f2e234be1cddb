import type { StatusKind } from './applicant';
import type { Policy } from './policy';

/** What a deadline is counted from. */
interface DeadlineBase {
  readonly openedAtMs: number;
  readonly engagedAtMs: number | null;
  readonly extensionMs: number | null;
}

/** True while the invitation has not been answered: the status says Invited, and no read ever told more. */
export function isInvitationUnanswered({ engagedAtMs }: Pick<DeadlineBase, 'engagedAtMs'>, kind: StatusKind): boolean {
  return kind === 'invited' && engagedAtMs === null;
}

/** Until when an applicant of this kind is waited for: from our invitation or adoption on, moved at most once by an outage of upstream. */
export function deadlineMs(counted: DeadlineBase, kind: StatusKind, { expiresMs }: Policy): number {
  const { invitation, applicant } = expiresMs;
  const forMs = isInvitationUnanswered(counted, kind) ? Math.min(invitation, applicant) : applicant;
  return counted.openedAtMs + forMs + (counted.extensionMs ?? 0);
}
