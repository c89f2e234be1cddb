import { DAY_MS } from './policy';

/** Why an operator acts on an applicant. The audit log and the timeline show the code; a note stays encrypted in the payload. */
export const REASON_CODES = [
  'decision-made',
  'applicant-withdrew',
  'authorization-revoked',
  'duplicate',
  'wrong-details',
  'other',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export const MAX_NOTE_LENGTH = 500;

/** Why an action does not fit the state of an applicant. */
export const REFUSALS = [
  'closed',
  'closing',
  'inviting',
  'cancelling',
  'withdrawing',
  'no-call-waits',
  'open',
  'in-the-past',
  'too-far-ahead',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How far ahead a deadline and the end of a snooze may be. */
const MAX_AHEAD_MS = 365 * DAY_MS;

/** Why a deadline or the end of a snooze cannot be at this time; null if it can. */
export function findTimeRefusal(timeMs: number, nowMs: number): 'in-the-past' | 'too-far-ahead' | null {
  // NaN is refused too.
  if (!(timeMs > nowMs)) return 'in-the-past';
  return timeMs > nowMs + MAX_AHEAD_MS ? 'too-far-ahead' : null;
}
