import { deadlineMs } from './deadline';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from './policy';
import { defer, NEW_RATE_LIMIT, nextAllowedAtMs, type RateLimit, withCall } from './rate-limit';
import { credibleDateMs, hasSameKindAndDate, type KnownReads, mergeRead, type Read, withCredibleDate } from './reads';
import { normalizeStatus, type StatusKind, statusKind, statusRules } from './status';

/** The status in a notice, until a read confirms or refutes it. */
export interface Claim {
  readonly status: string;
  readonly updatedAtMs: number;
  readonly madeAtMs: number;
  /** When the first unanswered claim was made: a series of claims must not delay the next read. */
  readonly unreadSinceMs: number;
}

/** Since when, and how many times, upstream has answered that the person does not exist. Payloads call it `absence`. */
export interface MissingUpstream {
  readonly sinceMs: number;
  readonly times: number;
}

/** How long upstream did not answer, in how many attempts, and when the next attempt is due. Time in a queue does not count. */
export interface Outage {
  readonly durationMs: number;
  readonly failures: number;
  readonly retryAtMs: number;
}

export interface KindTimestamps {
  /** Since when the status has been of its kind, by claims or reads. */
  readonly kindSinceMs: number;
  /** The same by reads alone; null while there is only a claim. */
  readonly confirmedSinceMs: number | null;
}

export interface KnownStatus extends KnownReads {
  readonly claim: Claim | null;
  readonly missingUpstream: MissingUpstream | null;
}

/** Times by our clock. */
export interface StatusTimestamps {
  /** Our invitation or adoption: every deadline counts from it. */
  readonly openedAtMs: number;
  readonly current: KindTimestamps;
  /** `current` without the claim, while there is one; null otherwise. After a refuted claim these times continue, so that it restarts no window. */
  readonly beforeClaim: KindTimestamps | null;
  /** When a read first proved that the person engaged. A claim moves the deadline only until it is read back. */
  readonly engagedAtMs: number | null;
  /** When a notice first reported an engagement. If so, an error does not mean that the invitation was not delivered. */
  readonly engagementHintAtMs: number | null;
  /** When a read first returned Some Synced. Its settle window never restarts. */
  readonly someSyncedAtMs: number | null;
}

/** What decides when the status is read next, and how an outage counts. */
export interface DueReads {
  /** When a notice requested a read of the status; null without an open request. Payloads call it `doubtedAtMs`. */
  readonly readBackRequestedAtMs: number | null;
  /** Limits the reads that notices cause. */
  readonly noticeReads: RateLimit;
  /** When the last series of early rereads began: at most one per hour. Payloads call it `seriesAtMs`. */
  readonly rereadSeriesAtMs: number | null;
  /** When the current poll cadence began. */
  readonly pollBaseMs: number;
  /** 0 to 1, fixed per applicant, so that applicants who started in the same second do not poll in the same second. Payloads call it `spread`. */
  readonly jitter: number;
  /** Reported by a poll shortly before a deadline; null once upstream has answered. */
  readonly outage: Outage | null;
  /** How far an outage moved the deadline; null: not yet. It moves at most once. */
  readonly extensionMs: number | null;
  /** The deadline that an operator set, which no outage moves; null: none. */
  readonly deadlineAtMs: number | null;
}

/** All that is known of a person's status. Changed only by the functions below; payloads carry it flat (see carried-facts). */
export interface Facts {
  readonly status: KnownStatus;
  readonly timestamps: StatusTimestamps;
  readonly due: DueReads;
  /** Fields of a later version, kept unchanged. */
  readonly unknownFields: Readonly<Record<string, unknown>>;
}

/** Delays of early rereads after a claim that a read did not confirm, because upstream's reads may lag behind its notices. Ordinary polling follows. */
export const REREAD_DELAYS_MS = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS] as const;
const REREAD_SERIES_APART_MS = HOUR_MS;
const MAX_EXTENSION_MS = 7 * DAY_MS;
/** A contradicting status is read again after this time, or one poll cadence if that is shorter: by then a lagging replica is up to date. */
const MAX_REREAD_AFTER_MS = MINUTE_MS;
/** Longer than SHARED_LIST_MS, so that a list that a notice requested comes first. */
const READ_DEFERRAL_MS = 5 * SECOND_MS;

/** The facts at our invitation; `read` is the answer to it. */
export function openFacts(read: Read, nowMs: number, jitter = 0): Facts {
  const kind = statusKind(read.status);
  return {
    status: { read: withCredibleDate(read, nowMs), contradiction: null, claim: null, missingUpstream: null },
    timestamps: {
      openedAtMs: nowMs,
      current: { kindSinceMs: nowMs, confirmedSinceMs: nowMs },
      beforeClaim: null,
      engagedAtMs: statusRules(kind).provesEngagement ? nowMs : null,
      engagementHintAtMs: null,
      someSyncedAtMs: kind === 'some-synced' ? nowMs : null,
    },
    due: {
      readBackRequestedAtMs: null,
      noticeReads: NEW_RATE_LIMIT,
      rereadSeriesAtMs: null,
      pollBaseMs: nowMs,
      jitter,
      outage: null,
      extensionMs: null,
      deadlineAtMs: null,
    },
    unknownFields: {},
  };
}

/** The same, but requests a second read of a status that is read back after a notice: an adopted person may have any status. */
export function openInvitedFacts(read: Read, nowMs: number, jitter: number): Facts {
  const opened = openFacts(read, nowMs, jitter);
  return statusRules(statusKind(read.status)).isReadBackAtOnce ? withReadBackRequest(opened, nowMs) : opened;
}

/** The latest known status, by claim or read. */
export function currentStatus({ status }: Facts): string {
  return (status.claim ?? status.read).status;
}

export function currentKind(facts: Facts): StatusKind {
  return statusKind(currentStatus(facts));
}

/** The kind of the read that counts, whatever a claim reports. */
export function lastReadKind({ status }: Facts): StatusKind {
  return statusKind(status.read.status);
}

/** When that read was requested. */
export function lastReadAtMs({ status }: Facts): number {
  return status.read.askedAtMs;
}

export function pollCadenceMs(facts: Facts, policy: Policy): number {
  return policy.pollMs[statusRules(currentKind(facts)).cadence];
}

/** True once a read or a notice has shown that the person opened the invitation. */
export function hasEngaged({ timestamps }: Facts): boolean {
  return timestamps.engagedAtMs !== null || timestamps.engagementHintAtMs !== null;
}

/** True if the last read returned Declined, and neither a claim nor a later read contradicts it. */
export function isConfirmedDeclined(facts: Facts): boolean {
  const { claim, contradiction } = facts.status;
  return currentKind(facts) === 'declined' && claim === null && contradiction === null;
}

/** When a contradicting status is read again; null without one. */
export function contradictionRereadAtMs(facts: Facts, policy: Policy): number | null {
  const { contradiction } = facts.status;
  return contradiction && contradiction.askedAtMs + rereadAfterMs(facts, policy);
}

function rereadAfterMs(facts: Facts, policy: Policy): number {
  return Math.min(MAX_REREAD_AFTER_MS, pollCadenceMs(facts, policy));
}

/** When the rate limit allows to read back a notice; null if none has to be. */
export function readBackAtMs(facts: Facts, policy: Policy): number | null {
  const { readBackRequestedAtMs, noticeReads } = facts.due;
  return readBackRequestedAtMs === null ? null : nextAllowedAtMs(noticeReads, pollCadenceMs(facts, policy));
}

/**
 * A notice becomes a claim only if its updatedAt is later than the last read's and at most 5 min ahead of our clock: a forged date in 2099
 * must not block all later notices. Any other notice requests a read. A repeat changes nothing, nor does a notice older than the claim, unless its
 * status needs a read.
 */
export function withNotice(
  facts: Facts,
  notice: { status: string; updatedAtMs: number | null },
  nowMs: number,
  policy: Policy,
): Facts {
  const { status } = notice;
  const updatedAtMs = credibleDateMs(notice.updatedAtMs, nowMs);
  if (isRepeat(facts, status, updatedAtMs)) return facts;
  return withClaim(withEngagementHint(facts, status, nowMs), { status, updatedAtMs }, nowMs, policy);
}

function isRepeat({ status: { read, claim } }: Facts, status: string, updatedAtMs: number | null): boolean {
  return [read, claim].some(
    (known) => known && known.updatedAtMs === updatedAtMs && normalizeStatus(known.status) === normalizeStatus(status),
  );
}

/** An engagement hint counts from a late notice too. */
function withEngagementHint(facts: Facts, status: string, nowMs: number): Facts {
  const { timestamps } = facts;
  if (timestamps.engagementHintAtMs !== null || !statusRules(statusKind(status)).provesEngagement) return facts;
  return { ...facts, timestamps: { ...timestamps, engagementHintAtMs: nowMs } };
}

function withClaim(
  facts: Facts,
  { status, updatedAtMs }: { status: string; updatedAtMs: number | null },
  nowMs: number,
  policy: Policy,
): Facts {
  const { read, claim } = facts.status;
  if (updatedAtMs === null || updatedAtMs <= (read.updatedAtMs ?? -Infinity)) return withReadBackRequest(facts, nowMs);
  const kind = statusKind(status);
  const { isReadBackAtOnce } = statusRules(kind);
  if (claim && updatedAtMs <= claim.updatedAtMs) {
    // An overtaken notice is ignored, unless its status can end the applicant: All Synced can, although its claim is not read back at once.
    const isOvertaken = updatedAtMs < claim.updatedAtMs && !isReadBackAtOnce && kind !== 'all-synced';
    return isOvertaken ? facts : withReadBackRequest(facts, nowMs);
  }
  const unreadSinceMs = claim?.unreadSinceMs ?? nowMs;
  const claimed = {
    ...facts,
    status: { ...facts.status, claim: { status, updatedAtMs, madeAtMs: nowMs, unreadSinceMs } },
  };
  const isReadDue = nowMs - unreadSinceMs >= Math.min(pollCadenceMs(facts, policy), pollCadenceMs(claimed, policy));
  const after = isReadBackAtOnce || isReadDue ? withReadBackRequest(claimed, nowMs) : claimed;
  return withDerivedTimestamps(facts, after, nowMs);
}

/** Requests a read of the status, as soon as the rate limit of notices allows it. */
export function withReadBackRequest(facts: Facts, nowMs: number): Facts {
  return withDue(facts, { readBackRequestedAtMs: nowMs });
}

/**
 * {@link mergeRead} decides which read counts. A read replaces every claim made before it was requested. `readOutageMs`: how long upstream did
 * not answer before this read. That outage, or the one that a poll reported, moves a deadline that passed during it.
 */
export function withRead(facts: Facts, read: Read, nowMs: number, policy: Policy, readOutageMs = 0): Facts {
  const { status, due } = facts;
  const reads = mergeRead(status, withCredibleDate(read, nowMs), rereadAfterMs(facts, policy));
  const { claim } = status;
  const claimOutlivesRead = claim !== null && isNewerThanRead(claim, read, reads.read);
  const isRefuted = claim !== null && !claimOutlivesRead && isUnconfirmed(claim, reads.read);
  const { rereadSeriesAtMs, readBackRequestedAtMs } = due;
  const startsSeries = isRefuted && (rereadSeriesAtMs === null || nowMs - rereadSeriesAtMs >= REREAD_SERIES_APART_MS);
  const endsContradiction = status.contradiction !== null && reads.contradiction === null;
  // Polling restarts one cadence from now: not every minute while replicas disagree, and not at once after an outage.
  const restartsPolling = startsSeries || endsContradiction || due.outage !== null;
  const isReadBackPending = readBackRequestedAtMs !== null && readBackRequestedAtMs > read.askedAtMs;
  const after: Facts = {
    ...facts,
    status: { ...reads, claim: claimOutlivesRead ? claim : null, missingUpstream: null },
    due: {
      ...due,
      readBackRequestedAtMs: isReadBackPending ? readBackRequestedAtMs : null,
      rereadSeriesAtMs: startsSeries ? nowMs : rereadSeriesAtMs,
      pollBaseMs: restartsPolling ? nowMs : due.pollBaseMs,
      outage: null,
      extensionMs: deadlineExtensionMs(facts, read, readOutageMs, policy),
    },
  };
  return withDerivedTimestamps(facts, after, nowMs);
}

function isNewerThanRead(claim: Claim, { askedAtMs }: Read, kept: Read): boolean {
  return claim.madeAtMs > askedAtMs && claim.updatedAtMs > (kept.updatedAtMs ?? -Infinity);
}

function isUnconfirmed(claim: Claim, { status, updatedAtMs }: Read): boolean {
  const isOlder = updatedAtMs === null || updatedAtMs < claim.updatedAtMs;
  return isOlder && normalizeStatus(claim.status) !== normalizeStatus(status);
}

/** An outage during which the deadline passed moves the deadline by the length of the outage, once. */
function deadlineExtensionMs(facts: Facts, read: Read, readOutageMs: number, policy: Policy): number | null {
  const { outage, extensionMs } = facts.due;
  const outageMs = Math.max(readOutageMs, outage?.durationMs ?? 0);
  const isLong = outageMs > pollCadenceMs(facts, policy);
  if (extensionMs !== null || !isLong || read.askedAtMs < deadlineMs(facts, currentKind(facts), policy))
    return extensionMs;
  return Math.min(outageMs, MAX_EXTENSION_MS);
}

/** A read by look-up after a read by humanId got 404. The next poll comes one cadence later, because it would get 404 again. */
export function withLookUp(facts: Facts, read: Read, nowMs: number, policy: Policy, outageMs = 0): Facts {
  return withDue(withRead(facts, read, nowMs, policy, outageMs), { pollBaseMs: nowMs });
}

/** Counts a read for a notice against the rate limit, before the read. */
export function withNoticeRead(facts: Facts, nowMs: number, policy: Policy): Facts {
  return withDue(facts, { noticeReads: withCall(facts.due.noticeReads, nowMs, pollCadenceMs(facts, policy)) });
}

/** Upstream did not answer a read for a notice: defers the next one, so that other steps come first. */
export function withDeferredRead(facts: Facts, nowMs: number, policy: Policy): Facts {
  const noticeReads = defer(facts.due.noticeReads, nowMs + READ_DEFERRAL_MS, pollCadenceMs(facts, policy));
  return withDue(facts, { noticeReads });
}

/** A poll failed shortly before a deadline; its next attempt is due `retryMs` from now. */
export function withOutage(
  facts: Facts,
  { durationMs, failures, retryMs }: { durationMs: number; failures: number; retryMs: number },
  nowMs: number,
): Facts {
  return withDue(facts, { outage: { durationMs: durationMs + retryMs, failures, retryAtMs: nowMs + retryMs } });
}

/** Upstream answered 404, and a look-up by clientUserId did not find the person either. */
export function withMissingUpstream(facts: Facts, nowMs: number): Facts {
  const { missingUpstream: before } = facts.status;
  const missingUpstream = before ? { ...before, times: before.times + 1 } : { sinceMs: nowMs, times: 1 };
  const answered = withDue(facts, { readBackRequestedAtMs: null, outage: null });
  return { ...answered, status: { ...facts.status, missingUpstream } };
}

/** An operator replaces the deadline. `atMs`: ms since 1970. */
export function withDeadline(facts: Facts, atMs: number): Facts {
  return withDue(facts, { deadlineAtMs: atMs });
}

function withDue(facts: Facts, changes: Partial<DueReads>): Facts {
  return { ...facts, due: { ...facts.due, ...changes } };
}

/** Derives from two successive facts the timestamps, and when polling restarts. */
function withDerivedTimestamps(before: Facts, after: Facts, nowMs: number): Facts {
  return {
    ...after,
    timestamps: {
      ...after.timestamps,
      current: kindTimestamps(before, after, nowMs),
      beforeClaim: after.status.claim === null ? null : readTimestamps(before, after, nowMs),
      engagedAtMs: engagedAtMs(after, nowMs),
      someSyncedAtMs: someSyncedAtMs(after, nowMs),
    },
    due: { ...after.due, pollBaseMs: pollBaseMs(before, after, nowMs) },
  };
}

function kindTimestamps(before: Facts, after: Facts, nowMs: number): KindTimestamps {
  const { current, beforeClaim } = before.timestamps;
  const isConfirmed = after.status.claim === null;
  if (currentKind(after) === currentKind(before)) {
    return isConfirmed ? { ...current, confirmedSinceMs: current.confirmedSinceMs ?? nowMs } : current;
  }
  // A refuted claim restarts no window: the times before it continue.
  const isRefutedClaim = isConfirmed && hasSameKindAndDate(before.status.read, after.status.read);
  return (isRefutedClaim ? beforeClaim : null) ?? { kindSinceMs: nowMs, confirmedSinceMs: isConfirmed ? nowMs : null };
}

/** The timestamps as if there were no claim. */
function readTimestamps(before: Facts, after: Facts, nowMs: number): KindTimestamps {
  const { current, beforeClaim } = before.timestamps;
  const isSame = hasSameKindAndDate(before.status.read, after.status.read);
  return isSame ? (beforeClaim ?? current) : { kindSinceMs: nowMs, confirmedSinceMs: nowMs };
}

function engagedAtMs(after: Facts, nowMs: number): number | null {
  const isEngaged = statusRules(lastReadKind(after)).provesEngagement;
  return after.timestamps.engagedAtMs ?? (isEngaged ? nowMs : null);
}

function someSyncedAtMs(after: Facts, nowMs: number): number | null {
  const isConfirmed = after.status.claim === null && currentKind(after) === 'some-synced';
  return after.timestamps.someSyncedAtMs ?? (isConfirmed ? nowMs : null);
}

/** The cadence restarts with a new status. In a series of unread claims it counts from the first, unless the new one is read back at once. */
function pollBaseMs(before: Facts, after: Facts, nowMs: number): number {
  const { status, due } = after;
  if (normalizeStatus(currentStatus(after)) === normalizeStatus(currentStatus(before))) return due.pollBaseMs;
  const { claim } = status;
  return claim === null || due.readBackRequestedAtMs === nowMs ? nowMs : claim.unreadSinceMs;
}
