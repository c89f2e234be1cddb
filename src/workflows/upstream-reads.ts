import type { StatusAnswer } from '../activities/person';
import type { ListAnswer } from '../activities/reports';
import { withList, withNoticeList, withoutList, withRefusal } from '../domain/collection';
import type { Poll, Step } from '../domain/decision';
import { cadenceMs, currentStatus, withAbsence, withNoticeRead, withRead } from '../domain/facts';
import type { Applicant } from './applicant';
import { upstream } from './calls';
import { moveTo } from './display';
import type { Finding, PollCalls } from './watch';

/** Reads the person's status, and takes in what came. */
export async function readBack(applicant: Applicant, because: Extract<Step, { do: 'read' }>['because']): Promise<void> {
  const { state, humanId, input } = applicant;
  const forNotice = because === 'notice';
  if (forNotice) state.facts = withNoticeRead(applicant.facts, Date.now(), input.policy);
  const askedMs = Date.now();
  const answer = await upstream(forNotice ? 'notice' : 'conclude', 'Read the status').readStatus({ humanId });
  await takeAnswer(applicant, notBefore(answer, askedMs));
}

/** Lists the reports, and takes in what came. */
export async function listReports(
  applicant: Applicant,
  because: Extract<Step, { do: 'list' }>['because'],
): Promise<void> {
  const { state, input } = applicant;
  const concluding = because === 'conclusion';
  const askedMs = Date.now();
  if (!concluding)
    state.collection = withNoticeList(state.collection, askedMs, cadenceMs(applicant.facts, input.policy));
  const { clientUserId } = state;
  const call = upstream(concluding ? 'conclude' : 'notice', 'List the reports');
  takeList(applicant, notBefore(await call.listReports({ clientUserId, concluding }), askedMs));
}

/** The polls of an applicant: activities that fail quietly until they have found something. TRY_CANCEL: nobody waits for their end. */
export function pollsOf(applicant: Applicant): PollCalls {
  return {
    status: ({ delaysMs, deadlineMs }: Poll) =>
      upstream('poll', 'Look for a new status', { cancellationType: 'TRY_CANCEL' }).watchStatus({
        humanId: applicant.humanId,
        status: currentStatus(applicant.facts),
        readUpdatedAtMs: applicant.facts.read.updatedAtMs,
        delaysMs,
        deadlineMs,
      }),
    reports: ({ delaysMs }: Poll) =>
      upstream('poll', 'Look for new reports', { cancellationType: 'TRY_CANCEL' }).watchReports({
        clientUserId: applicant.state.clientUserId,
        digest: applicant.state.collection.digest,
        delaysMs,
      }),
  };
}

/** Takes in what a poll found. */
export async function learn(applicant: Applicant, finding: Finding): Promise<void> {
  if (finding.of === 'reports') takeList(applicant, finding.answer);
  else await takeAnswer(applicant, finding.answer);
}

async function takeAnswer(applicant: Applicant, answer: StatusAnswer): Promise<void> {
  if (answer.kind === 'absent') return lookForTheAbsent(applicant);
  const { outageMs, ...read } = answer;
  applicant.state.facts = withRead(applicant.facts, read, Date.now(), applicant.input.policy, outageMs);
}

/** A 404 alone proves nothing: somebody is gone only when a look-up by our own id finds nobody either. */
async function lookForTheAbsent(applicant: Applicant): Promise<void> {
  const { state, input } = applicant;
  const { clientUserId, clientUserEmail } = input.details;
  const askedAtMs = Date.now();
  const found = await upstream('conclude', 'Look the person up').lookUp({ clientUserId, clientUserEmail });
  if (found.kind === 'nobody') {
    state.facts = withAbsence(applicant.facts, Date.now());
    return;
  }
  const { status, updatedAtMs, humanId } = found;
  state.facts = withRead(applicant.facts, { status, updatedAtMs, askedAtMs }, Date.now(), input.policy);
  if (humanId === state.humanId) return;
  state.humanId = humanId;
  moveTo(state, state.stage, { humanId });
}

function takeList({ state }: Applicant, answer: ListAnswer): void {
  switch (answer.kind) {
    case 'listed':
      state.collection = withList(state.collection, answer, Date.now());
      return;
    case 'refused':
      state.collection = withRefusal(state.collection, answer.askedAtMs);
      return;
    case 'not-yet':
      state.collection = withoutList(state.collection, answer.askedAtMs);
  }
}

/** An attempt is asked for no earlier than its activity: the two clocks are the server's, but for rounding. */
function notBefore<A extends { askedAtMs: number } | { kind: 'absent' }>(answer: A, askedMs: number): A {
  return 'askedAtMs' in answer ? { ...answer, askedAtMs: Math.max(answer.askedAtMs, askedMs) } : answer;
}
