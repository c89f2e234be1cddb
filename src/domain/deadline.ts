import type { Policy } from './policy';
import { type StatusKind, statusRules } from './status';

/** The facts that a deadline depends on. */
interface DeadlineBase {
  readonly timestamps: { readonly openedAtMs: number; readonly engagedAtMs: number | null };
  readonly due: { readonly extensionMs: number | null; readonly deadlineAtMs: number | null };
}

/** True if the status is Invited, and no read has proved that the person engaged. */
export function isInvitationUnanswered({ timestamps }: Pick<DeadlineBase, 'timestamps'>, kind: StatusKind): boolean {
  return kind === 'invited' && timestamps.engagedAtMs === null;
}

/**
 * The deadline in ms since 1970: the one that an operator set; else counted from our invitation or adoption, and moved by an outage of upstream at
 * most once.
 */
export function deadlineMs(facts: DeadlineBase, kind: StatusKind, { expiresMs }: Policy): number {
  if (facts.due.deadlineAtMs !== null) return facts.due.deadlineAtMs;
  const { invitation, applicant } = expiresMs;
  const periodMs = isInvitationUnanswered(facts, kind) ? Math.min(invitation, applicant) : applicant;
  return facts.timestamps.openedAtMs + periodMs + (facts.due.extensionMs ?? 0);
}

/** The deadline that a list shows. A status that ends the applicant without a deadline (an error, a decline) keeps the one shown before. */
export function listedDeadlineMs(
  facts: DeadlineBase,
  kind: StatusKind,
  policy: Policy,
  shownMs: number | null,
): number {
  const { waitsForDeadline, provesEngagement } = statusRules(kind);
  if (waitsForDeadline || provesEngagement) return deadlineMs(facts, kind, policy);
  return facts.due.deadlineAtMs ?? shownMs ?? deadlineMs(facts, 'invited', policy);
}
