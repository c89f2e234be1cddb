import type { StatusAnswer } from '../activities/person';
import type { WatchReportsInput } from '../activities/reports';
import {
  accessDenialContradiction,
  type Collection,
  type ListAnswer,
  withListAnswer,
  withNoticeList,
} from '../domain/collection';
import { finishedMarks, needsMarks } from '../domain/collection-documents';
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
import type { Applicant } from './applicant';
import type { PollCalls, PollFinding } from './status-waiter';
import { askUntilDecided, undecidedPatience } from './undecided';

/** No deadline acts while a list for a notice is retried. */
const MAX_LIST_PATIENCE_MS = HOUR_MS;
/** How long a read for a notice is retried before the reports have their turn; it doubles, so that an outage costs few events. */
const MIN_READ_PATIENCE_MS = MINUTE_MS;
const MAX_READ_PATIENCE_MS = HOUR_MS / 2;

/** Reads the status and learns the answer. A read for a notice is deferred if upstream does not answer: reports are on another host, which may. */
export async function checkStatus(
  applicant: Applicant,
  because: Extract<Step, { do: 'read' }>['because'],
): Promise<void> {
  const { subjectId: humanId, input } = applicant;
  const isForNotice = because === 'notice';
  if (isForNotice) applicant.facts = withNoticeRead(applicant.facts, Date.now(), input.policy);
  const askedMs = Date.now();
  const requestedForMs = askedMs - (applicant.facts.checks.readBackRequestedAtMs ?? askedMs);
  const patienceMs = isForNotice
    ? Math.min(Math.max(requestedForMs, MIN_READ_PATIENCE_MS), MAX_READ_PATIENCE_MS)
    : null;
  const call = upstreamActivities(isForNotice ? 'notice' : 'conclude', 'Read the status');
  const answer = await call.readStatus({ humanId, patienceMs, undecidedAfterMs: undecidedPatience(applicant) });
  await learnStatus(applicant, clampAskedAt(answer, askedMs));
}

/** Lists the reports and learns the answer. A list for a notice is deferred if upstream does not answer; any other is retried until it does. */
export async function checkReports(
  applicant: Applicant,
  because: Extract<Step, { do: 'list' }>['because'] | 'late-notice',
): Promise<void> {
  const { state, input } = applicant;
  const isConcluding = because === 'conclusion';
  const askedMs = Date.now();
  const everyMs = pollCadenceMs(applicant.facts, input.policy);
  if (!isConcluding) state.collection = withNoticeList(state.collection, askedMs, everyMs);
  const patienceMs = because === 'notice' ? Math.min(MAX_LIST_PATIENCE_MS, everyMs) : null;
  const { clientUserId, collection } = state;
  const contradiction = isConcluding ? accessDenialContradiction(currentKind(applicant.facts), collection) : null;
  const asked = { clientUserId, ...listSelection(collection, input.policy), concluding: isConcluding, patienceMs };
  const call = upstreamActivities(isConcluding ? 'conclude' : 'notice', 'List the reports');
  const answer = await call.listReports({ ...asked, ...accessPatience(contradiction, input.policy) });
  learnList(applicant, clampAskedAt(answer, askedMs), contradiction);
}

/** What to leave out of a list. */
export function listSelection(collection: Collection, { wanted }: Policy): Pick<WatchReportsInput, 'wanted' | 'done'> {
  return { wanted, ...(needsMarks(collection) && { done: finishedMarks(collection) }) };
}

/** How long a list is retried after its access was denied: not at all, unless that contradicts what is known. */
export function accessPatience(contradiction: string | null, policy: Policy): { refusedPatienceMs?: number } {
  return contradiction === null ? {} : { refusedPatienceMs: policy.accessRefusedPatienceMs };
}

/** The polls of an applicant, and the read of a deadline, which has priority over polls (decision 0031). TRY_CANCEL: their end is not awaited. */
export function pollCalls(applicant: Applicant): PollCalls {
  return {
    status: ({ delaysMs, failureReportMs }: Poll) =>
      upstreamActivities('poll', 'Poll the status', { cancellationType: 'TRY_CANCEL' }).watchStatus({
        humanId: applicant.subjectId,
        status: currentStatus(applicant.facts),
        delaysMs,
        failureReportMs,
        undecidedAfterMs: undecidedPatience(applicant),
        isStuck: Boolean(applicant.state.stuck),
      }),
    deadline: async ({ outage }: DeadlineRead) => {
      const askedMs = Date.now();
      const call = upstreamActivities('deadline', 'Read the status for a deadline', { cancellationType: 'TRY_CANCEL' });
      const patience = { patienceMs: null, undecidedAfterMs: undecidedPatience(applicant) };
      return clampAskedAt(await call.readStatus({ humanId: applicant.subjectId, outage, ...patience }), askedMs);
    },
    reports: ({ delaysMs }: Poll) =>
      upstreamActivities('poll', 'Poll the report list', { cancellationType: 'TRY_CANCEL' }).watchReports({
        clientUserId: applicant.state.clientUserId,
        ...listSelection(applicant.state.collection, applicant.input.policy),
        digest: applicant.state.collection.digest,
        delaysMs,
      }),
  };
}

export async function learnFinding(applicant: Applicant, finding: PollFinding): Promise<void> {
  if (finding.of === 'reports') learnList(applicant, finding.answer);
  else await learnStatus(applicant, finding.answer);
}

async function learnStatus(applicant: Applicant, answer: StatusAnswer): Promise<void> {
  const { facts, input } = applicant;
  if (answer.kind === 'undecided') applicant.showStuck(answer.why);
  if (answer.kind === 'unavailable' || answer.kind === 'undecided') {
    applicant.facts = withDeferredRead(facts, Date.now(), input.policy);
    return;
  }
  if (answer.kind === 'outage') {
    applicant.facts = withOutage(facts, answer, Date.now());
    return;
  }
  applicant.showStuck(null);
  if (answer.kind === 'absent') return confirmMissing(applicant, answer.outageMs);
  const { outageMs, ...read } = answer;
  applicant.facts = withRead(facts, read, Date.now(), input.policy, outageMs);
}

/** A person is gone only if, in addition to the 404, a look-up by our own id does not find them. */
async function confirmMissing(applicant: Applicant, outageMs: number): Promise<void> {
  const { state, input } = applicant;
  const { clientUserId, clientUserEmail } = input.details;
  const askedAtMs = Date.now();
  const call = upstreamActivities('conclude', 'Look the person up');
  const query = { clientUserId, clientUserEmail };
  const found = await askUntilDecided(applicant, (patience) => call.lookUp({ ...query, ...patience }));
  if (found.kind === 'nobody') {
    applicant.facts = withMissingUpstream(applicant.facts, Date.now());
    return;
  }
  const { status, updatedAtMs, humanId } = found;
  applicant.facts = withLookUp(applicant.facts, { status, updatedAtMs, askedAtMs }, Date.now(), input.policy, outageMs);
  if (humanId === state.humanId) return;
  state.humanId = humanId;
  applicant.moveToStage(state.stage, { humanId });
}

function learnList(applicant: Applicant, answer: ListAnswer, contradiction: string | null = null): void {
  const { state, facts, input } = applicant;
  const everyMs = pollCadenceMs(facts, input.policy);
  state.collection = withListAnswer(state.collection, answer, Date.now(), everyMs, contradiction);
}

/** Corrects rounding: the server's time of an attempt is not earlier than that of its activity. */
function clampAskedAt<A extends { askedAtMs: number } | { kind: string }>(answer: A, askedMs: number): A {
  return 'askedAtMs' in answer ? { ...answer, askedAtMs: Math.max(answer.askedAtMs, askedMs) } : answer;
}
