import type { Policy } from './policy';
import type { StatusKind } from './status';

/** What a deadline is counted from: a part of the facts. */
interface DeadlineBase {
  readonly timestamps: { readonly openedAtMs: number; readonly engagedAtMs: number | null };
  readonly checks: { readonly extensionMs: number | null };
}

/** True while the invitation has not been answered: the status is Invited, and no read ever said more. */
export function isInvitationUnanswered({ timestamps }: Pick<DeadlineBase, 'timestamps'>, kind: StatusKind): boolean {
  return kind === 'invited' && timestamps.engagedAtMs === null;
}

/** Until when an applicant of this kind is waited for: from our invitation or adoption on, moved at most once by an outage of upstream. */
export function deadlineMs(facts: DeadlineBase, kind: StatusKind, { expiresMs }: Policy): number {
  const { invitation, applicant } = expiresMs;
  const forMs = isInvitationUnanswered(facts, kind) ? Math.min(invitation, applicant) : applicant;
  return facts.timestamps.openedAtMs + forMs + (facts.checks.extensionMs ?? 0);
}
