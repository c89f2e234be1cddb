import { CancellationScope, condition } from '@temporalio/workflow';
import { confirmedRefusal, doubtReadAtMs } from '../domain/facts';
import type { Applicant } from './applicant';
import { learn, readBack } from './upstream-reads';
import type { Watch } from './watch';

/**
 * Does what may take an hour, and hears what comes meanwhile: the stage follows, and a notice that has to be checked is checked beside the work.
 * The work is ended, its calls cancelled, once a read says that the person declined, or once the run has heard too much: then the next one does it.
 * The work is also ended once the time that `isOutdatedAtMs` returns has come; null: the work is still needed.
 * It has come to its end in any case when this does: after a cancel, too, nothing is stored that the manifest does not tell.
 */
export async function beside(
  applicant: Applicant,
  watch: Watch,
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
    while (!ended && !isOver()) await listen(applicant, watch, () => ended, isOutdatedAtMs());
  } finally {
    if (!ended) scope.cancel();
    await working;
  }
  const failed = await working;
  // Where the work was ended, an attempt in flight may end in a failure of its own: nobody needs it any more.
  if (failed && !isOver()) throw failed.error;

  function isOver(): boolean {
    const outdatedAtMs = isOutdatedAtMs();
    return isPointless(applicant) || (outdatedAtMs !== null && outdatedAtMs <= Date.now());
  }
}

function isPointless(applicant: Applicant): boolean {
  return applicant.isOverfull || confirmedRefusal(applicant.facts);
}

/** Waits for the work to end, for something to be checked, or for what a poll has found, and takes that in. */
async function listen(
  applicant: Applicant,
  watch: Watch,
  ended: () => boolean,
  outdatedAtMs: number | null,
): Promise<void> {
  applicant.show();
  const { facts } = applicant;
  const readAtMs = doubtReadAtMs(facts, applicant.input.policy);
  const changed = () => ended() || watch.hasFound || applicant.facts !== facts || applicant.isOverfull;
  const wakeUps = [readAtMs, outdatedAtMs].filter((timeMs) => timeMs !== null);
  const wakeAtMs = Math.min(...wakeUps);
  if (wakeUps.length === 0) await condition(changed);
  else if (wakeAtMs > Date.now()) await condition(changed, wakeAtMs - Date.now());
  if (ended() || applicant.isOverfull) return;
  const finding = watch.found();
  if (finding) return learn(applicant, finding);
  if (readAtMs !== null && readAtMs <= Date.now()) await readBack(applicant, 'notice');
}
