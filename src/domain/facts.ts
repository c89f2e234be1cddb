import { deadlineMs } from './deadline';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from './policy';
import { defer, NEW_RATE_LIMIT, nextAllowedAtMs, type RateLimit, withCall } from './rate-limit';
import { credibleDateMs, hasSameKindAndDate, type KnownReads, mergeRead, type Read, withCredibleDate } from './reads';
import { normalizeStatus, type StatusKind, statusKind, statusRules } from './status';

/** What a notice says that no read has answered yet: a hint. */
export interface Claim {
  readonly status: string;
  readonly updatedAtMs: number;
  readonly madeAtMs: number;
  /** When the first of the claims was made that no read has answered: one after the other must not delay the next read. */
  readonly unreadSinceMs: number;
}

/** Since when upstream has said that there is no such person, and how often. */
export interface MissingUpstream {
  readonly sinceMs: number;
  readonly times: number;
}

/** For how long upstream could not be asked, in how many attempts, and when the next one is due. Time in a queue is no outage. */
export interface Outage {
  readonly durationMs: number;
  readonly failures: number;
  readonly retryAtMs: number;
}

/** Since when the status has been of its kind, by claim or read, and since when reads have said so; null while only a notice does. */
export interface KindTimestamps {
  readonly kindSinceMs: number;
  readonly confirmedSinceMs: number | null;
}

/** What is known of the status. */
export interface KnownStatus extends KnownReads {
  readonly claim: Claim | null;
  readonly missingUpstream: MissingUpstream | null;
}

/** Since when, by our clock. */
export interface StatusTimestamps {
  /** Our invitation or adoption, from which every deadline counts. */
  readonly openedAtMs: number;
  readonly kind: KindTimestamps;
  /** What reads alone say, while a claim says otherwise; null while none does. A claim that a read refutes must not restart a window. */
  readonly readKind: KindTimestamps | null;
  /** When a read first said that the person had engaged. What only a notice says extends no deadline. */
  readonly engagedAtMs: number | null;
  /** When a notice first said so: an error after it is none of the invitation's delivery. */
  readonly engagementHintAtMs: number | null;
  /** The first Some Synced that a read said; its window is never restarted. */
  readonly someSyncedAtMs: number | null;
}

/** Which checks are due. */
export interface DueChecks {
  /** A notice has to be read back, since then. */
  readonly readBackRequestedAtMs: number | null;
  /** Limits the reads that notices cause. */
  readonly noticeReads: RateLimit;
  /** When the last series of early rereads began: at most one an hour. */
  readonly rereadSeriesAtMs: number | null;
  /** From when the present poll cadence counts. */
  readonly pollBaseMs: number;
  /** 0 to 1, fixed per applicant: those who began in the same second do not poll in the same second for ever. */
  readonly jitter: number;
  /** What a poll has reported shortly before a deadline; null once upstream has answered. */
  readonly outage: Outage | null;
  /** By how much an outage moved the deadline, once. */
  readonly extensionMs: number | null;
}

/** All that is known of a person's status. Changed only by the functions below; payloads carry it flat (carried-facts). */
export interface Facts {
  readonly status: KnownStatus;
  readonly timestamps: StatusTimestamps;
  readonly checks: DueChecks;
  /** Fields of a later version, carried on unchanged. */
  readonly unknownFields: Readonly<Record<string, unknown>>;
}

/** Claims that a read does not confirm are read again at these distances (upstream's read side may lag behind its notices), then left to polling. */
export const REREAD_DELAYS_MS = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS] as const;
const REREAD_SERIES_APART_MS = HOUR_MS;
/** No outage moves a deadline by more. */
const MAX_EXTENSION_MS = 7 * DAY_MS;
/** A status that contradicts a later date is read again after so long, or a poll cadence: a lagging replica has caught up by then. */
const MAX_REREAD_AFTER_MS = MINUTE_MS;
/** Longer than the report notices of a provider are waited for, so that their list is not deferred with the read. */
const READ_DEFERRAL_MS = 5 * SECOND_MS;

/** The facts at our invitation or adoption, which is a read of its own. */
export function openFacts(read: Read, nowMs: number, jitter = 0): Facts {
  const kind = statusKind(read.status);
  return {
    status: { read: withCredibleDate(read, nowMs), contradiction: null, claim: null, missingUpstream: null },
    timestamps: {
      openedAtMs: nowMs,
      kind: { kindSinceMs: nowMs, confirmedSinceMs: nowMs },
      readKind: null,
      engagedAtMs: statusRules(kind).provesEngagement ? nowMs : null,
      engagementHintAtMs: null,
      someSyncedAtMs: kind === 'some-synced' ? nowMs : null,
    },
    checks: {
      readBackRequestedAtMs: null,
      noticeReads: NEW_RATE_LIMIT,
      rereadSeriesAtMs: null,
      pollBaseMs: nowMs,
      jitter,
      outage: null,
      extensionMs: null,
    },
    unknownFields: {},
  };
}

/** The facts at our adoption by a look-up: a status that a notice would have to prove is read back here too. */
export function openAdoptedFacts(read: Read, nowMs: number, jitter: number): Facts {
  const opened = openFacts(read, nowMs, jitter);
  return statusRules(statusKind(read.status)).isReadBackAtOnce ? withReadBackRequest(opened, nowMs) : opened;
}

/** The status as it is best known. */
export function currentStatus({ status }: Facts): string {
  return (status.claim ?? status.read).status;
}

export function currentKind(facts: Facts): StatusKind {
  return statusKind(currentStatus(facts));
}

export function pollCadenceMs(facts: Facts, policy: Policy): number {
  return policy.pollMs[statusRules(currentKind(facts)).cadence];
}

/** True once a read or a notice has said that the person opened the invitation, whatever is said now. */
export function hasEngaged({ timestamps }: Facts): boolean {
  return timestamps.engagedAtMs !== null || timestamps.engagementHintAtMs !== null;
}

/** True once a read has said that the person declined, and nothing contradicts it. */
export function isConfirmedDeclined(facts: Facts): boolean {
  const { claim, contradiction } = facts.status;
  return currentKind(facts) === 'declined' && claim === null && contradiction === null;
}

/** When a status that contradicts a later date is read again; null where there is none. */
export function contradictionCheckAtMs(facts: Facts, policy: Policy): number | null {
  const { contradiction } = facts.status;
  return contradiction && contradiction.askedAtMs + rereadAfterMs(facts, policy);
}

function rereadAfterMs(facts: Facts, policy: Policy): number {
  return Math.min(MAX_REREAD_AFTER_MS, pollCadenceMs(facts, policy));
}

/** When a notice that has to be read back may be; null where there is none. */
export function readBackAtMs(facts: Facts, policy: Policy): number | null {
  const { readBackRequestedAtMs, noticeReads } = facts.checks;
  return readBackRequestedAtMs === null ? null : nextAllowedAtMs(noticeReads, pollCadenceMs(facts, policy));
}

/**
 * What a notice changes. It is taken only if its updatedAt is later than the last read's and at most 5 min ahead of the clock: one forged
 * notice from 2099 must not make an applicant deaf. Any other only asks for a read; a repeat changes nothing. Of those taken the newest
 * counts: an older one that was overtaken on the way says nothing, unless it is weighty enough to be read back.
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

/** Also of a notice that comes late: whenever it was, the person had engaged. */
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

function withReadBackRequest(facts: Facts, nowMs: number): Facts {
  return withChecks(facts, { readBackRequestedAtMs: nowMs });
}

/**
 * What a read changes: see {@link mergeRead} for which of two counts. A read replaces every claim made before it was asked for. `readOutageMs`:
 * how long upstream could not be asked before it answered; that, or the outage that a poll has reported, moves a deadline that passed meanwhile.
 */
export function withRead(facts: Facts, read: Read, nowMs: number, policy: Policy, readOutageMs = 0): Facts {
  const { status, checks } = facts;
  const reads = mergeRead(status, withCredibleDate(read, nowMs), rereadAfterMs(facts, policy));
  const { claim } = status;
  const claimOutlivesRead = claim !== null && isNewerThanRead(claim, read, reads.read);
  const isRefuted = claim !== null && !claimOutlivesRead && isUnconfirmed(claim, reads.read);
  const { rereadSeriesAtMs, readBackRequestedAtMs } = checks;
  const startsSeries = isRefuted && (rereadSeriesAtMs === null || nowMs - rereadSeriesAtMs >= REREAD_SERIES_APART_MS);
  const endsContradiction = status.contradiction !== null && reads.contradiction === null;
  // Polled a whole cadence later: replicas that disagree for long must not be asked every minute, nor an upstream that comes back at once.
  const restartsPolling = startsSeries || endsContradiction || checks.outage !== null;
  const isReadBackPending = readBackRequestedAtMs !== null && readBackRequestedAtMs > read.askedAtMs;
  const after: Facts = {
    ...facts,
    status: { ...reads, claim: claimOutlivesRead ? claim : null, missingUpstream: null },
    checks: {
      ...checks,
      readBackRequestedAtMs: isReadBackPending ? readBackRequestedAtMs : null,
      rereadSeriesAtMs: startsSeries ? nowMs : rereadSeriesAtMs,
      pollBaseMs: restartsPolling ? nowMs : checks.pollBaseMs,
      outage: null,
      extensionMs: extensionMs(facts, read, readOutageMs, policy),
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

/** An outage that a deadline fell into moves it by as much, once. */
function extensionMs(facts: Facts, read: Read, readOutageMs: number, policy: Policy): number | null {
  const { outage, extensionMs } = facts.checks;
  const outageMs = Math.max(readOutageMs, outage?.durationMs ?? 0);
  const isLong = outageMs > pollCadenceMs(facts, policy);
  if (extensionMs !== null || !isLong || read.askedAtMs < deadlineMs(facts, currentKind(facts), policy))
    return extensionMs;
  return Math.min(outageMs, MAX_EXTENSION_MS);
}

/**
 * What a look-up said after upstream had said that there is no such person: a read like any other, but that the next poll comes a whole cadence
 * later. The same answer would come again at once, and the two would chase each other.
 */
export function withLookUp(facts: Facts, read: Read, nowMs: number, policy: Policy, outageMs = 0): Facts {
  return withChecks(withRead(facts, read, nowMs, policy, outageMs), { pollBaseMs: nowMs });
}

/** A read made because of a notice, counted against the limit before it is made. */
export function withNoticeRead(facts: Facts, nowMs: number, policy: Policy): Facts {
  return withChecks(facts, { noticeReads: withCall(facts.checks.noticeReads, nowMs, pollCadenceMs(facts, policy)) });
}

/** Upstream could not be asked: the read waits a moment, in which what can be done without it is done. */
export function withDeferredRead(facts: Facts, nowMs: number, policy: Policy): Facts {
  const noticeReads = defer(facts.checks.noticeReads, nowMs + READ_DEFERRAL_MS, pollCadenceMs(facts, policy));
  return withChecks(facts, { noticeReads });
}

/** A poll failed shortly before a deadline: the next attempt is due `retryMs` from now, and the outage lasts until then at least. */
export function withOutage(
  facts: Facts,
  { durationMs, failures, retryMs }: { durationMs: number; failures: number; retryMs: number },
  nowMs: number,
): Facts {
  return withChecks(facts, { outage: { durationMs: durationMs + retryMs, failures, retryAtMs: nowMs + retryMs } });
}

/** Upstream answered that there is no such person, and a look-up by clientUserId found nobody either. */
export function withMissingUpstream(facts: Facts, nowMs: number): Facts {
  const { missingUpstream: before } = facts.status;
  const missingUpstream = before ? { ...before, times: before.times + 1 } : { sinceMs: nowMs, times: 1 };
  const answered = withChecks(facts, { readBackRequestedAtMs: null, outage: null });
  return { ...answered, status: { ...facts.status, missingUpstream } };
}

function withChecks(facts: Facts, changes: Partial<DueChecks>): Facts {
  return { ...facts, checks: { ...facts.checks, ...changes } };
}

/** The timestamps that follow from a change of kind or of confirmation. */
function withDerivedTimestamps(before: Facts, after: Facts, nowMs: number): Facts {
  return {
    ...after,
    timestamps: {
      ...after.timestamps,
      kind: kindTimestamps(before, after, nowMs),
      readKind: after.status.claim === null ? null : readTimestamps(before, after, nowMs),
      engagedAtMs: engagedAtMs(after, nowMs),
      someSyncedAtMs: someSyncedAtMs(after, nowMs),
    },
    checks: { ...after.checks, pollBaseMs: pollBaseMs(before, after, nowMs) },
  };
}

function kindTimestamps(before: Facts, after: Facts, nowMs: number): KindTimestamps {
  const { kind, readKind } = before.timestamps;
  const isConfirmed = after.status.claim === null;
  if (currentKind(after) === currentKind(before)) {
    return isConfirmed ? { ...kind, confirmedSinceMs: kind.confirmedSinceMs ?? nowMs } : kind;
  }
  const isRefutedClaim = isConfirmed && hasSameKindAndDate(before.status.read, after.status.read);
  return (isRefutedClaim ? readKind : null) ?? { kindSinceMs: nowMs, confirmedSinceMs: isConfirmed ? nowMs : null };
}

/** Since when reads have said what they say, whatever is claimed. */
function readTimestamps(before: Facts, after: Facts, nowMs: number): KindTimestamps {
  const { kind, readKind } = before.timestamps;
  const isSame = hasSameKindAndDate(before.status.read, after.status.read);
  return isSame ? (readKind ?? kind) : { kindSinceMs: nowMs, confirmedSinceMs: nowMs };
}

function engagedAtMs({ status, timestamps }: Facts, nowMs: number): number | null {
  const isEngaged = statusRules(statusKind(status.read.status)).provesEngagement;
  return timestamps.engagedAtMs ?? (isEngaged ? nowMs : null);
}

function someSyncedAtMs(after: Facts, nowMs: number): number | null {
  const isConfirmed = after.status.claim === null && currentKind(after) === 'some-synced';
  return after.timestamps.someSyncedAtMs ?? (isConfirmed ? nowMs : null);
}

/** From the news on; but a claim upon a claim counts from the first, unless it is read back at once. */
function pollBaseMs(before: Facts, after: Facts, nowMs: number): number {
  const { status, checks } = after;
  if (normalizeStatus(currentStatus(after)) === normalizeStatus(currentStatus(before))) return checks.pollBaseMs;
  const { claim } = status;
  return claim === null || checks.readBackRequestedAtMs === nowMs ? nowMs : claim.unreadSinceMs;
}
