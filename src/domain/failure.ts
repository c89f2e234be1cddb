import type { Reason } from './outcome';

/** Why upstream refused a person or failed. `fields`: the names of the details that upstream rejected. */
export interface ApplicantFailure {
  readonly class: 'conflict' | 'invalid' | 'undeliverable' | 'upstream-error';
  readonly fields: readonly string[];
  readonly upstreamRequestId: string | null;
}

const CLASS_BY_REASON: Partial<Record<Reason, ApplicantFailure['class']>> = {
  conflict: 'conflict',
  validation: 'invalid',
  'invitation-undeliverable': 'undeliverable',
  'upstream-error': 'upstream-error',
};

/** The failure that a reason shows; null: none. */
export function failureOf(reason: Reason | null): ApplicantFailure | null {
  const failureClass = reason === null ? undefined : CLASS_BY_REASON[reason];
  return failureClass === undefined ? null : { class: failureClass, fields: [], upstreamRequestId: null };
}

/** Upstream's names of the details, as in its create. */
const DETAILS = ['clientUserId', 'clientUserEmail', 'firstName', 'lastName', 'dateOfBirth', 'suggestedSources'];

/** Upstream rejected the details. Other names than those of details are dropped, because they may be values. */
export function invalidDetails(names: readonly string[], upstreamRequestId: string | null): ApplicantFailure {
  return { class: 'invalid', fields: DETAILS.filter((name) => names.includes(name)), upstreamRequestId };
}
