import { NOTICES_PER_BATCH, type ReportNotice } from './notices';
import { DAY_MS, earliest, HOUR_MS, MINUTE_MS, SECOND_MS } from './policy';

/** The search for the owner. Carried over continue-as-new, so that a flood does not restart its times, which are in ms since 1970. */
export interface OwnerSearch {
  readonly openedAtMs: number;
  /** How many look-ups at Human API did not find the owner. */
  readonly looks: number;
  /** Null after the last look-up: the notices go to the quarantine. */
  readonly nextLookAtMs: number | null;
  /** When our own applicants were searched last; null: never. */
  readonly searchedAtMs: number | null;
}

/** The state of a mailbox. Changed only by the functions below. */
export interface Mailbox {
  readonly notices: readonly ReportNotice[];
  /** The size of the notices in a payload. */
  readonly bytes: number;
  /** The clientUserId; null until it is found. */
  readonly owner: string | null;
  readonly search: OwnerSearch;
  /** True if a notice came after our own applicants were searched. */
  readonly hasNews: boolean;
  /** When a full quarantine is tried again; null if it was not full. */
  readonly roomAtMs: number | null;
}

/** The next step. `ask`: search our own applicants, then look up at Human API; `stop-asking`: cancel a look-up that takes too long. */
export type MailboxStep =
  | { readonly do: 'pass-on' | 'set-aside'; readonly notices: readonly ReportNotice[] }
  | { readonly do: 'ask' | 'stop-asking' | 'search' | 'end' }
  | { readonly do: 'wait'; readonly untilMs: number };

/** After this time the notices go to the quarantine. */
const GIVE_UP_AFTER_MS = DAY_MS;
/** Delays between look-ups: our search lags by seconds, a commit upstream may lag by minutes, the start of an applicant by hours. */
const LOOK_UP_DELAYS_MS = [5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS];
const MAX_LOOK_UP_DELAY_MS = 6 * HOUR_MS;
/** At most one search within this time, although each notice may be about an applicant who started since the last one. */
const SEARCH_APART_MS = 5 * MINUTE_MS;
const QUARANTINE_RETRY_MS = HOUR_MS;
/** Temporal terminates a run that carries over more than 2 MB. */
const MAX_CARRIED_BYTES = 1_000_000;
/** Some thousand notices per activity. */
const QUARANTINE_BATCH_BYTES = 250_000;

/** `waiting` and `search` come from the previous run. */
export function openMailbox(waiting: readonly ReportNotice[], search: OwnerSearch | null, nowMs: number): Mailbox {
  return {
    notices: waiting,
    bytes: countBytes(waiting),
    owner: null,
    search: search ?? { openedAtMs: nowMs, looks: 0, nextLookAtMs: nowMs, searchedAtMs: null },
    hasNews: waiting.length > 0,
    roomAtMs: null,
  };
}

/** Adds a notice, unless it is a repeat. No notice is dropped: beyond {@link exceedsCarryLimit} they go to the quarantine early. */
export function withHeldNotice(mailbox: Mailbox, notice: ReportNotice): Mailbox {
  if (mailbox.notices.some((one) => isSameNotice(one, notice))) return mailbox;
  const bytes = mailbox.bytes + countBytes([notice]);
  return { ...mailbox, notices: [...mailbox.notices, notice], bytes, hasNews: true };
}

/** Removes notices that were forwarded or quarantined. */
export function withoutFirstNotices(mailbox: Mailbox, count: number): Mailbox {
  const bytes = mailbox.bytes - countBytes(mailbox.notices.slice(0, count));
  return { ...mailbox, notices: mailbox.notices.slice(count), bytes, roomAtMs: null };
}

/** After a search of our own applicants. `owner` null: none of them has this humanId. */
export function withSearchResult(mailbox: Mailbox, owner: string | null, nowMs: number): Mailbox {
  return withOwner({ ...mailbox, search: { ...mailbox.search, searchedAtMs: nowMs } }, owner);
}

/** Sets the owner. A known owner stays; null changes nothing. */
export function withOwner(mailbox: Mailbox, owner: string | null): Mailbox {
  return { ...mailbox, owner: mailbox.owner ?? owner };
}

/** Schedules the next look-up, or none after the end of the search. */
export function withNextLookUp(mailbox: Mailbox, nowMs: number): Mailbox {
  const { search } = mailbox;
  const untilMs = searchEndsAtMs(mailbox);
  const delayMs = LOOK_UP_DELAYS_MS[search.looks] ?? MAX_LOOK_UP_DELAY_MS;
  const nextLookAtMs = hasSearchEnded(mailbox, nowMs) ? null : Math.min(nowMs + delayMs, untilMs);
  return { ...mailbox, search: { ...search, looks: search.looks + 1, nextLookAtMs } };
}

export function withFullQuarantine(mailbox: Mailbox, nowMs: number): Mailbox {
  return { ...mailbox, roomAtMs: nowMs + QUARANTINE_RETRY_MS };
}

/** True if the notices are too large for continue-as-new. */
export function exceedsCarryLimit({ bytes }: Mailbox): boolean {
  return bytes > MAX_CARRIED_BYTES;
}

/** Pure: the same arguments give the same step. `isAsking`: a look-up at Human API runs, or waits for its turn. */
export function decideMailbox(mailbox: Mailbox, nowMs: number, isAsking: boolean): MailboxStep {
  const { notices, owner, search, hasNews, roomAtMs } = mailbox;
  if (owner !== null) {
    return notices.length === 0 ? { do: 'end' } : { do: 'pass-on', notices: notices.slice(0, NOTICES_PER_BATCH) };
  }
  const askAtMs = isAsking ? searchEndsAtMs(mailbox) : search.nextLookAtMs;
  if (askAtMs !== null && nowMs >= askAtMs) return { do: isAsking ? 'stop-asking' : 'ask' };
  const searchAtMs = hasNews ? (search.searchedAtMs ?? 0) + SEARCH_APART_MS : null;
  if (searchAtMs !== null && nowMs >= searchAtMs) return { do: 'search' };
  const setAsideAtMs = search.nextLookAtMs === null || exceedsCarryLimit(mailbox) ? (roomAtMs ?? nowMs) : null;
  if (setAsideAtMs !== null && nowMs >= setAsideAtMs) {
    // One notice is enough to find out whether the quarantine has room again.
    const batch = roomAtMs === null ? firstNotices(notices, QUARANTINE_BATCH_BYTES) : notices.slice(0, 1);
    return notices.length === 0 ? { do: 'end' } : { do: 'set-aside', notices: batch };
  }
  return { do: 'wait', untilMs: earliest(askAtMs, searchAtMs, setAsideAtMs) ?? Infinity };
}

/** True once look-ups at Human API have ended. */
export function hasSearchEnded(mailbox: Mailbox, nowMs: number): boolean {
  return nowMs >= searchEndsAtMs(mailbox);
}

function searchEndsAtMs({ search }: Mailbox): number {
  return search.openedAtMs + GIVE_UP_AFTER_MS;
}

function firstNotices(notices: readonly ReportNotice[], maxBytes: number): readonly ReportNotice[] {
  let bytes = 0;
  const end = notices.findIndex((notice) => {
    bytes += countBytes([notice]);
    return bytes > maxBytes;
  });
  return end < 0 ? notices : notices.slice(0, Math.max(1, end));
}

/** Compares request ids, which cover the whole notice; signals of 0.1.0 have none. */
function isSameNotice(one: ReportNotice, other: ReportNotice): boolean {
  if (one.requestId !== undefined && other.requestId !== undefined) return one.requestId === other.requestId;
  return one.reportId === other.reportId && one.updatedAt === other.updatedAt;
}

/** An upper bound for JSON in UTF-8: three bytes for each character beyond ASCII. */
function countBytes(notices: readonly ReportNotice[]): number {
  return notices.reduce((sum, notice) => sum + JSON.stringify(notice).replace(/[^ -~]/g, '...').length + 1, 0);
}
