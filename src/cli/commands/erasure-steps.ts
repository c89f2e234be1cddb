import type { ErasureStep } from '../../temporal/erasure';

/** A line for people on what is about to be done, or was found on the way; ids only. */
export function describeErasureStep(told: ErasureStep): string {
  switch (told.step) {
    case 'cancel':
      return 'withdrawing: the applicant is open, so it is cancelled, and withdraws the person at Human API';
    case 'wait':
      return 'waiting for its end; where Human API does not answer, until it does';
    case 'stuck':
      return `${told.workflowId} stands still: ${told.why}; it is ended by force, and the person withdrawn without it`;
    case 'withdraw':
      return 'withdrawing the people at Human API under this id who are known as ours';
    case 'replaced':
      return `${told.workflowId} comes to no end: ${told.why}; it is ended by force, and another takes its place`;
    case 'create-in-flight':
      return `waiting ${Math.ceil(told.forMs / 1_000)} s: an invitation was under way when the applicant was ended, and shows at Human API by then`;
    case 'downloads':
      return 'waiting for the downloads under way to end';
    case 'runs':
      return `deleting ${told.runs} ${told.runs === 1 ? 'run' : 'runs'} of ${told.workflowId}; Temporal may take a minute`;
    case 'files':
      return 'deleting the folder';
  }
}
