/** What an open applicant can wait for: the code for programs, and the text, which the state has. */
export const WAITS = {
  'invitation-opened': 'the person to open the invitation',
  'provider-connected': 'the person to connect a provider',
  'decline-confirmed': 'Human API to confirm that the person declined',
  'records-collected': 'Human API to collect the records',
  'further-reports': 'further reports',
  'remaining-providers': 'the remaining providers',
  'error-confirmed': 'Human API to confirm an error',
  'error-passed': 'an error at Human API to pass',
  'person-acted': 'the person to act at a provider',
  'provider-reconnected': 'the person to connect a provider again',
  'known-status': 'a known status',
  'absence-confirmed': 'the second check that the person is gone',
  'status-confirmed': 'Human API to confirm a status with an earlier date',
  'disconnect-confirmed': 'Human API to confirm that the person disconnected',
  'deadline-checked': 'the status check at the deadline',
  'last-reports': 'the last reports before the early end',
  'person-withdrawn': 'Human API to withdraw the person',
} as const;

export type WaitCode = keyof typeof WAITS;
export type WaitText = (typeof WAITS)[WaitCode];

const CODE_BY_TEXT: ReadonlyMap<string, WaitCode> = new Map(
  Object.entries(WAITS).map(([code, text]) => [text, code as WaitCode]),
);

/** The code of a text in a state; `other` for the text of another version. */
export function waitCode(text: string): WaitCode | 'other' {
  return CODE_BY_TEXT.get(text) ?? 'other';
}
