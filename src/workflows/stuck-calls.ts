import { setHandler } from '@temporalio/workflow';
import type { Applicant } from './applicant';
import { listenToCalls } from './call-results';
import { callRecoveredSignal, callStuckSignal } from './contract';

/** Far more than there are activity types. */
const MAX_STUCK_CALLS = 30;
const ACTIVITY_TYPE = /^[A-Za-z]{1,40}$/;
/** Activities that make the same call of upstream: an answer to one shows that the others work too. */
const SAME_CALL = [
  ['readStatus', 'watchStatus', 'lookUp'],
  ['listReports', 'watchReports'],
];
/** Results that are no answer: the call is made again. */
const NO_ANSWER = ['unavailable', 'undecided', 'outage'];

/** Keeps `state.stuckCalls`: a call is stuck from the signal of its activity to its next answer. */
export function registerStuckCalls(applicant: Applicant): void {
  const { state } = applicant;

  setHandler(callStuckSignal, (stuck) => {
    applicant.countMessage();
    const { call, sinceMs } = stuck ?? {};
    if (typeof call !== 'string' || !ACTIVITY_TYPE.test(call) || !Number.isSafeInteger(sinceMs)) return;
    if (Object.hasOwn(state.stuckCalls, call) || Object.keys(state.stuckCalls).length >= MAX_STUCK_CALLS) return;
    state.stuckCalls = { ...state.stuckCalls, [call]: sinceMs };
    applicant.record('call-stuck', 'worker', { call });
    applicant.showNeeds();
  });

  setHandler(callRecoveredSignal, (recovered) => {
    applicant.countMessage();
    if (typeof recovered?.call === 'string') markAnswered(recovered.call);
  });

  listenToCalls((call, answer) => {
    if (answer === undefined) removeStuck(call);
    else if (!isNoAnswer(answer)) markAnswered(call);
  });

  function markAnswered(call: string): void {
    for (const answered of SAME_CALL.find((calls) => calls.includes(call)) ?? [call]) {
      if (removeStuck(answered)) applicant.record('call-recovered', 'worker', { call: answered });
    }
  }

  /** False if the call was not stuck. */
  function removeStuck(call: string): boolean {
    if (!Object.hasOwn(state.stuckCalls, call)) return false;
    const { [call]: _, ...others } = state.stuckCalls;
    state.stuckCalls = others;
    applicant.showNeeds();
    return true;
  }
}

function isNoAnswer(answer: unknown): boolean {
  return NO_ANSWER.includes((answer as { readonly kind?: string } | null)?.kind ?? '');
}
