import type { ApplicantView } from '../use-cases/views';

type Closing = Pick<ApplicantView, 'outcome' | 'reason'>;

/** `closed: collected`, or the stage of an open applicant. */
export function describeState({ open, stage, outcome, reason }: ApplicantView): string {
  return open && outcome === null ? (stage ?? 'unknown') : describeClosing({ outcome, reason });
}

/** `closed: withdrawn (declined)`; the outcome is null after a termination. */
export function describeClosing({ outcome, reason }: Closing): string {
  if (outcome === null) return 'closed without an outcome';
  return `closed: ${outcome}${reason === null ? '' : ` (${reason})`}`;
}

/** A start with the same details, while the applicant is open. */
export function describeRunning(stage: string | null): string {
  return `was started before and is running${stage === null ? '' : `, stage ${stage}`}`;
}

/** A start with the same details, after the applicant has closed. */
export function describeEarlierClosing(closing: Closing): string {
  return `was started before and has ${describeClosing(closing)}`;
}

/** A start with other details. `differs`: the names of the fields; null: unknown. */
export function describeConflict(isOpen: boolean, differs: readonly string[] | null): string {
  const fields = differs === null ? '' : ` (${differs.join(', ')})`;
  const remedy = isOpen ? 'correct the details or the clientUserId' : 'correct them, or start a new round with --again';
  return `conflict: an applicant with this clientUserId was started with other details${fields}, and stays unchanged; ${remedy}`;
}
