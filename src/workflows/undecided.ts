import { setCurrentDetails } from '@temporalio/workflow';
import type { UndecidedAnswer, UndecidedPatience } from '../activities/attempt';
import { MINUTE_MS } from '../domain/policy';
import type { Applicant } from './applicant';

/** A series of undecided answers that lasts longer rarely ends by itself. */
const SHOWN_AFTER_MS = 5 * MINUTE_MS;

/** Once the applicant is shown as stuck, an activity returns no further undecided answer, to save history. */
export function undecidedPatience({ state }: Applicant): UndecidedPatience {
  return patienceWhile(Boolean(state.stuck));
}

function patienceWhile(isShown: boolean): UndecidedPatience {
  return { undecidedAfterMs: isShown ? null : SHOWN_AFTER_MS };
}

type Ask<A> = (patience: UndecidedPatience) => Promise<A | UndecidedAnswer>;

/** Repeats a call until its answer decides about the person, and shows the applicant as stuck until then. Costs at most two activities. */
export async function askUntilDecided<A>(applicant: Applicant, ask: Ask<A>): Promise<A> {
  const show = (why: string | null) => applicant.showStuck(why);
  return askRepeatedly(ask, { isShown: () => Boolean(applicant.state.stuck), show });
}

/** The same for a workflow without an applicant. */
export async function askUntilDecidedInRun<A>(ask: Ask<A>): Promise<A> {
  let shown: string | null = null;
  const show = (why: string | null) => {
    if (why !== shown) setCurrentDetails(why === null ? '' : `Stuck: ${why}.`);
    shown = why;
  };
  return askRepeatedly(ask, { isShown: () => shown !== null, show });
}

async function askRepeatedly<A>(
  ask: Ask<A>,
  { isShown, show }: { readonly isShown: () => boolean; readonly show: (why: string | null) => void },
): Promise<A> {
  for (;;) {
    const answer = await ask(patienceWhile(isShown()));
    const why = isUndecided(answer) ? answer.why : null;
    show(why);
    if (!isUndecided(answer)) return answer;
  }
}

function isUndecided(answer: unknown): answer is UndecidedAnswer {
  return (answer as Partial<UndecidedAnswer> | null)?.kind === 'undecided';
}
