import type { StatusAnswer } from '../activities/person';
import type { ListAnswer, WatchReportsInput } from '../activities/reports';
import { accessDenialContradiction } from '../domain/access';
import {
  type Collection,
  finishedMarks,
  needsMarks,
  withAccessDenied,
  withDeferredList,
  withList,
  withNoticeList,
  withUnansweredList,
} from '../domain/collection';
import type { Step } from '../domain/decision';
import {
  currentKind,
  currentStatus,
  pollCadenceMs,
  withDeferredRead,
  withLookUp,
  withMissingUpstream,
  withNoticeRead,
  withOutage,
  withRead,
} from '../domain/facts';
import { HOUR_MS, MINUTE_MS, type Policy } from '../domain/policy';
import type { DeadlineRead, Poll } from '../domain/polls';
import { upstreamActivities } from './activity-calls';
import { type Applicant, moveToStage } from './applicant';
import type { PollCalls, PollFinding } from './status-waiter';
import { askUntilDecided, showStuck, undecidedPatience } from './undecided';

/** A list that a notice wants is not worth more: until it is given up, no deadline acts. */
const MAX_LIST_PATIENCE_MS = HOUR_MS;
/** A notice is read back for at least so long, and for as long again each time, before the reports have their turn: an outage costs few events. */
const READ_PATIENCE_MS = { least: MINUTE_MS, most: HOUR_MS / 2 };

/**
 * Reads the person's status, and takes in what came. A read that a notice asks for is put off for a moment where upstream does not answer:
 * the reports lie on another host, which may.
 */
export async function checkStatus(
  applicant: Applicant,
  because: Extract<Step, { do: 'read' }>['because'],
): Promise<void> {
  const { state, subjectId: humanId, input } = applicant;
  const forNotice = because === 'notice';
  if (forNotice) applicant.facts = withNoticeRead(applicant.facts, Date.now(), input.policy);
  const askedMs = Date.now();
  const { least, most } = READ_PATIENCE_MS;
  const doubtedForMs = askedMs - (applicant.facts.checks.readBackRequestedAtMs ?? askedMs);
  const patienceMs = forNotice ? Math.min(Math.max(doubtedForMs, least), most) : null;
  const call = upstreamActivities(forNotice ? 'notice' : 'conclude', 'Read the status');
  const answer = await call.readStatus({ humanId, patienceMs, undecidedAfterMs: undecidedPatience(state) });
  await learnStatus(applicant, clampAskedAt(answer, askedMs));
}

/**
 * Lists the reports, and takes in what came. What only a notice asks for is put off where upstream does not answer, so that the rest goes on;
 * what decides how the applicant ends is asked for until it does.
 */
export async function checkReports(
  applicant: Applicant,
  because: Extract<Step, { do: 'list' }>['because'] | 'late-notice',
): Promise<void> {
  const { state, input } = applicant;
  const concluding = because === 'conclusion';
  const askedMs = Date.now();
  const everyMs = pollCadenceMs(applicant.facts, input.policy);
  if (!concluding) state.collection = withNoticeList(state.collection, askedMs, everyMs);
  const patienceMs = because === 'notice' ? Math.min(MAX_LIST_PATIENCE_MS, everyMs) : null;
  const { clientUserId, collection } = state;
  const despite = concluding ? accessDenialContradiction(currentKind(applicant.facts), collection) : null;
  const asked = { clientUserId, ...listSelection(collection, input.policy), concluding, patienceMs };
  const call = upstreamActivities(concluding ? 'conclude' : 'notice', 'List the reports');
  const answer = await call.listReports({ ...asked, ...accessPatience(despite, input.policy) });
  learnList(applicant, clampAskedAt(answer, askedMs), despite);
}

/** What a list has to know beside whose it is: what to leave out. */
export function listSelection(collection: Collection, { wanted }: Policy): Pick<WatchReportsInput, 'wanted' | 'done'> {
  return { wanted, ...(needsMarks(collection) && { done: finishedMarks(collection) }) };
}

/** How long a refusal is not believed; only one that contradicts something is doubted at all. */
export function accessPatience(despite: string | null, policy: Policy): { refusedPatienceMs?: number } {
  return despite === null ? {} : { refusedPatienceMs: policy.accessRefusedPatienceMs };
}

/**
 * The polls of an applicant, activities that fail quietly until they have found something, and the read of a deadline, which goes before
 * every poll (decision 0031). TRY_CANCEL: the workflow does not wait for their end.
 */
export function pollCalls(applicant: Applicant): PollCalls {
  return {
    status: ({ delaysMs, failureReportMs }: Poll) =>
      upstreamActivities('poll', 'Look for a new status', { cancellationType: 'TRY_CANCEL' }).watchStatus({
        humanId: applicant.subjectId,
        status: currentStatus(applicant.facts),
        delaysMs,
        failureReportMs,
        undecidedAfterMs: undecidedPatience(applicant.state),
        isStuck: Boolean(applicant.state.stuck),
      }),
    deadline: async ({ outage }: DeadlineRead) => {
      const askedMs = Date.now();
      const call = upstreamActivities('deadline', 'Read the status for a deadline', { cancellationType: 'TRY_CANCEL' });
      const patience = { patienceMs: null, undecidedAfterMs: undecidedPatience(applicant.state) };
      return clampAskedAt(await call.readStatus({ humanId: applicant.subjectId, outage, ...patience }), askedMs);
    },
    reports: ({ delaysMs }: Poll) =>
      upstreamActivities('poll', 'Look for new reports', { cancellationType: 'TRY_CANCEL' }).watchReports({
        clientUserId: applicant.state.clientUserId,
        ...listSelection(applicant.state.collection, applicant.input.policy),
        digest: applicant.state.collection.digest,
        delaysMs,
      }),
  };
}

/** Takes in what was found. */
export async function learnFinding(applicant: Applicant, finding: PollFinding): Promise<void> {
  if (finding.of === 'reports') learnList(applicant, finding.answer);
  else await learnStatus(applicant, finding.answer);
}

async function learnStatus(applicant: Applicant, answer: StatusAnswer): Promise<void> {
  const { facts, state, input } = applicant;
  if (answer.kind === 'undecided') showStuck(state, answer.why);
  if (answer.kind === 'unavailable' || answer.kind === 'undecided') {
    applicant.facts = withDeferredRead(facts, Date.now(), input.policy);
    return;
  }
  if (answer.kind === 'outage') {
    applicant.facts = withOutage(facts, answer, Date.now());
    return;
  }
  showStuck(state, null);
  if (answer.kind === 'absent') return confirmMissing(applicant, answer.outageMs);
  const { outageMs, ...read } = answer;
  applicant.facts = withRead(facts, read, Date.now(), input.policy, outageMs);
}

/** A 404 alone proves nothing: somebody is gone only when a look-up by our own id finds nobody either. */
async function confirmMissing(applicant: Applicant, outageMs: number): Promise<void> {
  const { state, input } = applicant;
  const { clientUserId, clientUserEmail } = input.details;
  const askedAtMs = Date.now();
  const call = upstreamActivities('conclude', 'Look the person up');
  const whom = { clientUserId, clientUserEmail };
  const found = await askUntilDecided(state, (patience) => call.lookUp({ ...whom, ...patience }));
  if (found.kind === 'nobody') {
    applicant.facts = withMissingUpstream(applicant.facts, Date.now());
    return;
  }
  const { status, updatedAtMs, humanId } = found;
  applicant.facts = withLookUp(applicant.facts, { status, updatedAtMs, askedAtMs }, Date.now(), input.policy, outageMs);
  if (humanId === state.humanId) return;
  state.humanId = humanId;
  moveToStage(state, state.stage, { humanId });
}

function learnList(applicant: Applicant, answer: ListAnswer, despite: string | null = null): void {
  const { state, input } = applicant;
  switch (answer.kind) {
    case 'listed':
      state.collection = withList(state.collection, answer, Date.now());
      return;
    case 'refused':
      state.collection = withAccessDenied(state.collection, answer.askedAtMs, despite);
      return;
    case 'not-yet':
      state.collection = withUnansweredList(state.collection, answer.askedAtMs);
      return;
    case 'unavailable':
      state.collection = withDeferredList(state.collection, Date.now(), pollCadenceMs(applicant.facts, input.policy));
  }
}

/** An attempt is asked for no earlier than its activity: the two clocks are the server's, but for rounding. */
function clampAskedAt<A extends { askedAtMs: number } | { kind: string }>(answer: A, askedMs: number): A {
  return 'askedAtMs' in answer ? { ...answer, askedAtMs: Math.max(answer.askedAtMs, askedMs) } : answer;
}
