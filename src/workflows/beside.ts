import { CancellationScope, condition } from '@temporalio/workflow';
import { isConfirmedDeclined, readBackAtMs } from '../domain/facts';
import type { Applicant } from './applicant';
import { checkStatus, learnFinding } from './checks';
import type { StatusWaiter } from './status-waiter';

/**
 * Does what may take an hour, and hears what comes meanwhile: the stage follows, and a notice that has to be checked is checked beside the work.
 * The work is ended, its calls cancelled, once a read says that the person declined, or once the run has heard too much: then the next one does it.
 * The work is also ended once the time that `isOutdatedAtMs` returns has come; null: the work is still needed.
 * It has come to its end in any case when this does: after a cancel, too, nothing is stored that the manifest does not tell.
 */
export async function runInterruptibly(
  applicant: Applicant,
  watch: StatusWaiter,
  work: () => Promise<void>,
  isOutdatedAtMs: () => number | null = () => null,
): Promise<void> {
  const scope = new CancellationScope();
  let ended = false;
  // Settled, for it may fail while something else is waited for.
  const working = scope
    .run(work)
    .catch((error: unknown) => ({ error }))
    .finally(() => {
      ended = true;
    });
  try {
    while (!ended && !isOver()) await handleNews(applicant, watch, () => ended, isOutdatedAtMs());
  } finally {
    if (!ended) scope.cancel();
    await working;
  }
  const failed = await working;
  // Where the work was ended, an attempt in flight may end in a failure of its own: nobody needs it any more.
  if (failed && !isOver()) throw failed.error;

  function isOver(): boolean {
    const outdatedAtMs = isOutdatedAtMs();
    return isWorkObsolete(applicant) || (outdatedAtMs !== null && outdatedAtMs <= Date.now());
  }
}

function isWorkObsolete(applicant: Applicant): boolean {
  return applicant.mustContinueAsNew || isConfirmedDeclined(applicant.facts);
}

/** Waits for the work to end, for something to be checked, or for what a poll has found, and takes that in. */
async function handleNews(
  applicant: Applicant,
  watch: StatusWaiter,
  ended: () => boolean,
  outdatedAtMs: number | null,
): Promise<void> {
  applicant.showProgress();
  const { facts } = applicant;
  const readAtMs = readBackAtMs(facts, applicant.input.policy);
  const changed = () => ended() || watch.hasFinding || applicant.facts !== facts || applicant.mustContinueAsNew;
  const wakeUps = [readAtMs, outdatedAtMs].filter((timeMs) => timeMs !== null);
  const wakeAtMs = Math.min(...wakeUps);
  if (wakeUps.length === 0) await condition(changed);
  else if (wakeAtMs > Date.now()) await condition(changed, wakeAtMs - Date.now());
  if (ended() || applicant.mustContinueAsNew) return;
  const finding = watch.takeFinding();
  if (finding) return learnFinding(applicant, finding);
  if (readAtMs !== null && readAtMs <= Date.now()) await checkStatus(applicant, 'notice');
}
