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
  'no-call-waits',
  'open',
  'in-the-past',
  'too-far-ahead',
] as const;
export type Refusal = (typeof REFUSALS)[number];
