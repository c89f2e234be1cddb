import { setHandler } from '@temporalio/workflow';
import type { Applicant } from './applicant';
import { isRunning, listenToCalls } from './call-results';
import { callRecoveredSignal, callStuckSignal } from './contract';

/** Far more than run at once. */
const MAX_STUCK_CALLS = 30;
const ACTIVITY_TYPE = /^[A-Za-z]{1,40}$/;
/** Activities that make the same call of upstream: an answer to one shows that the others would be answered too. */
const SAME_CALL = [
  ['readStatus', 'watchStatus', 'lookUp'],
  ['listReports', 'watchReports'],
];
/** Results that are no answer: the call is made again. */
const NO_ANSWER = ['unavailable', 'undecided', 'outage'];

/**
 * Keeps `state.stuckCalls`: a call is stuck from the signal of its activity to the answer of this activity. If it ends without one, then to the next
 * answer to the same call, which another activity makes.
 */
export function registerStuckCalls(applicant: Applicant): void {
  const { state } = applicant;

  setHandler(callStuckSignal, (stuck) => {
    applicant.countMessage();
    const { activityId, call, sinceMs } = stuck ?? {};
    if (typeof call !== 'string' || !ACTIVITY_TYPE.test(call) || !Number.isSafeInteger(sinceMs)) return;
    // A late signal of an activity that has ended: no answer would remove it.
    if (typeof activityId !== 'string' || !isRunning(activityId)) return;
    if (Object.hasOwn(state.stuckCalls, activityId)) return;
    const before = endedMarks([call]);
    if (before.length === 0 && Object.keys(state.stuckCalls).length >= MAX_STUCK_CALLS) return;
    const firstMs = before.reduce((first, [, mark]) => Math.min(first, mark.sinceMs), sinceMs);
    removeMarks(before.map(([id]) => id));
    state.stuckCalls = { ...state.stuckCalls, [activityId]: { call, sinceMs: firstMs } };
    if (before.length === 0) applicant.record('call-stuck', 'worker', { call });
    applicant.showNeeds();
  });

  setHandler(callRecoveredSignal, (recovered) => {
    applicant.countMessage();
    const { activityId, call } = recovered ?? {};
    if (typeof activityId === 'string' && typeof call === 'string') markAnswered(activityId, call);
  });

  listenToCalls(({ activityId, call, answer }) => {
    const mark = state.stuckCalls[activityId];
    if (answer !== undefined && !isNoAnswer(answer)) return markAnswered(activityId, call);
    if (mark === undefined) return;
    if (answer === undefined) removeMarks([activityId]);
    else state.stuckCalls = { ...state.stuckCalls, [activityId]: { ...mark, hasEnded: true } };
    applicant.showNeeds();
  });

  function markAnswered(activityId: string, call: string): void {
    const same = SAME_CALL.find((calls) => calls.includes(call)) ?? [call];
    const own = state.stuckCalls[activityId];
    const answered = new Set([...(own ? [own.call] : []), ...endedMarks(same).map(([, mark]) => mark.call)]);
    if (answered.size === 0) return;
    removeMarks([activityId, ...endedMarks(same).map(([id]) => id)]);
    for (const name of answered) applicant.record('call-recovered', 'worker', { call: name });
    applicant.showNeeds();
  }

  function endedMarks(calls: readonly string[]) {
    return Object.entries(state.stuckCalls).filter(([, { call, hasEnded }]) => hasEnded && calls.includes(call));
  }

  function removeMarks(ids: readonly string[]): void {
    const others = Object.entries(state.stuckCalls).filter(([id]) => !ids.includes(id));
    state.stuckCalls = Object.fromEntries(others);
  }
}

function isNoAnswer(answer: unknown): boolean {
  return NO_ANSWER.includes((answer as { readonly kind?: string } | null)?.kind ?? '');
}
