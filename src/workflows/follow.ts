import { CancellationScope, condition, continueAsNew } from '@temporalio/workflow';
import { decide, type Step, type Wait } from '../domain/decision';
import { currentKind, currentStatus, isConfirmedDeclined, readBackAtMs } from '../domain/facts';
import type { Conclusion } from '../domain/outcome';
import { earliest, MINUTE_MS } from '../domain/policy';
import { statusKind } from '../domain/status';
import type { Applicant } from './applicant';
import { checkReports, checkStatus, learnFinding, pollCalls } from './checks';
import { recordDocuments } from './closing';
import type { CollectRecordsInput, CollectRecordsResult } from './contract';
import { fetchDocuments } from './documents';
import { throwIfCancelled } from './run-limits';
import { StatusWaiter } from './status-waiter';

/** Longer than HUMAN_API_TIMEOUT: after it no list is in flight. */
const LIST_IN_FLIGHT_MS = MINUTE_MS;

/** Repeats until a conclusion: decide the next step, perform it, learn from the answer. */
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

/** Each check learns its answer at once, because a read may end a list in flight. */
async function perform(step: Exclude<Step, { do: 'conclude' }>, applicant: Applicant, waiter: StatusWaiter) {
  const interruptibly = (work: () => Promise<void>, expiresAtMs?: () => number | null) =>
    runInterruptibly(applicant, waiter, work, expiresAtMs);
  switch (step.do) {
    case 'wait':
      return waitForChange(step.wait, applicant, waiter);
    case 'read':
      if (step.because === 'notice') return checkStatus(applicant, 'notice');
      return interruptibly(() => checkStatus(applicant, step.because));
    case 'list':
      if (step.because === 'notice') return interruptibly(() => checkReports(applicant, 'notice'));
      return interruptibly(() => checkReports(applicant, 'conclusion'), listExpiry(applicant));
    case 'read-and-list':
      return interruptibly(async () => {
        await Promise.all([checkStatus(applicant, 'window'), checkReports(applicant, 'conclusion')]);
      }, listExpiry(applicant));
    case 'fetch':
      return interruptibly(() => fetchDocuments(step.documents, applicant));
    case 'record':
      return recordDocuments(applicant);
  }
}

/** Waits for a notice, a poll or the read of a deadline, or until the time of `wait` has passed. */
async function waitForChange(wait: Wait, applicant: Applicant, waiter: StatusWaiter): Promise<void> {
  const { state, facts } = applicant;
  const { collection } = state;
  state.waitingFor = wait.waitingFor;
  state.waitingUntilMs = wait.untilMs;
  applicant.showDetails();
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
 * Does work that may take an hour. Meanwhile the stage follows the notices, and notices are read back. The work is cancelled once a read says
 * that the person declined, once this run has too many signals, or at `expiresAtMs` (null: never). The work has ended when this returns, also after
 * a cancel request: no document is stored that the manifest lacks.
 */
async function runInterruptibly(
  applicant: Applicant,
  waiter: StatusWaiter,
  work: () => Promise<void>,
  expiresAtMs: () => number | null = () => null,
): Promise<void> {
  const scope = new CancellationScope();
  let hasEnded = false;
  // Caught here, because it may fail during another wait.
  const working = scope
    .run(work)
    .catch((error: unknown) => ({ error }))
    .finally(() => {
      hasEnded = true;
    });
  try {
    while (!hasEnded && !shouldEnd()) await handleNews(applicant, waiter, () => hasEnded, expiresAtMs());
  } finally {
    if (!hasEnded) scope.cancel();
    await working;
  }
  const failed = await working;
  // The failure of cancelled work does not matter.
  if (failed && !shouldEnd()) throw failed.error;

  function shouldEnd(): boolean {
    const expiryMs = expiresAtMs();
    const hasExpired = expiryMs !== null && expiryMs <= Date.now();
    return applicant.mustContinueAsNew || isConfirmedDeclined(applicant.facts) || hasExpired;
  }
}

/** Waits for the end of the work, a finding of a poll or a notice to read back, and learns from it. */
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
  const wakeAtMs = earliest(readAtMs, expiryMs);
  if (wakeAtMs === null) await condition(hasNews);
  else if (wakeAtMs > Date.now()) await condition(hasNews, wakeAtMs - Date.now());
  if (hasEnded() || applicant.mustContinueAsNew) return;
  const finding = waiter.takeFinding();
  if (finding) return learnFinding(applicant, finding);
  if (readAtMs !== null && readAtMs <= Date.now()) await checkStatus(applicant, 'notice');
}

/**
 * Access to a list may be denied for an hour. Once a read returns another status than the current or the claimed one, the list expires after the time
 * of an answer in flight.
 */
function listExpiry(applicant: Applicant): () => number | null {
  const expected = new Set([statusKind(applicant.facts.status.read.status), currentKind(applicant.facts)]);
  let changedAtMs: number | null = null;
  return () => {
    if (expected.has(statusKind(applicant.facts.status.read.status))) changedAtMs = null;
    // Starts a timer that a history of an earlier version does not have.
    else if (!applicant.isOfEarlierVersion) changedAtMs ??= Date.now();
    return changedAtMs === null ? null : changedAtMs + LIST_IN_FLIGHT_MS;
  };
}

/** Limits the length of a history. Handlers never wait, so continue-as-new interrupts none. */
async function continueInNewRun(applicant: Applicant, waiter: StatusWaiter): Promise<never> {
  waiter.stop();
  const { input, invitation } = applicant;
  return continueAsNew<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>({
    ...input,
    carried: applicant.toCarriedState(),
    carriedInvitation: invitation,
  });
}
