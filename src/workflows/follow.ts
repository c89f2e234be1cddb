import { CancellationScope, condition, continueAsNew } from '@temporalio/workflow';
import { decide, type Step, type Wait } from '../domain/decision';
import { currentKind, currentStatus, isConfirmedDeclined, lastReadKind, readBackAtMs } from '../domain/facts';
import type { Conclusion } from '../domain/outcome';
import { earliest, MINUTE_MS } from '../domain/policy';
import type { Applicant } from './applicant';
import type { CollectRecordsInput, CollectRecordsResult } from './contract';
import { fetchDocuments } from './documents';
import { recordDocuments } from './manifest-writes';
import { throwIfCancelled } from './run-limits';
import { StatusWaiter } from './status-waiter';
import { learnFinding, listReports, pollCalls, readStatus } from './upstream-calls';

/** Longer than HUMAN_API_TIMEOUT: after this time no answer is in flight. */
const LIST_IN_FLIGHT_MS = MINUTE_MS;

/** When to cancel running work, in ms since 1970; null: not now. */
type Expiry = () => number | null;
const NEVER: Expiry = () => null;

/** Repeats until a conclusion: decide the next step, perform it, learn from the answer. */
export async function followUntilConcluded(applicant: Applicant): Promise<Conclusion> {
  const waiter = new StatusWaiter(pollCalls(applicant));
  for (;;) {
    throwIfCancelled('the applicant was cancelled');
    applicant.updateProgress();
    if (applicant.shouldContinueAsNew) return continueInNewRun(applicant, waiter);
    const step = decide(applicant.situation);
    if (step.do === 'conclude') return recordDeadline(step.conclusion, applicant);
    await perform(step, applicant, waiter);
  }
}

/** A deadline that ends the applicant becomes an entry of the timeline. */
function recordDeadline(conclusion: Conclusion, applicant: Applicant): Conclusion {
  const { reason } = conclusion;
  if (reason === 'deadline') applicant.record('deadline-reached', 'deadline', { deadline: 'applicant' });
  if (reason === 'invitation-expired') applicant.record('deadline-reached', 'deadline', { deadline: 'invitation' });
  return conclusion;
}

/** Performs a step. Its functions learn the answers themselves: a read that arrives during a list may cancel it (see listExpiry). */
async function perform(step: Exclude<Step, { do: 'conclude' }>, applicant: Applicant, waiter: StatusWaiter) {
  const interruptibly = (work: () => Promise<void>, expiry = NEVER) =>
    runInterruptibly(applicant, waiter, work, expiry);
  switch (step.do) {
    case 'wait':
      return performWait(step.wait, applicant, waiter);
    case 'read': {
      const read = () => readStatus(applicant, step.because);
      // A read for a notice ends after minutes. Any other is retried until upstream answers, so it must be interruptible.
      return step.because === 'notice' ? read() : interruptibly(read, expireAtFinish(applicant, NEVER));
    }
    case 'list': {
      const expiry = step.because === 'conclusion' ? listExpiry(applicant) : NEVER;
      return interruptibly(() => listReports(applicant, step.because), expireAtFinish(applicant, expiry));
    }
    case 'read-and-list':
      return interruptibly(
        async () => {
          await Promise.all([readStatus(applicant, 'window'), listReports(applicant, 'conclusion')]);
        },
        expireAtFinish(applicant, listExpiry(applicant)),
      );
    case 'fetch':
      return interruptibly(() => fetchDocuments(step.documents, applicant));
    case 'record':
      return recordDocuments(applicant);
  }
}

/** Waits for a notice, for the answer of a poll or of the read at a deadline, or until the time of `wait` has passed. */
async function performWait(wait: Wait, applicant: Applicant, waiter: StatusWaiter): Promise<void> {
  const { state, facts } = applicant;
  const { collection, finish } = state;
  state.waitingFor = wait.waitingFor;
  state.waitingUntilMs = wait.untilMs;
  applicant.showDetails();
  const finding = await waiter.waitForChange(
    { ...wait, untilMs: earliest(wait.untilMs, applicant.nextQuietAtMs) },
    { humanId: applicant.humanId, status: currentStatus(facts), isStuck: Boolean(state.stuck) },
    () =>
      applicant.facts !== facts ||
      state.collection !== collection ||
      state.finish !== finish ||
      applicant.shouldContinueAsNew,
  );
  state.waitingFor = null;
  state.waitingUntilMs = null;
  if (finding) await learnFinding(applicant, finding);
}

/**
 * Runs work that may take an hour. During it, notices are read back and move the stage. The work is cancelled once a read confirms that the person
 * declined, once this run has too many signals, or at its expiry. The work has ended when this returns, also after a cancel request:
 * otherwise a document could be stored that the manifest lacks.
 */
async function runInterruptibly(
  applicant: Applicant,
  waiter: StatusWaiter,
  work: () => Promise<void>,
  expiry: Expiry,
): Promise<void> {
  const scope = new CancellationScope();
  let hasEnded = false;
  // Caught here, because it may fail while nothing awaits it.
  const working = scope
    .run(work)
    .catch((error: unknown) => ({ error }))
    .finally(() => {
      hasEnded = true;
    });
  try {
    while (!hasEnded && !shouldEnd()) await handleNextChange(applicant, waiter, () => hasEnded, expiry());
  } finally {
    if (!hasEnded) scope.cancel();
    await working;
  }
  const failed = await working;
  // The failure of cancelled work is expected; the reason to cancel still holds.
  if (failed && !shouldEnd()) throw failed.error;

  function shouldEnd(): boolean {
    const expiresAtMs = expiry();
    const hasExpired = expiresAtMs !== null && expiresAtMs <= Date.now();
    return applicant.mustContinueAsNew || isConfirmedDeclined(applicant.facts) || hasExpired;
  }
}

/** Waits for the end of the work, the answer of a poll, or a notice to read back, and learns from it. */
async function handleNextChange(
  applicant: Applicant,
  waiter: StatusWaiter,
  hasEnded: () => boolean,
  expiresAtMs: number | null,
): Promise<void> {
  applicant.updateProgress();
  const { facts, state } = applicant;
  const { finish } = state;
  const readAtMs = readBackAtMs(facts, applicant.input.policy);
  const hasChanged = () =>
    hasEnded() ||
    waiter.hasFinding ||
    applicant.facts !== facts ||
    state.finish !== finish ||
    applicant.mustContinueAsNew;
  const wakeAtMs = earliest(readAtMs, expiresAtMs);
  if (wakeAtMs === null) await condition(hasChanged);
  else if (wakeAtMs > Date.now()) await condition(hasChanged, wakeAtMs - Date.now());
  if (hasEnded() || applicant.mustContinueAsNew) return;
  const finding = waiter.takeFinding();
  if (finding) return learnFinding(applicant, finding);
  if (readAtMs !== null && readAtMs <= Date.now()) await readStatus(applicant, 'notice');
}

/**
 * A list for a conclusion may be retried for an hour because access is denied. Once a read returns a status that was neither read nor claimed when the
 * list began, the list is pointless. It expires a minute later, so that an answer in flight still counts. Stateful: remembers when it saw that status.
 */
function listExpiry(applicant: Applicant): Expiry {
  const expected = new Set([lastReadKind(applicant.facts), currentKind(applicant.facts)]);
  let changedAtMs: number | null = null;
  return () => {
    if (expected.has(lastReadKind(applicant.facts))) changedAtMs = null;
    else if (!applicant.isOfEarlierVersion) changedAtMs ??= Date.now();
    return changedAtMs === null ? null : changedAtMs + LIST_IN_FLIGHT_MS;
  };
}

/** Also expires when an early end is requested: it needs another list, and no read. */
function expireAtFinish({ state }: Applicant, expiry: Expiry): Expiry {
  const { finish } = state;
  return () => (state.finish === finish ? expiry() : 0);
}

/** Limits the length of the history. */
async function continueInNewRun(applicant: Applicant, waiter: StatusWaiter): Promise<never> {
  waiter.stop();
  const { input, invitation } = applicant;
  const carriedEvents = applicant.outbox.toCarried();
  return continueAsNew<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>({
    ...input,
    carried: applicant.toCarriedState(),
    carriedInvitation: invitation,
    ...(carriedEvents && { carriedEvents }),
  });
}
