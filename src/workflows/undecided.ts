import { setCurrentDetails } from '@temporalio/workflow';
import type { UndecidedAnswer } from '../activities/undecided';
import { MINUTE_MS } from '../domain/policy';
import { type Applicant, showDetails } from './applicant';

/** Answers that decide nothing for so long do not pass by themselves. */
const SHOWN_AFTER_MS = 5 * MINUTE_MS;

/** After how long an activity returns what keeps it from deciding; null for one that is shown already, so that it costs no more history. */
export function undecidedPatience({ stuck }: Applicant['state']): number | null {
  return stuck ? null : SHOWN_AFTER_MS;
}

/** Shows an applicant as stuck, or with null as stuck no longer. */
export function showStuck(state: Applicant['state'], stuck: string | null): void {
  if ((state.stuck ?? null) === stuck) return;
  state.stuck = stuck;
  showDetails(state);
}

type Ask<A> = (patience: { undecidedAfterMs: number | null }) => Promise<A | UndecidedAnswer>;

/** Asks until an answer decides about the person, and shows meanwhile why none does: two activities at most. */
export async function askUntilDecided<A>(state: Applicant['state'], ask: Ask<A>): Promise<A> {
  return askRepeatedly(ask, { isShown: () => Boolean(state.stuck), show: (why) => showStuck(state, why) });
}

/** The same without an applicant: the current details of the run show why no answer decides. */
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
