/** Why upstream refused a person or failed. `fields`: the names of the details that upstream rejected. */
export interface ApplicantFailure {
  readonly class: 'conflict' | 'invalid' | 'undeliverable' | 'upstream-error';
  readonly fields: readonly string[];
  readonly upstreamRequestId: string | null;
}
