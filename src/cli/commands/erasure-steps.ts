import type { ErasureStep } from '../../temporal/erasure';
import { displayCount } from '../rows';
import type { CommandContext } from './context';

/** Writes each step of an erasure or withdrawal to the terminal. */
export function stepWriter({ terminal }: CommandContext): (step: ErasureStep) => void {
  return (step) => terminal.write(describeStep(step));
}

/** Holds ids only. */
function describeStep(step: ErasureStep): string {
  switch (step.step) {
    case 'cancel':
      return 'cancelling the open applicant, which withdraws the person at Human API';
    case 'wait':
      return 'waiting until the applicant has closed, also while Human API does not answer';
    case 'stuck':
      return `${step.workflowId} makes no progress: ${step.why}; terminating it and withdrawing the person without it`;
    case 'withdraw':
      return 'withdrawing the people at Human API with this id that this installation invited';
    case 'replaced':
      return `${step.workflowId} does not finish: ${step.why}; terminating it and starting a new one`;
    case 'create-in-flight':
      return `waiting ${Math.ceil(step.forMs / 1_000)} s, because an invitation was in progress when the applicant was terminated and may still take effect at Human API`;
    case 'downloads':
      return 'waiting until the running downloads have ended';
    case 'runs':
      return `deleting ${displayCount(step.runs, 'run')} of ${step.workflowId}; Temporal may take a minute`;
    case 'files':
      return 'deleting the folder';
  }
}
