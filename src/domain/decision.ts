import { type Collection, countDocuments, hasReports, SHARED_LIST_MS } from './collection';
import { mustRecord, nextRetryAtMs, selectDownloads } from './collection-documents';
import { deadlineMs, isInvitationUnanswered } from './deadline';
import {
  contradictionRereadAtMs,
  currentKind,
  type Facts,
  hasEngaged,
  isConfirmedDeclined,
  lastReadAtMs,
  lastReadKind,
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
import { statusRules } from './status';
import type { WaitText } from './waits';

/** The next step for an applicant. */
export type Step =
  | { readonly do: 'read'; readonly because: 'notice' | 'window' | 'missing-upstream' | 'contradiction' }
  | { readonly do: 'list'; readonly because: 'request' | 'conclusion' }
  | { readonly do: 'read-and-list' }
  | { readonly do: 'fetch'; readonly documents: readonly WantedDocument[] }
  | { readonly do: 'record' }
  | { readonly do: 'conclude'; readonly conclusion: Conclusion }
  | { readonly do: 'wait'; readonly wait: Wait };

/** A wait for a change of the facts or the collection, until `untilMs` at the latest, with the polls that run during it. */
export interface Wait extends PollPlan {
  /** For operators. */
  readonly waitingFor: WaitText;
  readonly untilMs: number;
}

/** How long requested lists can delay a conclusion. */
const MAX_LIST_DELAY_MS = DAY_MS;
/** How long new reports can restart the settle window. */
const MAX_RESTART_PERIOD_MS = DAY_MS;
const MAX_MISSING_REREAD_MS = 5 * MINUTE_MS;
/** The wait for the read at a deadline has no limit, but its timer needs one. */
const MAX_WAIT_MS = DAY_MS;

/** The next step. Pure: the same situation gives the same step. The order of the rules is their precedence. */
export function decide(situation: Situation): Step {
  return (
    stepForMissingUpstream(situation) ??
    stepForReadBack(situation) ??
    stepForContradiction(situation) ??
    stepForDecline(situation) ??
    stepForReports(situation) ??
    stepForFinish(situation) ??
    stepForStatus(situation)
  );
}

/** A person is gone once upstream confirms it in a second answer, 5 min after the first, or one poll cadence if that is shorter. */
function stepForMissingUpstream({ facts, policy, nowMs }: Situation): Step | null {
  const { missingUpstream } = facts.status;
  if (!missingUpstream) return null;
  if (missingUpstream.times >= 2) return conclude('cancelled', 'deleted-upstream', false);
  const dueMs = missingUpstream.sinceMs + Math.min(pollCadenceMs(facts, policy), MAX_MISSING_REREAD_MS);
  if (nowMs >= dueMs) return { do: 'read', because: 'missing-upstream' };
  return wait('the second check that the person is gone', dueMs);
}

/** A notice is read back as soon as the rate limit allows. If a deadline has passed, its read replaces this one. */
function stepForReadBack({ facts, policy, nowMs }: Situation): Step | null {
  const readAtMs = readBackAtMs(facts, policy);
  if (readAtMs === null || nowMs < readAtMs || overdueDeadlineMs(facts, policy, nowMs) !== null) return null;
  return { do: 'read', because: 'notice' };
}

/**
 * The deadline that has passed since the last read; null if none has. The next read must be the one at the deadline: a read for a notice does not
 * know how long an outage lasted, and would end an applicant whose deadline has to move.
 */
function overdueDeadlineMs(facts: Facts, policy: Policy, nowMs: number): number | null {
  const current = currentKind(facts);
  // A claim without a deadline, such as Declined, does not remove that of the last read.
  const kind = statusRules(current).waitsForDeadline ? current : lastReadKind(facts);
  const dueMs = deadlineMs(facts, kind, policy);
  const isOverdue = statusRules(kind).waitsForDeadline && nowMs >= dueMs && lastReadAtMs(facts) < dueMs;
  return isOverdue ? dueMs : null;
}

/** A status that the last read contradicts is read again before anything is decided. */
function stepForContradiction({ facts, policy, nowMs }: Situation): Step | null {
  const readAtMs = contradictionRereadAtMs(facts, policy);
  if (readAtMs === null) return null;
  if (nowMs >= readAtMs) return { do: 'read', because: 'contradiction' };
  return wait('Human API to confirm a status with an earlier date', readAtMs);
}

/** A person who declined has withdrawn consent: nothing more is downloaded. */
function stepForDecline({ facts }: Situation): Step | null {
  return isConfirmedDeclined(facts) ? conclude('declined', 'declined', true) : null;
}

/** Downloads what is listed, records what is downloaded, then lists what is requested. The list for an early end answers every other request too. */
function stepForReports(situation: Situation): Step | null {
  const { collection, policy, nowMs } = situation;
  if (mustRecord(collection)) return { do: 'record' };
  const documents = selectDownloads(collection, policy.wanted, nowMs);
  if (documents.length > 0) return { do: 'fetch', documents };
  if (collection.unrecorded) return { do: 'record' };
  const { finishRequestedAtMs } = situation;
  if (finishRequestedAtMs !== null && !isListedSince(collection, finishRequestedAtMs)) {
    return { do: 'list', because: 'conclusion' };
  }
  const listAtMs = requestedListAtMs(situation);
  return listAtMs !== null && nowMs >= listAtMs ? { do: 'list', because: 'request' } : null;
}

/** When the list is due that a notice, a 404, the rest of a long list or a synced status requests; null if none is requested. */
function requestedListAtMs({ facts, collection, policy }: Situation): number | null {
  const requestedAtMs = collection.wantedAtMs ?? unlistedReportsSinceMs(facts, collection);
  if (requestedAtMs === null) return null;
  const allowedAtMs = nextAllowedAtMs(collection.noticeLists, pollCadenceMs(facts, policy));
  return Math.max(requestedAtMs + SHARED_LIST_MS, allowedAtMs);
}

/** When the status became Some Synced or All Synced, if no list was requested since; null otherwise. */
function unlistedReportsSinceMs(facts: Facts, { askedAtMs }: Collection): number | null {
  const kind = currentKind(facts);
  const { kindSinceMs } = facts.timestamps.current;
  const isSynced = kind === 'some-synced' || kind === 'all-synced';
  return isSynced && (askedAtMs ?? -Infinity) < kindSinceMs ? kindSinceMs : null;
}

/** An operator ends the applicant early: what is listed now is collected, regardless of status, windows and deadline. */
function stepForFinish(situation: Situation): Step | null {
  const { finishRequestedAtMs } = situation;
  if (finishRequestedAtMs === null) return null;
  return ifListedSince(situation, finishRequestedAtMs, 'the last reports before the early end', () =>
    conclude(findGap(situation) === null ? 'collected' : 'partial', 'finished', true),
  );
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
      return concludeAtDeadline(situation, waitingFor);
  }
}

/** An error counts once a second read confirms it, a settle window after the first; then the reports are collected. */
function afterError(situation: Situation): Step {
  const { facts, policy, nowMs } = situation;
  const waitingFor = 'an error at Human API to pass';
  const dueMs = (facts.timestamps.current.confirmedSinceMs ?? nowMs) + policy.settleMs.error;
  if (nowMs < dueMs) return waitUntil(situation, waitingFor, dueMs, NO_POLLS);
  if (lastReadAtMs(facts) < dueMs) return { do: 'read', because: 'window' };
  return ifListedSince(situation, dueMs, waitingFor, () => conclude('failed', reasonOfError(situation), true));
}

/** The vendor's cookbook gives Error two meanings: the invitation was not delivered, or the records could not be retrieved. */
function reasonOfError({ facts, collection, autoInvite }: Situation): Reason {
  return autoInvite && !hasReports(collection) && !hasEngaged(facts) ? 'invitation-undeliverable' : 'upstream-error';
}

/** The person disconnected every provider. Existing reports are collected; without any, the person may connect again until the deadline. */
function afterDisconnecting(situation: Situation, waitingFor: WaitText): Step {
  const { facts, collection, nowMs } = situation;
  const sinceMs = facts.timestamps.current.confirmedSinceMs ?? nowMs;
  if (!isListedSince(collection, sinceMs)) return { do: 'list', because: 'conclusion' };
  if (!hasReports(collection)) return concludeAtDeadline(situation, waitingFor);
  return ifListedSince(situation, sinceMs, waitingFor, () => conclude('partial', 'disconnected', false));
}

/** The settle window begins with the first read of Some Synced. */
function afterSomeSynced(situation: Situation, waitingFor: WaitText): Step {
  const { facts, policy, nowMs } = situation;
  const { someSyncedAtMs, current } = facts.timestamps;
  if (someSyncedAtMs === null) return readBack(situation, waitingFor);
  const dueMs = someSyncedAtMs + policy.settleMs.someSynced;
  if (nowMs < dueMs) return waitUntil(situation, waitingFor, dueMs);
  // The status may come back long after its window: then only a new check counts.
  return ifReadAndListedSince(situation, Math.max(dueMs, current.kindSinceMs), waitingFor, () =>
    conclude('partial', findGap(situation), false),
  );
}

/** All Synced counts once nothing new has appeared for the settle window and the read at its end confirms it. */
function afterAllSynced(situation: Situation, waitingFor: WaitText): Step {
  const { facts, collection, policy, nowMs } = situation;
  const { kindSinceMs } = facts.timestamps.current;
  const { newestAtMs: lastNewsAtMs } = collection;
  const settleMs = policy.settleMs.allSynced;
  const dueMs = Math.min(
    Math.max(kindSinceMs, lastNewsAtMs ?? 0) + settleMs,
    kindSinceMs + Math.max(MAX_RESTART_PERIOD_MS, settleMs),
  );
  if (nowMs < dueMs) return waitUntil(situation, waitingFor, dueMs, NO_POLLS);
  return ifReadAndListedSince(situation, dueMs, waitingFor, () => {
    const gap = findGap(situation);
    return conclude(gap === null ? 'collected' : 'partial', gap, false);
  });
}

/** Polls until the deadline and reads the status once more. A person who never engaged ends there; for any other the reports are collected first. */
function concludeAtDeadline(situation: Situation, waitingFor: WaitText): Step {
  const { facts, collection, policy, nowMs } = situation;
  const dueMs = deadlineMs(facts, currentKind(facts), policy);
  // Only Disconnected may still lack the read at the deadline here: stepForStatus has waited for that of any other status.
  if (nowMs < dueMs || lastReadAtMs(facts) < dueMs) {
    const untilMs = nowMs < dueMs ? dueMs : nowMs + MAX_WAIT_MS;
    return waitUntil(situation, waitingFor, untilMs, planPollsUntilDeadline(dueMs, situation));
  }
  return ifConfirmed(situation, waitingFor, () => {
    if (isInvitationUnanswered(facts, currentKind(facts))) {
      const isInvitationDeadline = policy.expiresMs.invitation <= policy.expiresMs.applicant;
      return conclude('expired', isInvitationDeadline ? 'invitation-expired' : 'deadline', true);
    }
    return ifListedSince(situation, Math.max(dueMs, facts.timestamps.current.kindSinceMs), waitingFor, () =>
      conclude(countDocuments(collection) > 0 ? 'partial' : 'expired', 'deadline', true),
    );
  });
}

/** Wakes for reports, but not to read back a notice, because the read at the deadline does that too. */
function waitForDeadlineRead(situation: Situation, dueMs: number): Step {
  const { collection, policy, nowMs } = situation;
  const untilMs = earliest(nowMs + MAX_WAIT_MS, requestedListAtMs(situation), nextRetryAtMs(collection, policy.wanted));
  return wait('the status check at the deadline', untilMs, planPollsUntilDeadline(dueMs, situation));
}

/** `then`, if the status and the list were both requested since `sinceMs`; otherwise requests what is missing. */
function ifReadAndListedSince(situation: Situation, sinceMs: number, waitingFor: WaitText, then: () => Step): Step {
  const { facts, collection } = situation;
  if (lastReadAtMs(facts) < sinceMs) {
    return isListedSince(collection, sinceMs) ? { do: 'read', because: 'window' } : { do: 'read-and-list' };
  }
  return ifConfirmed(situation, waitingFor, () => ifListedSince(situation, sinceMs, waitingFor, then));
}

/** `then`, if a read confirmed the status; otherwise reads it back first. */
function ifConfirmed(situation: Situation, waitingFor: WaitText, then: () => Step): Step {
  return situation.facts.status.claim === null ? then() : readBack(situation, waitingFor);
}

function readBack(situation: Situation, waitingFor: WaitText): Step {
  const { facts, policy, nowMs } = situation;
  const allowedMs = nextAllowedAtMs(facts.due.noticeReads, pollCadenceMs(facts, policy));
  return nowMs >= allowedMs ? { do: 'read', because: 'notice' } : waitUntil(situation, waitingFor, allowedMs);
}

/** `then`, if the list was requested since `sinceMs` and no list or retry is pending. */
function ifListedSince(situation: Situation, sinceMs: number, waitingFor: WaitText, then: () => Step): Step {
  const { collection, policy, nowMs } = situation;
  if (!isListedSince(collection, sinceMs)) return { do: 'list', because: 'conclusion' };
  // A notice or a 404 may have requested another list, but a flood of them must not delay the end without limit.
  const listAtMs = nowMs < sinceMs + MAX_LIST_DELAY_MS ? requestedListAtMs(situation) : null;
  const pendingAtMs = earliest(listAtMs, nextRetryAtMs(collection, policy.wanted));
  // Always in the future, because stepForReports handles what is due.
  return pendingAtMs === null ? then() : waitUntil(situation, waitingFor, pendingAtMs, NO_POLLS);
}

function isListedSince({ listedAtMs }: Collection, sinceMs: number): boolean {
  return listedAtMs !== null && listedAtMs >= sinceMs;
}

/** Why the collection is incomplete; null if it is complete. A collection without a document is never complete. */
function findGap({ collection, policy }: Situation): Reason | null {
  if (!hasReports(collection)) return 'nothing-listed';
  const reasons = missingReasons(collection, policy.wanted);
  if (reasons.has('failed')) return 'failed-documents';
  return reasons.has('missing') || countDocuments(collection) === 0 ? 'missing-documents' : null;
}

/** Waits until `dueMs`, or until a notice has to be read back, a list is due, or a download is retried. */
function waitUntil(
  situation: Situation,
  waitingFor: WaitText,
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

function wait(waitingFor: WaitText, untilMs: number, polls: PollPlan = NO_POLLS): Step {
  return { do: 'wait', wait: { waitingFor, untilMs, ...polls } };
}

function conclude(outcome: Conclusion['outcome'], reason: Reason | null, shouldWithdraw: boolean): Step {
  return { do: 'conclude', conclusion: { outcome, reason, shouldWithdraw } };
}
