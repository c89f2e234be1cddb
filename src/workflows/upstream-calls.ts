import type { StatusAnswer } from '../activities/person';
import type { WatchReportsInput } from '../activities/reports';
import {
  type Collection,
  countNewVersions,
  findAccessEvidence,
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

/** The limit for a requested list, because no deadline takes effect while it is retried. */
const MAX_LIST_PATIENCE_MS = HOUR_MS;
/** A read for a notice is retried for as long as its request is old, within these limits, then deferred: each lasts about twice the previous one. */
const MIN_READ_PATIENCE_MS = MINUTE_MS;
const MAX_READ_PATIENCE_MS = HOUR_MS / 2;

/** Reads the status and learns the answer. Defers an unanswered read for a notice: the host of the reports may still answer. */
export async function readStatus(
  applicant: Applicant,
  because: Extract<Step, { do: 'read' }>['because'],
): Promise<void> {
  const { humanId, input } = applicant;
  const isForNotice = because === 'notice';
  if (isForNotice) applicant.facts = withNoticeRead(applicant.facts, Date.now(), input.policy);
  const startedMs = Date.now();
  const requestAgeMs = startedMs - (applicant.facts.due.readBackRequestedAtMs ?? startedMs);
  const patienceMs = isForNotice ? Math.min(Math.max(requestAgeMs, MIN_READ_PATIENCE_MS), MAX_READ_PATIENCE_MS) : null;
  const call = upstreamActivities(isForNotice ? 'notice' : 'conclude', 'Read the status');
  const answer = await call.readStatus({ humanId, patienceMs, ...undecidedPatience(applicant) });
  await learnStatus(applicant, clampAskedAt(answer, startedMs));
}

/** Lists the reports and learns the answer. A requested list is deferred if upstream does not answer; any other is retried until it does. */
export async function listReports(
  applicant: Applicant,
  because: Extract<Step, { do: 'list' }>['because'] | 'late-notice',
): Promise<void> {
  const { state, input } = applicant;
  const isConcluding = because === 'conclusion';
  const startedMs = Date.now();
  const cadenceMs = pollCadenceMs(applicant.facts, input.policy);
  if (!isConcluding) state.collection = withNoticeList(state.collection, startedMs, cadenceMs);
  const patienceMs = because === 'request' ? Math.min(MAX_LIST_PATIENCE_MS, cadenceMs) : null;
  const { clientUserId, collection } = state;
  const evidence = isConcluding ? findAccessEvidence(currentKind(applicant.facts), collection) : null;
  const request = { clientUserId, ...listSelection(collection, input.policy), concluding: isConcluding, patienceMs };
  const call = upstreamActivities(isConcluding ? 'conclude' : 'notice', 'List the reports');
  const answer = await call.listReports({ ...request, ...accessPatience(evidence, input.policy) });
  learnList(applicant, clampAskedAt(answer, startedMs), evidence);
}

/** Which rows of a list to return. */
export function listSelection(collection: Collection, { wanted }: Policy): Pick<WatchReportsInput, 'wanted' | 'done'> {
  return { wanted, ...(needsMarks(collection) && { done: finishedMarks(collection) }) };
}

/** How long to retry a list while access is denied: only if there is evidence against the denial. */
export function accessPatience(evidence: string | null, policy: Policy): { refusedPatienceMs?: number } {
  return evidence === null ? {} : { refusedPatienceMs: policy.accessRefusedPatienceMs };
}

/** The polls of an applicant, and the read at a deadline, which has priority over polls (decision 0031). TRY_CANCEL: no one waits for their end. */
export function pollCalls(applicant: Applicant): PollCalls {
  return {
    status: ({ delaysMs, reportFailuresFromMs }: Poll) =>
      upstreamActivities('poll', 'Poll the status', { cancellationType: 'TRY_CANCEL' }).watchStatus({
        humanId: applicant.humanId,
        status: currentStatus(applicant.facts),
        delaysMs,
        failureReportMs: reportFailuresFromMs,
        ...undecidedPatience(applicant),
        isStuck: Boolean(applicant.state.stuck),
      }),
    deadline: async ({ outage }: DeadlineRead) => {
      const startedMs = Date.now();
      const call = upstreamActivities('deadline', 'Read the status for a deadline', { cancellationType: 'TRY_CANCEL' });
      const patience = { patienceMs: null, ...undecidedPatience(applicant) };
      return clampAskedAt(await call.readStatus({ humanId: applicant.humanId, outage, ...patience }), startedMs);
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
  if (answer.kind === 'undecided') applicant.setStuck(answer.why);
  if (answer.kind === 'unavailable' || answer.kind === 'undecided') {
    applicant.facts = withDeferredRead(facts, Date.now(), input.policy);
    return;
  }
  if (answer.kind === 'outage') {
    applicant.facts = withOutage(facts, answer, Date.now());
    return;
  }
  applicant.setStuck(null);
  if (answer.kind === 'absent') return confirmMissingUpstream(applicant, answer.outageMs);
  const { outageMs, ...read } = answer;
  applicant.learn(withRead(facts, read, Date.now(), input.policy, outageMs), 'poll');
}

/** After a 404 the person is missing upstream only if a look-up by clientUserId does not find them either. */
async function confirmMissingUpstream(applicant: Applicant, outageMs: number): Promise<void> {
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
  const read = { status, updatedAtMs, askedAtMs };
  applicant.learn(withLookUp(applicant.facts, read, Date.now(), input.policy, outageMs), 'poll');
  if (humanId === state.humanId) return;
  state.humanId = humanId;
  applicant.moveToStage(state.stage, { humanId });
}

function learnList(applicant: Applicant, answer: ListAnswer, evidence: string | null = null): void {
  const { state, facts, input } = applicant;
  const cadenceMs = pollCadenceMs(facts, input.policy);
  const before = state.collection;
  state.collection = withListAnswer(before, answer, Date.now(), cadenceMs, evidence);
  const count = countNewVersions(before, state.collection);
  // Only an answer to a notice or a status has an open request.
  if (count > 0) applicant.record('reports-listed', before.wantedAtMs === null ? 'poll' : 'notification', { count });
}

/** Corrects rounding: the server may report an attempt as scheduled before the workflow requested it. */
function clampAskedAt<A extends { askedAtMs: number } | { kind: string }>(answer: A, startedMs: number): A {
  return 'askedAtMs' in answer ? { ...answer, askedAtMs: Math.max(answer.askedAtMs, startedMs) } : answer;
}
