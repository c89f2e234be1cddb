import type { StatusKind } from './applicant';
import type { Policy } from './policy';

/** What a deadline is counted from. */
interface Counted {
  readonly openedAtMs: number;
  readonly extensionMs: number | null;
}

/** Until when an applicant of this kind is waited for: from our invitation or adoption on, moved at most once by an outage of upstream. */
export function deadlineMs({ openedAtMs, extensionMs }: Counted, kind: StatusKind, { expiresMs }: Policy): number {
  const { invitation, applicant } = expiresMs;
  return openedAtMs + (kind === 'invited' ? Math.min(invitation, applicant) : applicant) + (extensionMs ?? 0);
}
