import type { Standing } from './applicant-run';
import type { Need } from './needs';
import type { Outcome, Reason, Stage } from './outcome';

/** What a person does next about an applicant. */
export interface NextStep {
  readonly code: keyof typeof NEXT_STEPS;
  readonly text: string;
}

const NEXT_STEPS = {
  'repair-run': 'Find out why the run makes no progress: `chartway doctor` and the Temporal UI show the cause.',
  'start-again': 'Start the applicant again if the records are still needed.',
  'wait-for-end':
    'Wait for at most a day: the run collects late reports. Then start the applicant again if the records are still needed.',
  'resolve-conflict':
    'Compare the details with those at Human API, then start the applicant again with correct details.',
  'correct-email': 'Correct the e-mail address, then start the applicant again.',
  'correct-details': 'Correct the details that Human API rejected, then start the applicant again.',
  'wait-for-withdrawal': 'Wait: the person is withdrawn, then the applicant closes.',
  'repair-call': 'Repair the cause of the failing call. The action retry runs the call at once.',
  'contact-person': 'Ask the person to act at the provider.',
  'remind-person': 'Remind the person: nothing has happened for a while.',
  'wait-for-invitation': 'Wait: the person is being invited.',
  'wait-for-person': 'Wait for the person to open the invitation and to connect a provider.',
  'wait-for-records': 'Wait: Human API collects the records.',
  'wait-for-documents': 'Wait: Chartway downloads the documents.',
  'fetch-documents': 'Fetch the documents.',
} as const;

const NEED_STEPS: readonly (readonly [Need, NextStep['code']])[] = [
  ['stuck-run', 'repair-run'],
  ['conflict', 'resolve-conflict'],
  ['undeliverable', 'correct-email'],
  ['stuck-call', 'repair-call'],
  ['attention', 'contact-person'],
  ['quiet', 'remind-person'],
];

const STAGE_STEPS: Readonly<Record<Exclude<Stage, 'closed'>, NextStep['code']>> = {
  inviting: 'wait-for-invitation',
  invited: 'wait-for-person',
  engaged: 'wait-for-person',
  attention: 'contact-person',
  syncing: 'wait-for-records',
  collecting: 'wait-for-documents',
};

/** Null only if the stage is unknown. */
export function nextStep(applicant: {
  readonly standing: Standing;
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  readonly reason: Reason | null;
  readonly needs: readonly Need[];
  readonly isCancelRequested: boolean;
  /** True if it is closed, and its run has not ended yet. */
  readonly hasRunLeft: boolean;
}): NextStep | null {
  const code = nextStepCode(applicant);
  return code && { code, text: NEXT_STEPS[code] };
}

function nextStepCode(applicant: Parameters<typeof nextStep>[0]): NextStep['code'] | null {
  const { standing, stage, outcome, reason, needs, isCancelRequested, hasRunLeft } = applicant;
  if (standing === 'forced') return 'start-again';
  if (reason === 'validation') return 'correct-details';
  const need = NEED_STEPS.find(([name]) => needs.includes(name));
  if (need) return need[1];
  if (outcome === 'collected' || outcome === 'partial') return 'fetch-documents';
  if (outcome !== null || stage === 'closed') return hasRunLeft ? 'wait-for-end' : 'start-again';
  if (isCancelRequested) return 'wait-for-withdrawal';
  return stage && STAGE_STEPS[stage];
}
