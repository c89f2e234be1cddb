import { normalizeStatus, pollName, provesEngagement, type StatusKind, statusKind } from './applicant';
import { deadlineMs } from './deadline';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from './policy';
import { defer, nextAllowedAtMs, type RateLimit, withCall } from './rate-limit';
import { credibleDateMs, hasSameKindAndDate, type KnownReads, mergeRead, type Read, withCredibleDate } from './reads';

/** What a notice says that no read has answered yet: a hint. */
export interface Claim {
  readonly status: string;
  readonly updatedAtMs: number;
  readonly madeAtMs: number;
  /** When the first of the claims was made that no read has answered: one after the other must not put off the next read. */
  readonly unreadSinceMs: number;
}

/** Since when a status has been of its kind, by claim or read, and since when reads have said so; null while only a notice does. */
interface KindTimestamps {
  readonly kindSinceMs: number;
  readonly confirmedSinceMs: number | null;
}

/** For how long upstream could not be asked, in how many attempts, and when the next one is due. A wait in the queue is no outage. */
export interface Outage {
  readonly durationMs: number;
  readonly failures: number;
  readonly retryAtMs: number;
}

/** All that is known of a person's status: plain JSON, changed only by the functions below. */
export interface Facts extends KindTimestamps, KnownReads {
  /** Our invitation or adoption, from which every deadline counts. */
  readonly openedAtMs: number;
  readonly claim: Claim | null;
  /** What was so before a notice claimed otherwise; null while none does. A claim that a read refutes must not restart a window. */
  readonly beforeClaim: KindTimestamps | null;
  /** A notice that a read has to check, and when it came. */
  readonly doubtedAtMs: number | null;
  /** Limits the reads that notices cause. */
  readonly noticeReads: RateLimit;
  /** When the last series of early re-reads began: at most one an hour. */
  readonly seriesAtMs: number | null;
  /** When a read first told that the person had engaged; null while none has. What only a notice says lengthens no deadline. */
  readonly engagedAtMs: number | null;
  /** When a notice first said so. It lengthens no deadline, but an error behind it is none of the invitation's delivery. */
  readonly engagementHintAtMs: number | null;
  /** From when the present poll cadence counts. */
  readonly pollBaseMs: number;
  /** 0 to 1: this applicant's own place among those who began in the same second, so that they do not poll in the same second for ever. */
  readonly spread: number;
  /** The first Some Synced that a read told; its window is never restarted. */
  readonly someSyncedAtMs: number | null;
  /** By how much an outage of upstream moved the deadline, once. */
  readonly extensionMs: number | null;
  /** What a poll has reported shortly before a deadline; null once upstream has answered, and in what 0.1.0 wrote it is not there. */
  readonly outage?: Outage | null;
  /** Since when upstream has said that there is no such person, and how often. */
  readonly absence: { readonly sinceMs: number; readonly times: number } | null;
}

/** Unconfirmed claims are read again at these distances (upstream's read side may lag behind its notices), then left to polling. */
export const REREAD_DELAYS_MS = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS] as const;
const REREAD_SERIES_APART_MS = HOUR_MS;
/** No outage moves a deadline by more. */
const MAX_EXTENSION_MS = 7 * DAY_MS;
/** A status that contradicts a later date is read again after so long, or a poll cadence: a replica that lags has caught up by then. */
const MAX_REREAD_AFTER_MS = MINUTE_MS;
/** Longer than the report notices of a provider are waited for, so that their list is not put off with the read. */
const READ_DEFERRAL_MS = 5 * SECOND_MS;
/** Claims that would end an applicant, or start the one window that is never restarted: they are read back at once. */
const READ_BACK_AT_ONCE: ReadonlySet<StatusKind> = new Set(['declined', 'error', 'disconnected', 'some-synced']);

/** What has not happened yet: also what is assumed where an earlier version did not carry a field. */
const NOTHING_YET = {
  claim: null,
  beforeClaim: null,
  contradiction: null,
  doubtedAtMs: null,
  noticeReads: 0,
  seriesAtMs: null,
  engagedAtMs: null,
  engagementHintAtMs: null,
  someSyncedAtMs: null,
  extensionMs: null,
  outage: null,
  absence: null,
} as const;

/** The facts at our invitation or adoption, which is a read of its own. */
export function openFacts(read: Read, nowMs: number, spread = 0): Facts {
  const kind = statusKind(read.status);
  return {
    ...NOTHING_YET,
    openedAtMs: nowMs,
    read: withCredibleDate(read, nowMs),
    kindSinceMs: nowMs,
    confirmedSinceMs: nowMs,
    pollBaseMs: nowMs,
    spread,
    engagedAtMs: provesEngagement(kind) ? nowMs : null,
    someSyncedAtMs: kind === 'some-synced' ? nowMs : null,
  };
}

/** The facts that an earlier version wrote: what they lack has not happened yet. 0.1.0 took a read's date however far ahead it was. */
export function upgradeFacts(written: Facts): Facts {
  return { ...NOTHING_YET, ...written, read: withCredibleDate(written.read, written.read.askedAtMs) };
}

/** The facts at our adoption by a look-up: where it says what a notice would have to prove, the person is read back like then. */
export function openAdoptedFacts(read: Read, nowMs: number, spread: number): Facts {
  const opened = openFacts(read, nowMs, spread);
  return READ_BACK_AT_ONCE.has(statusKind(read.status)) ? { ...opened, doubtedAtMs: nowMs } : opened;
}

/** The status as it is best known. */
export function currentStatus(facts: Facts): string {
  return (facts.claim ?? facts.read).status;
}

export function currentKind(facts: Facts): StatusKind {
  return statusKind(currentStatus(facts));
}

export function pollCadenceMs(facts: Facts, policy: Policy): number {
  return policy.pollMs[pollName(currentKind(facts))];
}

/** True once a read or a notice has said that the person opened the invitation, whatever is said now. */
export function hasEngaged({ engagedAtMs, engagementHintAtMs }: Facts): boolean {
  return engagedAtMs !== null || engagementHintAtMs !== null;
}

/** True once a read has said that the person declined, and none contradicts it. */
export function isConfirmedDeclined(facts: Facts): boolean {
  return currentKind(facts) === 'declined' && facts.claim === null && facts.contradiction === null;
}

/** When a status that contradicts a later date is read again; null where there is none. */
export function contradictionCheckAtMs(facts: Facts, policy: Policy): number | null {
  return facts.contradiction && facts.contradiction.askedAtMs + rereadAfterMs(facts, policy);
}

function rereadAfterMs(facts: Facts, policy: Policy): number {
  return Math.min(MAX_REREAD_AFTER_MS, pollCadenceMs(facts, policy));
}

/** When a notice that has to be checked may be; null where there is none. */
export function readBackAtMs(facts: Facts, policy: Policy): number | null {
  return facts.doubtedAtMs === null ? null : nextAllowedAtMs(facts.noticeReads, pollCadenceMs(facts, policy));
}

/**
 * What a notice changes. It is taken only if its updatedAt is later than the last read's and at most 5 min ahead of the clock: one forged
 * notice from 2099 must not deafen an applicant. Anything else only asks for a read; a repeat changes nothing. Of what is taken the newest
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

/** Also of a notice that comes late: whenever it was, the person had engaged. */
function withEngagementHint(facts: Facts, status: string, nowMs: number): Facts {
  return facts.engagementHintAtMs === null && provesEngagement(statusKind(status))
    ? { ...facts, engagementHintAtMs: nowMs }
    : facts;
}

function withClaim(
  facts: Facts,
  { status, updatedAtMs }: { status: string; updatedAtMs: number | null },
  nowMs: number,
  policy: Policy,
): Facts {
  const { read, claim } = facts;
  const doubted = { ...facts, doubtedAtMs: nowMs };
  const readMs = read.updatedAtMs ?? -Infinity;
  if (updatedAtMs === null || updatedAtMs <= readMs) return doubted;
  const kind = statusKind(status);
  if (claim && updatedAtMs <= claim.updatedAtMs) {
    const overtaken = updatedAtMs < claim.updatedAtMs && !READ_BACK_AT_ONCE.has(kind) && kind !== 'all-synced';
    return overtaken ? facts : doubted;
  }
  const unreadSinceMs = claim?.unreadSinceMs ?? nowMs;
  const claimed = { ...facts, claim: { status, updatedAtMs, madeAtMs: nowMs, unreadSinceMs } };
  const readDue = nowMs - unreadSinceMs >= Math.min(pollCadenceMs(facts, policy), pollCadenceMs(claimed, policy));
  return withDerivedTimestamps(
    facts,
    READ_BACK_AT_ONCE.has(kind) || readDue ? { ...claimed, doubtedAtMs: nowMs } : claimed,
    nowMs,
  );
}

function isRepeat(facts: Facts, status: string, updatedAtMs: number | null): boolean {
  return [facts.read, facts.claim].some(
    (known) => known && known.updatedAtMs === updatedAtMs && normalizeStatus(known.status) === normalizeStatus(status),
  );
}

/**
 * What a read changes: see {@link mergeRead} for which of two counts. A read replaces every claim made before it was asked for. `readOutageMs`:
 * how long upstream could not be asked before it answered; that, or the outage that a poll has reported, moves a deadline that passed meanwhile.
 */
export function withRead(facts: Facts, read: Read, nowMs: number, policy: Policy, readOutageMs = 0): Facts {
  const outageMs = Math.max(readOutageMs, facts.outage?.durationMs ?? 0);
  const reads = mergeRead(facts, withCredibleDate(read, nowMs), rereadAfterMs(facts, policy));
  const { read: kept, contradiction } = reads;
  const { claim } = facts;
  const claimStands =
    claim !== null && claim.madeAtMs > read.askedAtMs && claim.updatedAtMs > (kept.updatedAtMs ?? -Infinity);
  const unconfirmed =
    claim !== null &&
    !claimStands &&
    normalizeStatus(claim.status) !== normalizeStatus(kept.status) &&
    (kept.updatedAtMs === null || kept.updatedAtMs < claim.updatedAtMs);
  const startsSeries = unconfirmed && (facts.seriesAtMs === null || nowMs - facts.seriesAtMs >= REREAD_SERIES_APART_MS);
  const next: Facts = {
    ...facts,
    ...reads,
    claim: claimStands ? claim : null,
    doubtedAtMs: facts.doubtedAtMs !== null && facts.doubtedAtMs > read.askedAtMs ? facts.doubtedAtMs : null,
    absence: null,
    outage: null,
    // Read again a whole cadence later: an upstream whose replicas disagree for long must not be asked every minute.
    ...(facts.contradiction !== null && contradiction === null && { pollBaseMs: nowMs }),
    // The same after an outage: a poll that begins at once would report the next one at once.
    ...(facts.outage && { pollBaseMs: nowMs }),
    ...(startsSeries && { seriesAtMs: nowMs, pollBaseMs: nowMs }),
    ...(outageMs > pollCadenceMs(facts, policy) &&
      facts.extensionMs === null &&
      read.askedAtMs >= deadlineMs(facts, currentKind(facts), policy) && {
        extensionMs: Math.min(outageMs, MAX_EXTENSION_MS),
      }),
  };
  return withDerivedTimestamps(facts, next, nowMs);
}

/**
 * What a look-up told after upstream had said that there is no such person: a read like any other, but that the next poll comes a whole cadence
 * later. The same answer would come again at once, and the two would chase each other.
 */
export function withLookUp(facts: Facts, read: Read, nowMs: number, policy: Policy, outageMs = 0): Facts {
  return { ...withRead(facts, read, nowMs, policy, outageMs), pollBaseMs: nowMs };
}

/** A read made because of a notice, counted against the allowance before it is made. */
export function withNoticeRead(facts: Facts, nowMs: number, policy: Policy): Facts {
  return { ...facts, noticeReads: withCall(facts.noticeReads, nowMs, pollCadenceMs(facts, policy)) };
}

/** Upstream could not be asked: the read waits a moment, in which what can be done without it is done. */
export function withDeferredRead(facts: Facts, nowMs: number, policy: Policy): Facts {
  return { ...facts, noticeReads: defer(facts.noticeReads, nowMs + READ_DEFERRAL_MS, pollCadenceMs(facts, policy)) };
}

/** A poll failed shortly before a deadline: the next attempt is due `retryMs` from now, and the outage lasts until then at least. */
export function withOutage(
  facts: Facts,
  { durationMs, failures, retryMs }: { durationMs: number; failures: number; retryMs: number },
  nowMs: number,
): Facts {
  return { ...facts, outage: { durationMs: durationMs + retryMs, failures, retryAtMs: nowMs + retryMs } };
}

/** Upstream answered that there is no such person, and a look-up by clientUserId found nobody either. */
export function withMissingUpstream(facts: Facts, nowMs: number): Facts {
  const { absence } = facts;
  return {
    ...facts,
    doubtedAtMs: null,
    outage: null,
    absence: absence ? { ...absence, times: absence.times + 1 } : { sinceMs: nowMs, times: 1 },
  };
}

/** The stamps that follow from a change of kind or of confirmation. */
function withDerivedTimestamps(before: Facts, after: Facts, nowMs: number): Facts {
  const kind = currentKind(after);
  const restated = normalizeStatus(currentStatus(after)) !== normalizeStatus(currentStatus(before));
  const confirmed = after.claim === null;
  return {
    ...after,
    ...kindTimestamps(before, after, nowMs),
    beforeClaim: confirmed ? null : readTimestamps(before, after, nowMs),
    pollBaseMs: restated ? pollBaseMs(after, nowMs) : after.pollBaseMs,
    engagedAtMs: after.engagedAtMs ?? (provesEngagement(statusKind(after.read.status)) ? nowMs : null),
    someSyncedAtMs: kind === 'some-synced' && confirmed ? (after.someSyncedAtMs ?? nowMs) : after.someSyncedAtMs,
  };
}

function kindTimestamps(before: Facts, after: Facts, nowMs: number): KindTimestamps {
  const { kindSinceMs, confirmedSinceMs } = before;
  const confirmed = after.claim === null;
  if (currentKind(after) === currentKind(before)) {
    return { kindSinceMs, confirmedSinceMs: confirmed ? (confirmedSinceMs ?? nowMs) : confirmedSinceMs };
  }
  const isAsBefore = confirmed && hasSameKindAndDate(before.read, after.read);
  return (isAsBefore ? before.beforeClaim : null) ?? { kindSinceMs: nowMs, confirmedSinceMs: confirmed ? nowMs : null };
}

/** Since when reads have said what they say, whatever is claimed. */
function readTimestamps(before: Facts, after: Facts, nowMs: number): KindTimestamps {
  const { kindSinceMs, confirmedSinceMs } = before;
  if (!hasSameKindAndDate(before.read, after.read)) return { kindSinceMs: nowMs, confirmedSinceMs: nowMs };
  return before.beforeClaim ?? { kindSinceMs, confirmedSinceMs };
}

/** From the news on; but a claim upon a claim counts from the first, unless it is read back at once. */
function pollBaseMs({ claim, doubtedAtMs }: Facts, nowMs: number): number {
  return claim === null || doubtedAtMs === nowMs ? nowMs : claim.unreadSinceMs;
}
