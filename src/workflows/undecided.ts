import { setCurrentDetails } from '@temporalio/workflow';
import type { UndecidedAnswer } from '../activities/attempt';
import { MINUTE_MS } from '../domain/policy';
import type { Applicant } from './applicant';

/** Such answers that last longer are unlikely to end by themselves. */
const SHOWN_AFTER_MS = 5 * MINUTE_MS;

/** After how long an activity returns an undecided answer; null (never) once the applicant is shown as stuck, to save history. */
export function undecidedPatience({ state }: Applicant): number | null {
  return state.stuck ? null : SHOWN_AFTER_MS;
}

type Ask<A> = (patience: { undecidedAfterMs: number | null }) => Promise<A | UndecidedAnswer>;

/** Repeats a call until its answer decides about the person, and shows the applicant as stuck until then: two activities at most. */
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
    const answer = await ask({ undecidedAfterMs: isShown() ? null : SHOWN_AFTER_MS });
    const why = isUndecided(answer) ? answer.why : null;
    show(why);
    if (!isUndecided(answer)) return answer;
  }
}

function isUndecided(answer: unknown): answer is UndecidedAnswer {
  return (answer as Partial<UndecidedAnswer> | null)?.kind === 'undecided';
}
