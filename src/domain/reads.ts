import { MINUTE_MS } from './policy';
import { normalizeStatus, statusKind } from './status';

/** What upstream answered when it was asked. Times in ms since 1970; `updatedAtMs` is upstream's clock, the others are Temporal's. */
export interface Read {
  readonly status: string;
  readonly updatedAtMs: number | null;
  readonly askedAtMs: number;
}

/** The read that counts, and one that contradicts it: another status under an older date, which counts once it is read again. */
export interface KnownReads {
  readonly read: Read;
  readonly contradiction: Read | null;
}

/** A date further ahead of our clock than this comes from a wrong clock, a time without its zone, or a forgery. */
const MAX_AHEAD_MS = 5 * MINUTE_MS;

/** Upstream's date, or null where it lies so far ahead of `nowMs` that it counts as none: it would make every later one look older. */
export function credibleDateMs(dateMs: number | null, nowMs: number): number | null {
  return dateMs !== null && dateMs > nowMs + MAX_AHEAD_MS ? null : dateMs;
}

/** The read with its date, as far as that is credible. */
export function withCredibleDate({ status, updatedAtMs, askedAtMs }: Read, nowMs: number): Read {
  return { status, updatedAtMs: credibleDateMs(updatedAtMs, nowMs), askedAtMs };
}

/**
 * What one more read leaves. Reads are ordered by updatedAt; a tie or a missing one: the read asked for later wins. A status under an older date
 * may come from a replica that lags, or the date known may be wrong: it wins once it is read again at least `againMs` later.
 */
export function mergeRead({ read: known, contradiction }: KnownReads, read: Read, againMs: number): KnownReads {
  if (!isOlder(read, known)) return { read, contradiction: null };
  const kept = { ...known, askedAtMs: Math.max(read.askedAtMs, known.askedAtMs) };
  if (read.askedAtMs < known.askedAtMs) return { read: kept, contradiction };
  if (hasSameStatus(read, known)) return { read: kept, contradiction: null };
  if (!contradiction || !hasSameStatus(read, contradiction)) return { read: kept, contradiction: read };
  const isAgain = read.askedAtMs - contradiction.askedAtMs >= againMs;
  return isAgain ? { read, contradiction: null } : { read: kept, contradiction };
}

function isOlder(read: Read, than: Read): boolean {
  const tied = read.updatedAtMs === null || than.updatedAtMs === null || read.updatedAtMs === than.updatedAtMs;
  return tied ? read.askedAtMs < than.askedAtMs : (read.updatedAtMs ?? 0) < (than.updatedAtMs ?? 0);
}

function hasSameStatus(one: Read, other: Read): boolean {
  return normalizeStatus(one.status) === normalizeStatus(other.status);
}

/** True for two reads between which nothing has happened to the person. */
export function hasSameKindAndDate(one: Read, other: Read): boolean {
  return one.updatedAtMs === other.updatedAtMs && statusKind(one.status) === statusKind(other.status);
}
