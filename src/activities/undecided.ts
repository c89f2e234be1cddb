import { Undecided } from '../upstream/errors';
import type { Attempt } from './attempt';
import type { Progress } from './progress';

/** What an activity returns where no answer has decided about the person for a while: nothing was found out. */
export interface UndecidedAnswer {
  readonly kind: 'undecided';
  readonly why: string;
  /** Of an invitation only: a create may be on its way, and the activity that follows has to look for its effect. */
  readonly createSent?: boolean;
  /** Of an invitation only: upstream has answered a create with 409, so another one is pointless. */
  readonly exists?: boolean;
}

/** Part of the input of every activity that a person's fate depends on. */
export interface UndecidedPatience {
  /**
   * Returns an {@link UndecidedAnswer} once answers have decided nothing for so long, in ms that were waited; null or absent: never, for a workflow
   * that shows it already, or that has no place to show it.
   */
  readonly undecidedAfterMs?: number | null;
}

/** Asks once; an answer that has decided nothing for longer than the patience is returned. @throws what `ask` throws, otherwise */
export async function answerUndecided<A>(
  { undecidedMs }: Attempt<Progress>,
  { undecidedAfterMs = null }: UndecidedPatience,
  ask: () => Promise<A>,
): Promise<A | UndecidedAnswer> {
  try {
    return await ask();
  } catch (error) {
    const isOver = undecidedAfterMs !== null && undecidedMs() >= undecidedAfterMs;
    if (error instanceof Undecided && isOver) return { kind: 'undecided', why: error.why };
    throw error;
  }
}
