import { CancellationScope, condition, continueAsNew } from '@temporalio/workflow';
import { decide, type Step, type Wait } from '../domain/decision';
import { currentKind, currentStatus, isConfirmedDeclined, readBackAtMs } from '../domain/facts';
import type { Conclusion } from '../domain/outcome';
import { MINUTE_MS } from '../domain/policy';
import { statusKind } from '../domain/status';
import { type Applicant, showDetails } from './applicant';
import { checkReports, checkStatus, learnFinding, pollCalls } from './checks';
import { recordRound } from './closing';
import type { CollectRecordsInput, CollectRecordsResult } from './contract';
import { fetchDocuments } from './documents';
import { throwIfCancelled } from './run-limits';
import { StatusWaiter } from './status-waiter';

/** Longer than HUMAN_API_TIMEOUT. */
const LIST_IN_FLIGHT_MS = MINUTE_MS;

/** From the invitation to a conclusion: decides the next step from what is known, performs it, and learns from the answer. */
export async function followUntilConcluded(applicant: Applicant): Promise<Conclusion> {
  const waiter = new StatusWaiter(pollCalls(applicant));
  for (;;) {
    throwIfCancelled('the applicant was cancelled');
    applicant.showProgress();
    if (applicant.shouldContinueAsNew) return continueInNewRun(applicant, waiter);
    const step = decide(applicant.situation);
    if (step.do === 'conclude') return step.conclusion;
    await perform(step, applicant, waiter);
  }
}

/** Every answer is learnt as soon as it comes: a read may end a list that is in flight. */
async function perform(step: Exclude<Step, { do: 'conclude' }>, applicant: Applicant, waiter: StatusWaiter) {
  switch (step.do) {
    case 'wait':
      return waitForChange(step.wait, applicant, waiter);
    case 'read':
      return step.because === 'notice'
        ? checkStatus(applicant, 'notice')
        : runInterruptibly(applicant, waiter, () => checkStatus(applicant, step.because));
    case 'list':
      return step.because === 'notice'
        ? runInterruptibly(applicant, waiter, () => checkReports(applicant, 'notice'))
        : runInterruptibly(applicant, waiter, () => checkReports(applicant, 'conclusion'), listExpiry(applicant));
    case 'read-and-list': {
      const work = async () => {
        await Promise.all([checkStatus(applicant, 'window'), checkReports(applicant, 'conclusion')]);
      };
      return runInterruptibly(applicant, waiter, work, listExpiry(applicant));
    }
    case 'fetch':
      return runInterruptibly(applicant, waiter, () => fetchDocuments(step.documents, applicant));
    case 'record':
      return recordRound(applicant);
  }
}

/** Waits until a notice, a poll or the read of a deadline changes what is known, or the time is up. */
async function waitForChange(wait: Wait, applicant: Applicant, waiter: StatusWaiter): Promise<void> {
  const { state, facts } = applicant;
  const { collection } = state;
  state.waitingFor = wait.waitingFor;
  state.waitingUntilMs = wait.untilMs;
  showDetails(state);
  const finding = await waiter.waitForChange(
    wait,
    { humanId: applicant.subjectId, status: currentStatus(facts), isStuck: Boolean(state.stuck) },
    () => applicant.facts !== facts || state.collection !== collection || applicant.shouldContinueAsNew,
  );
  state.waitingFor = null;
  state.waitingUntilMs = null;
  if (finding) await learnFinding(applicant, finding);
}

/**
 * Does what may take an hour while notices still count: the stage follows them, and what has to be read back is read back meanwhile. The work
 * is ended, its calls cancelled, once a read says that the person declined, once this run has taken too many signals, or once the time of
 * `expiresAtMs` has come (null: never). When this returns the work has ended in any case: after a cancel, too, nothing is stored that the
 * manifest does not show.
 */
async function runInterruptibly(
  applicant: Applicant,
  waiter: StatusWaiter,
  work: () => Promise<void>,
  expiresAtMs: () => number | null = () => null,
): Promise<void> {
  const scope = new CancellationScope();
  let ended = false;
  // Caught, because it may fail while something else is waited for.
  const working = scope
    .run(work)
    .catch((error: unknown) => ({ error }))
    .finally(() => {
      ended = true;
    });
  try {
    while (!ended && !isOver()) await handleNews(applicant, waiter, () => ended, expiresAtMs());
  } finally {
    if (!ended) scope.cancel();
    await working;
  }
  const failed = await working;
  // Where the work was ended, an attempt in flight may end in a failure of its own: nobody needs it any more.
  if (failed && !isOver()) throw failed.error;

  function isOver(): boolean {
    const expiryMs = expiresAtMs();
    return isWorkObsolete(applicant) || (expiryMs !== null && expiryMs <= Date.now());
  }
}

function isWorkObsolete(applicant: Applicant): boolean {
  return applicant.mustContinueAsNew || isConfirmedDeclined(applicant.facts);
}

/** Waits for the work to end, for a notice that has to be read back, or for a poll's finding, and learns from it. */
async function handleNews(
  applicant: Applicant,
  waiter: StatusWaiter,
  hasEnded: () => boolean,
  expiryMs: number | null,
): Promise<void> {
  applicant.showProgress();
  const { facts } = applicant;
  const readAtMs = readBackAtMs(facts, applicant.input.policy);
  const hasNews = () => hasEnded() || waiter.hasFinding || applicant.facts !== facts || applicant.mustContinueAsNew;
  const wakeUps = [readAtMs, expiryMs].filter((timeMs) => timeMs !== null);
  const wakeAtMs = Math.min(...wakeUps);
  if (wakeUps.length === 0) await condition(hasNews);
  else if (wakeAtMs > Date.now()) await condition(hasNews, wakeAtMs - Date.now());
  if (hasEnded() || applicant.mustContinueAsNew) return;
  const finding = waiter.takeFinding();
  if (finding) return learnFinding(applicant, finding);
  if (readAtMs !== null && readAtMs <= Date.now()) await checkStatus(applicant, 'notice');
}

/**
 * A list may be refused for an hour. Once a read shows another status, the list is waited for no longer than an answer in flight takes. A read
 * that confirms the claimed status shows no other: the list is still the one that is needed.
 */
function listExpiry(applicant: Applicant): () => number | null {
  const expected = new Set([statusKind(applicant.facts.status.read.status), currentKind(applicant.facts)]);
  let changedAtMs: number | null = null;
  return () => {
    if (expected.has(statusKind(applicant.facts.status.read.status))) changedAtMs = null;
    // The wait starts a timer that earlier versions did not start: their histories would not replay with it.
    else if (!applicant.isOfEarlierVersion) changedAtMs ??= Date.now();
    return changedAtMs === null ? null : changedAtMs + LIST_IN_FLIGHT_MS;
  };
}

/** Hands everything to a fresh run, so that no history grows without end. Handlers never wait, so none is cut off. */
async function continueInNewRun(applicant: Applicant, waiter: StatusWaiter): Promise<never> {
  waiter.stop();
  const { input, invitation } = applicant;
  return continueAsNew<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>({
    ...input,
    carried: applicant.toCarriedState(),
    carriedInvitation: invitation,
  });
}
