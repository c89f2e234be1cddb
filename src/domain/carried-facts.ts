import type { Claim, Facts, KindTimestamps, MissingUpstream, Outage } from './facts';
import { NEW_RATE_LIMIT, type RateLimit } from './rate-limit';
import { type Read, withCredibleDate } from './reads';

/**
 * The facts in payloads: in the answer to the query `state`, and carried over continue-as-new. Every version since 0.1.0 reads and writes these
 * names. A field may be added, never renamed (docs/versioning.md).
 */
export interface CarriedFacts {
  readonly read: Read;
  readonly contradiction: Read | null;
  readonly claim: Claim | null;
  readonly absence: MissingUpstream | null;
  readonly openedAtMs: number;
  readonly kindSinceMs: number;
  readonly confirmedSinceMs: number | null;
  readonly beforeClaim: KindTimestamps | null;
  readonly engagedAtMs: number | null;
  readonly engagementHintAtMs: number | null;
  readonly someSyncedAtMs: number | null;
  readonly doubtedAtMs: number | null;
  readonly noticeReads: RateLimit;
  readonly seriesAtMs: number | null;
  readonly pollBaseMs: number;
  readonly spread: number;
  readonly outage?: Outage | null;
  readonly extensionMs: number | null;
  /** Missing from a version before 0.3.0. */
  readonly deadlineAtMs?: number | null;
}

export function carriedFacts({ status, timestamps, due, unknownFields }: Facts): CarriedFacts {
  const { missingUpstream, ...otherStatus } = status;
  const { current, ...otherTimestamps } = timestamps;
  const { readBackRequestedAtMs, rereadSeriesAtMs, jitter, ...otherDue } = due;
  return {
    ...unknownFields,
    ...otherStatus,
    absence: missingUpstream,
    ...otherTimestamps,
    ...current,
    ...otherDue,
    doubtedAtMs: readBackRequestedAtMs,
    seriesAtMs: rereadSeriesAtMs,
    spread: jitter,
  };
}

/** The facts in a payload of any version. A missing field means that nothing has happened yet. 0.1.0 did not check the date of a read. */
export function upgradeFacts(written: CarriedFacts): Facts {
  const { read, openedAtMs, kindSinceMs, confirmedSinceMs } = written;
  const facts: Facts = {
    status: {
      read: withCredibleDate(read, read.askedAtMs),
      contradiction: written.contradiction ?? null,
      claim: written.claim ?? null,
      missingUpstream: written.absence ?? null,
    },
    timestamps: {
      openedAtMs,
      current: { kindSinceMs, confirmedSinceMs },
      beforeClaim: written.beforeClaim ?? null,
      engagedAtMs: written.engagedAtMs ?? null,
      engagementHintAtMs: written.engagementHintAtMs ?? null,
      someSyncedAtMs: written.someSyncedAtMs ?? null,
    },
    due: {
      readBackRequestedAtMs: written.doubtedAtMs ?? null,
      noticeReads: written.noticeReads ?? NEW_RATE_LIMIT,
      rereadSeriesAtMs: written.seriesAtMs ?? null,
      pollBaseMs: written.pollBaseMs,
      jitter: written.spread,
      outage: written.outage ?? null,
      extensionMs: written.extensionMs ?? null,
      deadlineAtMs: written.deadlineAtMs ?? null,
    },
    unknownFields: {},
  };
  const known = carriedFacts(facts);
  return { ...facts, unknownFields: Object.fromEntries(Object.entries(written).filter(([name]) => !(name in known))) };
}
