import { type Collection, countDocuments, hasReports, SHARED_LIST_MS } from './collection';
import { mustRecord, nextRetryAtMs, selectDownloads } from './collection-documents';
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
import { DAY_MS, earliest, MINUTE_MS, type Policy } from './policy';
import { NO_POLLS, type PollPlan, planPolls, planPollsUntilDeadline } from './polls';
import { nextAllowedAtMs } from './rate-limit';
import type { WantedDocument } from './reports';
import type { Situation } from './situation';
import { statusKind, statusRules } from './status';

/** The next step for an applicant. */
export type Step =
  | { readonly do: 'read'; readonly because: 'notice' | 'window' | 'missing' | 'contradiction' }
  | { readonly do: 'list'; readonly because: 'notice' | 'conclusion' }
  | { readonly do: 'read-and-list' }
  | { readonly do: 'fetch'; readonly documents: readonly WantedDocument[] }
  | { readonly do: 'record' }
  | { readonly do: 'conclude'; readonly conclusion: Conclusion }
  | { readonly do: 'wait'; readonly wait: Wait };

/** A wait for a change of the facts, until `untilMs` at the latest, with the polls that run during it. */
export interface Wait extends PollPlan {
  /** For operators. */
  readonly waitingFor: string;
  readonly untilMs: number;
}

/** Requested lists delay a conclusion no longer than this. */
const MAX_LIST_DELAY_MS = DAY_MS;
/** New reports restart the settle window no longer than this. */
const MAX_RESTART_PERIOD_MS = DAY_MS;
const MAX_MISSING_RECHECK_MS = 5 * MINUTE_MS;

/** The next step. Pure: the same situation gives the same step. The order of the rules is their precedence. */
export function decide(situation: Situation): Step {
  return (
    stepForMissingPerson(situation) ??
    stepForReadBack(situation) ??
    stepForContradiction(situation) ??
    stepForDecline(situation) ??
    stepForReports(situation) ??
    stepForStatus(situation)
  );
}

/** A person is gone once upstream has said so twice, one poll cadence or 5 min apart. */
function stepForMissingPerson({ facts, policy, nowMs }: Situation): Step | null {
  const { missingUpstream } = facts.status;
  if (!missingUpstream) return null;
  if (missingUpstream.times >= 2) return conclude('cancelled', 'deleted-upstream', false);
  const dueMs = missingUpstream.sinceMs + Math.min(pollCadenceMs(facts, policy), MAX_MISSING_RECHECK_MS);
  if (nowMs >= dueMs) return { do: 'read', because: 'missing' };
  return wait('the second check that the person is gone', dueMs);
}

/** A notice is read back as soon as the rate limit allows. The read at a deadline reads it back too. */
function stepForReadBack({ facts, policy, nowMs }: Situation): Step | null {
  const readAtMs = readBackAtMs(facts, policy);
  if (readAtMs === null || nowMs < readAtMs || overdueDeadlineMs(facts, policy, nowMs) !== null) return null;
  return { do: 'read', because: 'notice' };
}

/**
 * The deadline that has passed since the last read; null if none has. The next read must be the one of the deadline: a read for a notice does not
 * know how long an outage was, and would end an applicant whose deadline has to move.
 */
function overdueDeadlineMs(facts: Facts, policy: Policy, nowMs: number): number | null {
  const current = currentKind(facts);
  // A claim of another kind removes no deadline.
  const kind = statusRules(current).waitsForDeadline ? current : statusKind(facts.status.read.status);
  const dueMs = deadlineMs(facts, kind, policy);
  const isOverdue = statusRules(kind).waitsForDeadline && nowMs >= dueMs && facts.status.read.askedAtMs < dueMs;
  return isOverdue ? dueMs : null;
}

/** A status that the last read contradicts is read again before anything is decided. */
function stepForContradiction({ facts, policy, nowMs }: Situation): Step | null {
  const readAtMs = contradictionCheckAtMs(facts, policy);
  if (readAtMs === null) return null;
  if (nowMs >= readAtMs) return { do: 'read', because: 'contradiction' };
  return wait('Human API to confirm a status with an earlier date', readAtMs);
}

/** A person who declined has withdrawn their consent: nothing more is downloaded. */
function stepForDecline({ facts }: Situation): Step | null {
  return isConfirmedDeclined(facts) ? conclude('declined', 'declined', true) : null;
}

/** Download what is listed, record what is downloaded, list what is requested. */
function stepForReports(situation: Situation): Step | null {
  const { collection, policy, nowMs } = situation;
  if (mustRecord(collection)) return { do: 'record' };
  const documents = selectDownloads(collection, policy.wanted, nowMs);
  if (documents.length > 0) return { do: 'fetch', documents };
  if (collection.unrecorded) return { do: 'record' };
  const listAtMs = requestedListAtMs(situation);
  return listAtMs !== null && nowMs >= listAtMs ? { do: 'list', because: 'notice' } : null;
}

/** When the list is due that a notice, or a status with reports, requests; null if none is requested. */
function requestedListAtMs({ facts, collection, policy }: Situation): number | null {
  const wantedAtMs = collection.wantedAtMs ?? syncedUnlistedSinceMs(facts, collection);
  if (wantedAtMs === null) return null;
  return Math.max(wantedAtMs + SHARED_LIST_MS, nextAllowedAtMs(collection.noticeLists, pollCadenceMs(facts, policy)));
}

/** Since when the status has said that there are reports without a list since; null otherwise. */
function syncedUnlistedSinceMs(facts: Facts, { askedAtMs }: Collection): number | null {
  const kind = currentKind(facts);
  const { kindSinceMs } = facts.timestamps.kind;
  const isSynced = kind === 'some-synced' || kind === 'all-synced';
  return isSynced && (askedAtMs ?? -Infinity) < kindSinceMs ? kindSinceMs : null;
}

function stepForStatus(situation: Situation): Step {
  const { facts, policy, nowMs } = situation;
  const dueMs = overdueDeadlineMs(facts, policy, nowMs);
  if (dueMs !== null) return waitForDeadlineRead(situation, dueMs);
  const kind = currentKind(facts);
  const { waitingFor } = statusRules(kind);
  switch (kind) {
    case 'declined':
      return readBack(situation, waitingFor);
    case 'error':
      return ifConfirmed(situation, waitingFor, () => afterError(situation));
    case 'disconnected':
      return ifConfirmed(situation, 'Human API to confirm that the person disconnected', () =>
        afterDisconnecting(situation, waitingFor),
      );
    case 'some-synced':
      return afterSomeSynced(situation, waitingFor);
    case 'all-synced':
      return afterAllSynced(situation, waitingFor);
    default:
      return waitForDeadline(situation, waitingFor);
  }
}

/** An error counts once a second read confirms it, a settle window after the first; then the reports are collected. */
function afterError(situation: Situation): Step {
  const { facts, policy, nowMs } = situation;
  const waitingFor = 'an error at Human API to pass';
  const dueMs = (facts.timestamps.kind.confirmedSinceMs ?? nowMs) + policy.settleMs.error;
  if (nowMs < dueMs) return waitUntil(situation, waitingFor, dueMs, NO_POLLS);
  if (facts.status.read.askedAtMs < dueMs) return { do: 'read', because: 'window' };
  return ifListedSince(situation, dueMs, waitingFor, () => conclude('failed', reasonOfError(situation), true));
}

/** The vendor's cookbook gives Error two meanings: the invitation was not delivered, or the records could not be retrieved. */
function reasonOfError({ facts, collection, autoInvite }: Situation): Reason {
  return autoInvite && !hasReports(collection) && !hasEngaged(facts) ? 'invitation-undeliverable' : 'upstream-error';
}

/** The person disconnected every provider: existing reports are collected; without any, the person may connect again until the deadline. */
function afterDisconnecting(situation: Situation, waitingFor: string): Step {
  const { facts, collection, nowMs } = situation;
  const sinceMs = facts.timestamps.kind.confirmedSinceMs ?? nowMs;
  if (!isListedSince(collection, sinceMs)) return { do: 'list', because: 'conclusion' };
  if (!hasReports(collection)) return waitForDeadline(situation, waitingFor);
  return ifListedSince(situation, sinceMs, waitingFor, () => conclude('partial', 'disconnected', false));
}

/** The settle window begins with the first Some Synced by a read. */
function afterSomeSynced(situation: Situation, waitingFor: string): Step {
  const { facts, policy, nowMs } = situation;
  const { someSyncedAtMs, kind } = facts.timestamps;
  if (someSyncedAtMs === null) return readBack(situation, waitingFor);
  const dueMs = someSyncedAtMs + policy.settleMs.someSynced;
  if (nowMs < dueMs) return waitUntil(situation, waitingFor, dueMs);
  // The status may return long after its window: then the reports of now count.
  return ifCheckedSince(situation, Math.max(dueMs, kind.kindSinceMs), waitingFor, () =>
    conclude('partial', findGap(situation), false),
  );
}

/** All Synced counts once nothing new has appeared for the settle window and the read at its end confirms it. */
function afterAllSynced(situation: Situation, waitingFor: string): Step {
  const { facts, collection, policy, nowMs } = situation;
  const { kindSinceMs } = facts.timestamps.kind;
  const settleMs = policy.settleMs.allSynced;
  const dueMs = Math.min(
    Math.max(kindSinceMs, collection.newestAtMs ?? 0) + settleMs,
    kindSinceMs + Math.max(MAX_RESTART_PERIOD_MS, settleMs),
  );
  if (nowMs < dueMs) return waitUntil(situation, waitingFor, dueMs, NO_POLLS);
  return ifCheckedSince(situation, dueMs, waitingFor, () => {
    const gap = findGap(situation);
    return conclude(gap === null ? 'collected' : 'partial', gap, false);
  });
}

/** Polls until the deadline and reads the status once more. A person who never engaged ends there; for any other the reports are collected first. */
function waitForDeadline(situation: Situation, waitingFor: string): Step {
  const { facts, collection, policy, nowMs } = situation;
  const dueMs = deadlineMs(facts, currentKind(facts), policy);
  if (nowMs < dueMs || facts.status.read.askedAtMs < dueMs) {
    const untilMs = nowMs < dueMs ? dueMs : nowMs + DAY_MS;
    return waitUntil(situation, waitingFor, untilMs, planPollsUntilDeadline(dueMs, situation));
  }
  return ifConfirmed(situation, waitingFor, () => {
    if (isInvitationUnanswered(facts, currentKind(facts))) {
      const isInvitationsOwn = policy.expiresMs.invitation <= policy.expiresMs.applicant;
      return conclude('expired', isInvitationsOwn ? 'invitation-expired' : 'deadline', true);
    }
    return ifListedSince(situation, Math.max(dueMs, facts.timestamps.kind.kindSinceMs), waitingFor, () =>
      conclude(countDocuments(collection) > 0 ? 'partial' : 'expired', 'deadline', true),
    );
  });
}

/** The read at the deadline answers every claim. Wakes for reports, not for a notice to read back, which would be due at once. */
function waitForDeadlineRead(situation: Situation, dueMs: number): Step {
  const { collection, policy, nowMs } = situation;
  const untilMs = earliest(nowMs + DAY_MS, requestedListAtMs(situation), nextRetryAtMs(collection, policy.wanted));
  return wait('the status check at the deadline', untilMs, planPollsUntilDeadline(dueMs, situation));
}

/** `then`, if both the status and the list were requested since `sinceMs`; otherwise requests them, together if both are due. */
function ifCheckedSince(situation: Situation, sinceMs: number, waitingFor: string, then: () => Step): Step {
  const { facts, collection } = situation;
  if (facts.status.read.askedAtMs < sinceMs) {
    return isListedSince(collection, sinceMs) ? { do: 'read', because: 'window' } : { do: 'read-and-list' };
  }
  return ifConfirmed(situation, waitingFor, () => ifListedSince(situation, sinceMs, waitingFor, then));
}

/** `then`, unless the status is only claimed: it is read back first. */
function ifConfirmed(situation: Situation, waitingFor: string, then: () => Step): Step {
  return situation.facts.status.claim === null ? then() : readBack(situation, waitingFor);
}

function readBack(situation: Situation, waitingFor: string): Step {
  const { facts, policy, nowMs } = situation;
  const allowedMs = nextAllowedAtMs(facts.checks.noticeReads, pollCadenceMs(facts, policy));
  return nowMs >= allowedMs ? { do: 'read', because: 'notice' } : waitUntil(situation, waitingFor, allowedMs);
}

/** `then`, if the list was requested since `sinceMs` and no list or retry is pending. */
function ifListedSince(situation: Situation, sinceMs: number, waitingFor: string, then: () => Step): Step {
  const { collection, policy, nowMs } = situation;
  if (!isListedSince(collection, sinceMs)) return { do: 'list', because: 'conclusion' };
  // A notice or a 404 may have requested one more list; a flood of them must not delay the end without limit.
  const listAtMs = nowMs < sinceMs + MAX_LIST_DELAY_MS ? requestedListAtMs(situation) : null;
  const pendingAtMs = earliest(listAtMs, nextRetryAtMs(collection, policy.wanted));
  // In the future: stepForReports has taken what is due.
  return pendingAtMs === null ? then() : waitUntil(situation, waitingFor, pendingAtMs, NO_POLLS);
}

function isListedSince({ listedAtMs }: Collection, sinceMs: number): boolean {
  return listedAtMs !== null && listedAtMs >= sinceMs;
}

/** Why a collection is incomplete; null if it is complete. Without a document it never is. */
function findGap({ collection, policy }: Situation): Reason | null {
  if (!hasReports(collection)) return 'nothing-listed';
  const reasons = missingReasons(collection, policy.wanted);
  if (reasons.has('failed')) return 'failed-documents';
  return reasons.has('missing') || countDocuments(collection) === 0 ? 'missing-documents' : null;
}

/** Waits until `dueMs`, a read back, a list or a retry, whichever is due first. */
function waitUntil(
  situation: Situation,
  waitingFor: string,
  dueMs: number,
  polls: PollPlan = planPolls(situation),
): Step {
  const { facts, collection, policy } = situation;
  const untilMs = earliest(
    dueMs,
    readBackAtMs(facts, policy),
    requestedListAtMs(situation),
    nextRetryAtMs(collection, policy.wanted),
  );
  return wait(waitingFor, untilMs, polls);
}

function wait(waitingFor: string, untilMs: number, polls: PollPlan = NO_POLLS): Step {
  return { do: 'wait', wait: { waitingFor, untilMs, ...polls } };
}

function conclude(outcome: Conclusion['outcome'], reason: Reason | null, shouldWithdraw: boolean): Step {
  return { do: 'conclude', conclusion: { outcome, reason, shouldWithdraw } };
}
