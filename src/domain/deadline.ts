import type { Policy } from './policy';
import type { StatusKind } from './status';

/** The facts that a deadline depends on. */
interface DeadlineBase {
  readonly timestamps: { readonly openedAtMs: number; readonly engagedAtMs: number | null };
  readonly due: { readonly extensionMs: number | null };
}

/** True if the status is Invited, and no read has proved that the person engaged. */
export function isInvitationUnanswered({ timestamps }: Pick<DeadlineBase, 'timestamps'>, kind: StatusKind): boolean {
  return kind === 'invited' && timestamps.engagedAtMs === null;
}

/** The deadline in ms since 1970, counted from our invitation or adoption. An outage of upstream moves it at most once. */
export function deadlineMs(facts: DeadlineBase, kind: StatusKind, { expiresMs }: Policy): number {
  const { invitation, applicant } = expiresMs;
  const periodMs = isInvitationUnanswered(facts, kind) ? Math.min(invitation, applicant) : applicant;
  return facts.timestamps.openedAtMs + periodMs + (facts.due.extensionMs ?? 0);
}
