import { ApplicationFailure } from '@temporalio/common';
import { Unavailable, Undecided } from '../upstream/errors';
import type { Upstream } from '../upstream/port';
import type { Attempt } from './attempt';
import { type Progress, startProgress } from './progress';

/** What the attempts of a withdrawal hand on. */
export interface WithdrawalProgress extends Progress {
  /** The last deletion was answered by something that confirms nothing, so this attempt looks the person up. Not in what 0.1.0 wrote. */
  unconfirmed?: { readonly why: string | null } | null;
}

export function startWithdrawalProgress(before: WithdrawalProgress | null): WithdrawalProgress {
  return before ?? startProgress(null);
}

/**
 * One call: deletes the person, or looks them up where an answer left open whether they are deleted. An empty list is upstream's word that they
 * are; a person who is still listed is deleted again.
 * @throws what the calls throw, and ApplicationFailure for a person who is still listed
 */
export async function withdrawOnce(
  upstream: Upstream,
  humanId: string,
  { progress }: Attempt<WithdrawalProgress>,
): Promise<'deleted' | 'already-gone'> {
  const { unconfirmed = null } = progress;
  progress.unconfirmed = null;
  if (unconfirmed !== null) return confirmWithdrawal(upstream, humanId, unconfirmed.why);
  try {
    return await upstream.withdraw(humanId);
  } catch (error) {
    const isAnswered = error instanceof Unavailable && isAnswerStatus(error.call.status);
    if (isAnswered) progress.unconfirmed = { why: error instanceof Undecided ? error.why : null };
    throw error;
  }
}

/** Not known to be ours to have deleted: who was just invited may not be listed yet, so it counts as a deletion of no one. */
async function confirmWithdrawal(upstream: Upstream, humanId: string, why: string | null): Promise<'already-gone'> {
  const found = await upstream.findPeople({ subjectId: humanId }).catch((error: unknown) => {
    // Operators need to know why the deletion was not believed, not why the look-up does not help.
    throw error instanceof Undecided && why !== null ? new Undecided(error.call, why) : error;
  });
  if (found.length === 0) return 'already-gone';
  throw ApplicationFailure.create({ message: 'the person is still listed after a deletion', type: 'StillListed' });
}

/** An answer from someone, but a refused token, a time-out or a failure: those say that nothing was done. */
function isAnswerStatus(status: number | null): boolean {
  return status !== null && status >= 200 && status < 500 && ![401, 403, 408, 429].includes(status);
}
