import { MINUTE_MS } from './policy';
import { normalizeStatus, statusKind } from './status';

/** A status that upstream returned. `updatedAtMs`: by upstream's clock; `askedAtMs`: when the read was requested, by Temporal's clock. */
export interface Read {
  readonly status: string;
  readonly updatedAtMs: number | null;
  readonly askedAtMs: number;
}

/** The read that counts, and a later one that contradicts it, with another status and an older date. The later one counts once it is read again. */
export interface KnownReads {
  readonly read: Read;
  readonly contradiction: Read | null;
}

/** A date further ahead of our clock is wrong because of a wrong clock, a missing time zone or a forgery. */
const MAX_AHEAD_MS = 5 * MINUTE_MS;

/** Returns the date, or null if it is too far ahead of `nowMs`: every later date would look older. */
export function credibleDateMs(dateMs: number | null, nowMs: number): number | null {
  return dateMs !== null && dateMs > nowMs + MAX_AHEAD_MS ? null : dateMs;
}

export function withCredibleDate({ status, updatedAtMs, askedAtMs }: Read, nowMs: number): Read {
  return { status, updatedAtMs: credibleDateMs(updatedAtMs, nowMs), askedAtMs };
}

/**
 * The read with the later updatedAt counts; with equal or missing dates, the read that was requested later. A different status with an older date may
 * come from a replica that lags, or the known date may be wrong. It counts once it is read again at least `rereadAfterMs` later.
 */
export function mergeRead({ read: known, contradiction }: KnownReads, read: Read, rereadAfterMs: number): KnownReads {
  if (!isOlder(read, known)) return { read, contradiction: null };
  // An older read still shows that upstream was asked at that time.
  const kept = { ...known, askedAtMs: Math.max(read.askedAtMs, known.askedAtMs) };
  if (read.askedAtMs < known.askedAtMs) return { read: kept, contradiction };
  if (hasSameStatus(read, known)) return { read: kept, contradiction: null };
  if (!contradiction || !hasSameStatus(read, contradiction)) return { read: kept, contradiction: read };
  const isReread = read.askedAtMs - contradiction.askedAtMs >= rereadAfterMs;
  return isReread ? { read, contradiction: null } : { read: kept, contradiction };
}

function isOlder(read: Read, other: Read): boolean {
  const tied = read.updatedAtMs === null || other.updatedAtMs === null || read.updatedAtMs === other.updatedAtMs;
  return tied ? read.askedAtMs < other.askedAtMs : (read.updatedAtMs ?? 0) < (other.updatedAtMs ?? 0);
}

function hasSameStatus(one: Read, other: Read): boolean {
  return normalizeStatus(one.status) === normalizeStatus(other.status);
}

/** True if nothing happened to the person between two reads. */
export function hasSameKindAndDate(one: Read, other: Read): boolean {
  return one.updatedAtMs === other.updatedAtMs && statusKind(one.status) === statusKind(other.status);
}
