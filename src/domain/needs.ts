/** Why an applicant needs a person. The first five are recorded by the workflow, in the search attribute ApplicantNeeds; the rest is computed when read. */
export const RECORDED_NEEDS = ['attention', 'quiet', 'stuck-call', 'conflict', 'undeliverable'] as const;
export type RecordedNeed = (typeof RECORDED_NEEDS)[number];

export const NEEDS = [...RECORDED_NEEDS, 'stuck-run', 'near-deadline'] as const;
export type Need = (typeof NEEDS)[number];

/** A call that fails for this long marks its applicant as stuck, once. */
export const STUCK_CALL_AFTER_MS = 300_000;
