import { carriedFacts, upgradeFacts } from '../domain/carried-facts';
import { emptyCollection, upgradeCollection } from '../domain/collection';
import { EMPTY_TIMELINE } from '../domain/timeline';
import type { ApplicantState } from './contract';

/** The state that another version carried over: missing fields get the values of a new state, unknown fields stay. */
export function upgradeState(carried: ApplicantState): ApplicantState {
  return {
    ...newState(carried.clientUserId),
    ...carried,
    facts: carried.facts ? carriedFacts(upgradeFacts(carried.facts)) : null,
    collection: upgradeCollection(carried.collection),
  };
}

export function newState(clientUserId: string): ApplicantState {
  return {
    clientUserId,
    humanId: null,
    stage: 'inviting',
    stageSinceMs: Date.now(),
    status: null,
    waitingFor: null,
    waitingUntilMs: null,
    stuck: null,
    outcome: null,
    reason: null,
    ignoredNotices: 0,
    facts: null,
    collection: emptyCollection(),
    round: 1,
    detailsRound: 1,
    revision: 0,
    needs: [],
    dueAtMs: null,
    isRoundShown: false,
    snoozedUntilMs: null,
    timeline: EMPTY_TIMELINE,
    recordedOccurrences: 0,
    failure: null,
    cancel: null,
    finish: null,
    stuckCalls: {},
  };
}
