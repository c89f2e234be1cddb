import type { Outcome, Stage } from './outcome';

/** `ended`: completed, cancelled or failed; `forced`: terminated or timed out. */
export type Standing = 'open' | 'ended' | 'forced';

/** A run of an applicant, as Temporal lists it. Times in ms since 1970; null: missing or unreadable. */
export interface ApplicantRun {
  readonly clientUserId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly standing: Standing;
  readonly startedAtMs: number;
  readonly closedAtMs: number | null;
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  readonly humanId: string | null;
}
