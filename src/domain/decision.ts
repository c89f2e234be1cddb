import {
  type Collection,
  countDocuments,
  hasListedReports,
  mustRecord,
  nextRetryAtMs,
  selectDownloads,
} from './collection';
import { deadlineMs, isInvitationUnanswered } from './deadline';
import {
  contradictionCheckAtMs,
  currentKind,
  type Facts,
  hasEngaged,
  isConfirmedDeclined,
  pollCadenceMs,
  readBackAtMs,
} from './facts';
import { missingReasons } from './missing-documents';
import type { Conclusion, Reason } from './outcome';
import { DAY_MS, MINUTE_MS, type Policy, SECOND_MS } from './policy';
import { NO_POLLS, type PollPlan, planPolls, planPollsUntilDeadline } from './polls';
import { nextAllowedAtMs } from './rate-limit';
import type { WantedDocument } from './reports';
import { statusKind, statusRules } from './status';

/** The one thing to do next. `concluding`: the answer decides how the applicant ends, so a refusal has to be proven to be one. */
export type Step =
  | { readonly do: 'read'; readonly because: 'notice' | 'window' | 'missing' | 'contradiction' }
  | { readonly do: 'list'; readonly because: 'notice' | 'conclusion' }
  | { readonly do: 'read-and-list' }
  | { readonly do: 'fetch'; readonly documents: readonly WantedDocument[] }
  | { readonly do: 'record' }
  | { readonly do: 'conclude'; readonly conclusion: Conclusion }
  | { readonly do: 'wait'; readonly wait: Wait };

/** What is waited for: a change of the facts, `untilMs` at the latest. The polls look for what no notice told. */
export interface Wait extends PollPlan {
  readonly waitingFor: string;
  readonly untilMs: number;
}

/** Report notices that arrive within this time share one list: a provider's reports are announced one by one. */
const SHARED_LIST_MS = 2 * SECOND_MS;
/** Wanted lists put off a conclusion for so long at most. */
const MAX_LIST_DELAY_MS = DAY_MS;
/** New reports restart the settle window for so long at most. */
const MAX_RESTART_PERIOD_MS = DAY_MS;
/** A person who seems gone is asked for again after so long at most. */
const MISSING_RECHECK_MS = 5 * MINUTE_MS;

/** All that a decision depends on. */
export interface Situation {
  readonly facts: Facts;
  readonly collection: Collection;
  readonly policy: Policy;
  readonly nowMs: number;
  /** Human API sends the invitation; false: the carrier does. */
  readonly autoInvite: boolean;
}

/** The next step for an applicant. Pure: the same situation gives the same step. The order of the rules is their precedence. */
export function decide(situation: Situation): Step {
  const { facts, collection, policy, nowMs } = situation;
  return (
    stepForMissingPerson(facts, policy, nowMs) ??
    stepForReadBack(facts, policy, nowMs) ??
    stepForContradiction(facts, policy, nowMs) ??
    stepForDecline(facts) ??
    stepForReports(facts, collection, policy, nowMs) ??
    stepForStatus(situation)
  );
}

/** Gone upstream counts only when it was said twice, a poll cadence or 5 min apart. */
function stepForMissingPerson(facts: Facts, policy: Policy, nowMs: number): Step | null {
  const { missingUpstream } = facts.status;
  if (!missingUpstream) return null;
  if (missingUpstream.times >= 2) return conclude('cancelled', 'deleted-upstream', false);
  const dueMs = missingUpstream.sinceMs + Math.min(pollCadenceMs(facts, policy), MISSING_RECHECK_MS);
  if (nowMs >= dueMs) return { do: 'read', because: 'missing' };
  return waitWithoutPolls('Human API says that there is no such person: asked again', dueMs);
}

/** A notice that has to be checked is checked at once, as far as the allowance goes. The read of a deadline checks it as well. */
function stepForReadBack(facts: Facts, policy: Policy, nowMs: number): Step | null {
  const readAtMs = readBackAtMs(facts, policy);
  if (readAtMs === null || nowMs < readAtMs || readDeadlineMs(facts, policy, nowMs) !== null) return null;
  return { do: 'read', because: 'notice' };
}

/**
 * The deadline that has passed since the last read; null where none has. Only one read may follow it: the one that counts the outage before it.
 * A read that a notice asks for would know of no outage, and end an applicant whose deadline has to move.
 */
function readDeadlineMs(facts: Facts, policy: Policy, nowMs: number): number | null {
  const current = currentKind(facts);
  // A claim that would end the applicant otherwise takes no deadline away.
  const kind = statusRules(current).waitsForDeadline ? current : statusKind(facts.status.read.status);
  const dueMs = deadlineMs(facts, kind, policy);
  const isDue = statusRules(kind).waitsForDeadline && nowMs >= dueMs && facts.status.read.askedAtMs < dueMs;
  return isDue ? dueMs : null;
}

/** Nothing is decided upon a status that the last read contradicts: it is read again first. */
function stepForContradiction(facts: Facts, policy: Policy, nowMs: number): Step | null {
  const readAtMs = contradictionCheckAtMs(facts, policy);
  if (readAtMs === null) return null;
  if (nowMs >= readAtMs) return { do: 'read', because: 'contradiction' };
  return waitWithoutPolls('Human API to repeat a status that it dates earlier than the one before', readAtMs);
}

/** A person who declined has taken back the consent to be collected from: nothing more is fetched. */
function stepForDecline(facts: Facts): Step | null {
  return isConfirmedDeclined(facts) ? conclude('declined', 'declined', true) : null;
}

/** What a list showed is fetched, what was fetched is recorded, and a list that is wanted is asked for. */
function stepForReports(facts: Facts, collection: Collection, policy: Policy, nowMs: number): Step | null {
  if (mustRecord(collection)) return { do: 'record' };
  const documents = selectDownloads(collection, policy.wanted, nowMs);
  if (documents.length > 0) return { do: 'fetch', documents };
  if (collection.unrecorded) return { do: 'record' };
  const listAtMs = wantedListAtMs(facts, collection, policy);
  return listAtMs !== null && nowMs >= listAtMs ? { do: 'list', because: 'notice' } : null;
}

/** A list is wanted by a notice, or because the status says that there are reports; null when it is not. */
function wantedListAtMs(facts: Facts, collection: Collection, policy: Policy): number | null {
  const wantedAtMs = collection.wantedAtMs ?? syncedUnlistedSinceMs(facts, collection);
  if (wantedAtMs === null) return null;
  return Math.max(wantedAtMs + SHARED_LIST_MS, nextAllowedAtMs(collection.noticeLists, pollCadenceMs(facts, policy)));
}

/** Since when the status has said that there are reports, and nobody has looked since. */
function syncedUnlistedSinceMs(facts: Facts, { askedAtMs }: Collection): number | null {
  const kind = currentKind(facts);
  const synced = kind === 'some-synced' || kind === 'all-synced';
  return synced && (askedAtMs ?? -Infinity) < facts.timestamps.kind.kindSinceMs
    ? facts.timestamps.kind.kindSinceMs
    : null;
}

function stepForStatus(on: Situation): Step {
  const { facts, policy, nowMs } = on;
  const dueMs = readDeadlineMs(facts, policy, nowMs);
  if (dueMs !== null) return waitForDeadlineRead(on, dueMs);
  const kind = currentKind(facts);
  const { waitingFor } = statusRules(kind);
  switch (kind) {
    case 'declined':
      return readBack(on, waitingFor);
    case 'error':
      return ifConfirmed(on, waitingFor, () => afterError(on));
    case 'disconnected':
      return ifConfirmed(on, 'Human API to confirm that the person disconnected', () => afterDisconnecting(on));
    case 'some-synced':
      return afterSomeSynced(on);
    case 'all-synced':
      return afterAllSynced(on);
    default:
      return waitForDeadline(on, waitingFor);
  }
}

/** Error counts when a second read says so, a settle window after the first; then what is there is collected. */
function afterError(on: Situation): Step {
  const dueMs = (on.facts.timestamps.kind.confirmedSinceMs ?? on.nowMs) + on.policy.settleMs.error;
  if (on.nowMs < dueMs) return waitUntil(on, 'an error at Human API to pass', dueMs, NO_POLLS);
  if (on.facts.status.read.askedAtMs < dueMs) return { do: 'read', because: 'window' };
  return ifListedSince(on, dueMs, 'an error at Human API to pass', () => conclude('failed', reasonOfError(on), true));
}

/** The cookbook's Error has two meanings: Human API could not send the invitation, or could not retrieve the data. */
function reasonOfError({ facts, collection, autoInvite }: Situation): Reason {
  return autoInvite && hasNoReports(collection) && !hasEngaged(facts) ? 'invitation-undeliverable' : 'upstream-error';
}

/** A person who cut every provider: what exists is collected; with nothing to collect they may come back until the deadline. */
function afterDisconnecting(on: Situation): Step {
  const sinceMs = on.facts.timestamps.kind.confirmedSinceMs ?? on.nowMs;
  const waitingFor = 'the person to connect a provider again';
  if ((on.collection.listedAtMs ?? -Infinity) < sinceMs) return { do: 'list', because: 'conclusion' };
  if (hasNoReports(on.collection)) return waitForDeadline(on, waitingFor);
  return ifListedSince(on, sinceMs, waitingFor, () => conclude('partial', 'disconnected', false));
}

/** The window of Some Synced runs from the first one that a read told. */
function afterSomeSynced(on: Situation): Step {
  const { facts, policy, nowMs } = on;
  const waitingFor = 'the remaining providers';
  if (facts.timestamps.someSyncedAtMs === null) return readBack(on, waitingFor);
  const dueMs = facts.timestamps.someSyncedAtMs + policy.settleMs.someSynced;
  if (nowMs < dueMs) return waitUntil(on, waitingFor, dueMs);
  // It may come back long after its window: what is there then counts, not what was listed before.
  return ifCheckedSince(on, Math.max(dueMs, facts.timestamps.kind.kindSinceMs), waitingFor, () =>
    conclude('partial', findGap(on), false),
  );
}

/** All Synced counts when nothing new has appeared for the settle window and the read at its end still says so. */
function afterAllSynced(on: Situation): Step {
  const { facts, collection, policy, nowMs } = on;
  const waitingFor = 'further reports';
  const settleMs = policy.settleMs.allSynced;
  const quietSinceMs = Math.max(facts.timestamps.kind.kindSinceMs, collection.newestAtMs ?? 0);
  const dueMs = Math.min(
    quietSinceMs + settleMs,
    facts.timestamps.kind.kindSinceMs + Math.max(MAX_RESTART_PERIOD_MS, settleMs),
  );
  if (nowMs < dueMs) return waitUntil(on, waitingFor, dueMs, NO_POLLS);
  return ifCheckedSince(on, dueMs, waitingFor, () => {
    const gap = findGap(on);
    return conclude(gap === null ? 'collected' : 'partial', gap, false);
  });
}

/** Waits with polling; at the deadline, the status is read once more: a person who never engaged ends there, any other after collecting what there is. */
function waitForDeadline(on: Situation, waitingFor: string): Step {
  const { facts, policy, nowMs } = on;
  const dueMs = deadlineMs(facts, currentKind(facts), policy);
  if (nowMs < dueMs || facts.status.read.askedAtMs < dueMs) {
    const untilMs = nowMs < dueMs ? dueMs : nowMs + DAY_MS;
    return waitUntil(on, waitingFor, untilMs, planPollsUntilDeadline(dueMs, facts, on.collection, policy, nowMs));
  }
  return ifConfirmed(on, waitingFor, () => {
    if (isInvitationUnanswered(facts, currentKind(facts))) {
      const invitation = policy.expiresMs.invitation <= policy.expiresMs.applicant;
      return conclude('expired', invitation ? 'invitation-expired' : 'deadline', true);
    }
    return ifListedSince(on, Math.max(dueMs, facts.timestamps.kind.kindSinceMs), waitingFor, () =>
      conclude(countDocuments(on.collection) > 0 ? 'partial' : 'expired', 'deadline', true),
    );
  });
}

/** The deadline has passed: its read answers every claim and doubt. Wakes for reports, not for a doubt, which would be due at once. */
function waitForDeadlineRead({ facts, collection, policy, nowMs }: Situation, dueMs: number): Step {
  const wakeUps = [wantedListAtMs(facts, collection, policy), nextRetryAtMs(collection, policy.wanted)].filter(
    (timeMs) => timeMs !== null,
  );
  const waitingFor = 'Human API to be asked at the deadline';
  const polls = planPollsUntilDeadline(dueMs, facts, collection, policy, nowMs);
  return { do: 'wait', wait: { waitingFor, untilMs: Math.min(nowMs + DAY_MS, ...wakeUps), ...polls } };
}

/** Both the status and the list as they are since a moment: asked for together, to save a step. */
function ifCheckedSince(on: Situation, sinceMs: number, waitingFor: string, then: () => Step): Step {
  const listed = (on.collection.listedAtMs ?? -Infinity) >= sinceMs;
  if (on.facts.status.read.askedAtMs < sinceMs)
    return listed ? { do: 'read', because: 'window' } : { do: 'read-and-list' };
  return ifConfirmed(on, waitingFor, () => ifListedSince(on, sinceMs, waitingFor, then));
}

/** No claim ends an applicant: it is read back before. */
function ifConfirmed(on: Situation, waitingFor: string, then: () => Step): Step {
  return on.facts.status.claim === null ? then() : readBack(on, waitingFor);
}

function readBack(on: Situation, waitingFor: string): Step {
  const allowedMs = nextAllowedAtMs(on.facts.checks.noticeReads, pollCadenceMs(on.facts, on.policy));
  return on.nowMs >= allowedMs ? { do: 'read', because: 'notice' } : waitUntil(on, waitingFor, allowedMs);
}

function ifListedSince(on: Situation, sinceMs: number, waitingFor: string, then: () => Step): Step {
  if ((on.collection.listedAtMs ?? -Infinity) < sinceMs) return { do: 'list', because: 'conclusion' };
  // A notice that was acknowledged, or a 404, still asks for a list; a flood of them does not put off the end for ever.
  const listAtMs = on.nowMs < sinceMs + MAX_LIST_DELAY_MS ? wantedListAtMs(on.facts, on.collection, on.policy) : null;
  const laterMs = [listAtMs, nextRetryAtMs(on.collection, on.policy.wanted)].filter((timeMs) => timeMs !== null);
  // Due lists and retries were taken before we came here, so these lie ahead.
  return laterMs.length === 0 ? then() : waitUntil(on, waitingFor, Math.min(...laterMs), NO_POLLS);
}

/** What keeps a collection from being whole; null where nothing does. Without a single document none is. */
function findGap({ collection, policy }: Situation): Reason | null {
  if (hasNoReports(collection)) return 'nothing-listed';
  const reasons = missingReasons(collection, policy.wanted);
  if (reasons.has('failed')) return 'failed-documents';
  return reasons.has('missing') || countDocuments(collection) === 0 ? 'missing-documents' : null;
}

function hasNoReports(collection: Collection): boolean {
  return !hasListedReports(collection) && countDocuments(collection) === 0;
}

/** Waits for a change, waking for whatever comes first. */
function waitUntil(
  { facts, collection, policy }: Situation,
  waitingFor: string,
  dueMs: number,
  polls: PollPlan = planPolls(facts, collection, policy),
): Step {
  const wakeUps = [
    dueMs,
    readBackAtMs(facts, policy),
    wantedListAtMs(facts, collection, policy),
    nextRetryAtMs(collection, policy.wanted),
  ].filter((timeMs) => timeMs !== null);
  return { do: 'wait', wait: { waitingFor, untilMs: Math.min(...wakeUps), ...polls } };
}

function waitWithoutPolls(waitingFor: string, untilMs: number): Step {
  return { do: 'wait', wait: { waitingFor, untilMs, ...NO_POLLS } };
}

function conclude(outcome: Conclusion['outcome'], reason: Reason | null, withdraw: boolean): Step {
  return { do: 'conclude', conclusion: { outcome, reason, shouldWithdraw: withdraw } };
}
