import type { Claim, Facts, KindTimestamps, MissingUpstream, Outage } from './facts';
import { NEW_RATE_LIMIT, type RateLimit } from './rate-limit';
import { type Read, withCredibleDate } from './reads';

/**
 * The facts as payloads carry them: in the answer of the query `state` and from run to run. Every version since 0.1.0 reads and writes these
 * names; a field may be added, but never renamed (docs/versioning.md).
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
}

/** The facts for a payload. */
export function carriedFacts({ status, timestamps, checks, unknownFields }: Facts): CarriedFacts {
  const { missingUpstream, ...known } = status;
  const { kind, readKind, ...since } = timestamps;
  const { readBackRequestedAtMs, rereadSeriesAtMs, jitter, ...due } = checks;
  return {
    ...unknownFields,
    ...known,
    absence: missingUpstream,
    ...since,
    ...kind,
    beforeClaim: readKind,
    ...due,
    doubtedAtMs: readBackRequestedAtMs,
    seriesAtMs: rereadSeriesAtMs,
    spread: jitter,
  };
}

/** The facts of a payload, whichever version wrote it: what it lacks has not happened yet. 0.1.0 took a read's date however far ahead it was. */
export function upgradeFacts(written: CarriedFacts): Facts {
  const { read, contradiction = null, claim = null, absence = null, ...others } = written;
  const { openedAtMs, kindSinceMs, confirmedSinceMs, beforeClaim = null, ...rest } = others;
  const { engagedAtMs = null, engagementHintAtMs = null, someSyncedAtMs = null, ...checks } = rest;
  const { doubtedAtMs = null, noticeReads = NEW_RATE_LIMIT, seriesAtMs = null, pollBaseMs, spread, ...last } = checks;
  const { outage = null, extensionMs = null, ...unknownFields } = last;
  return {
    status: { read: withCredibleDate(read, read.askedAtMs), contradiction, claim, missingUpstream: absence },
    timestamps: {
      openedAtMs,
      kind: { kindSinceMs, confirmedSinceMs },
      readKind: beforeClaim,
      engagedAtMs,
      engagementHintAtMs,
      someSyncedAtMs,
    },
    checks: {
      readBackRequestedAtMs: doubtedAtMs,
      noticeReads,
      rereadSeriesAtMs: seriesAtMs,
      pollBaseMs,
      jitter: spread,
      outage,
      extensionMs,
    },
    unknownFields,
  };
}
