import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './policy';

/** What a notice in a mailbox names. */
interface MailboxNotice {
  readonly reportId: string;
  readonly updatedAt: string | null;
  readonly requestId?: string;
}

/** How far the search for the owner of a mailbox is; a run hands it to the next, so that a flood restarts no clock. Times in ms since 1970. */
export interface OwnerSearch {
  readonly openedAtMs: number;
  /** How often Human API has answered that it is no one of ours. */
  readonly looks: number;
  /** Null once a day has passed: the notices go to the quarantine. */
  readonly nextLookAtMs: number | null;
  /** When our own applicants were searched last; null before the first time. */
  readonly searchedAtMs: number | null;
}

/** All that a mailbox knows: changed only by the functions below. */
export interface Mailbox<N extends MailboxNotice> {
  readonly notices: readonly N[];
  /** What the notices take when they are handed over. */
  readonly bytes: number;
  /** The clientUserId of the person; null while it is not known. */
  readonly owner: string | null;
  readonly search: OwnerSearch;
  /** A notice has come since our own applicants were searched. */
  readonly hasNews: boolean;
  /** The quarantine was full: before this moment it is not tried again. */
  readonly roomAtMs: number | null;
}

/** The one thing to do next. `ask`: our own applicants, then Human API; `stop-asking`: the day is over. */
export type MailboxStep<N> =
  | { readonly do: 'pass-on' | 'set-aside'; readonly notices: readonly N[] }
  | { readonly do: 'ask' | 'stop-asking' | 'search' | 'end' }
  | { readonly do: 'wait'; readonly untilMs: number };

/** After this time without an owner the notices go to the quarantine. */
const GIVE_UP_AFTER_MS = DAY_MS;
/** How long after one look without a result the next follows: a search lags by seconds, an upstream that commits late by minutes, a person by hours. */
const LOOK_UP_DELAYS_MS = [5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS];
const MAX_PAUSE_MS = 6 * HOUR_MS;
/** A notice that comes in a pause may be of a person who was started since: one query in Temporal, at most so often. */
const SEARCH_APART_MS = 5 * MINUTE_MS;
/** An operator makes room in hours. */
const QUARANTINE_RETRY_MS = HOUR_MS;
/** A run hands over less: Temporal ends one that hands over more than 2 MB. */
const MAX_CARRIED_BYTES = 1_000_000;
/** What one activity is given to set aside: some thousand notices. */
const SET_ASIDE_BYTES = 250_000;
/** The server refuses a workflow task that leaves 2,000 activities pending, for good. */
const NOTICES_PER_BATCH = 50;

/** A mailbox with what a run before handed over, or empty. */
export function openMailbox<N extends MailboxNotice>(waiting: readonly N[], search: OwnerSearch | null, nowMs: number) {
  const mailbox: Mailbox<N> = {
    notices: waiting,
    bytes: countBytes(waiting),
    owner: null,
    search: search ?? { openedAtMs: nowMs, looks: 0, nextLookAtMs: nowMs, searchedAtMs: null },
    hasNews: waiting.length > 0,
    roomAtMs: null,
  };
  return mailbox;
}

/** A mailbox with one more notice; a repeat changes nothing. No notice is dropped: beyond {@link exceedsCarryLimit} they are set aside before the day is over. */
export function withHeldNotice<N extends MailboxNotice>(mailbox: Mailbox<N>, notice: N): Mailbox<N> {
  if (mailbox.notices.some((one) => isSameNotice(one, notice))) return mailbox;
  const bytes = mailbox.bytes + countBytes([notice]);
  return { ...mailbox, notices: [...mailbox.notices, notice], bytes, hasNews: true };
}

/** The first `count` notices are dealt with. */
export function withoutFirstNotices<N extends MailboxNotice>(mailbox: Mailbox<N>, count: number): Mailbox<N> {
  const bytes = mailbox.bytes - countBytes(mailbox.notices.slice(0, count));
  return { ...mailbox, notices: mailbox.notices.slice(count), bytes, roomAtMs: null };
}

/** Our own applicants were searched; `owner` null: none has this humanId. */
export function withSearchResult<N extends MailboxNotice>(
  mailbox: Mailbox<N>,
  owner: string | null,
  nowMs: number,
): Mailbox<N> {
  return withOwner({ ...mailbox, search: { ...mailbox.search, searchedAtMs: nowMs } }, owner);
}

/** What the search or Human API answered; a person who was found stays found. */
export function withOwner<N extends MailboxNotice>(mailbox: Mailbox<N>, owner: string | null): Mailbox<N> {
  return { ...mailbox, owner: mailbox.owner ?? owner };
}

/** A look without a result: when the next follows. */
export function withFailedLookUp<N extends MailboxNotice>(mailbox: Mailbox<N>, nowMs: number): Mailbox<N> {
  const { search } = mailbox;
  const untilMs = searchEndsAtMs(mailbox);
  const pauseMs = LOOK_UP_DELAYS_MS[search.looks] ?? MAX_PAUSE_MS;
  const nextLookAtMs = nowMs >= untilMs ? null : Math.min(nowMs + pauseMs, untilMs);
  return { ...mailbox, search: { ...search, looks: search.looks + 1, nextLookAtMs } };
}

/** The quarantine had no room. */
export function withFullQuarantine<N extends MailboxNotice>(mailbox: Mailbox<N>, nowMs: number): Mailbox<N> {
  return { ...mailbox, roomAtMs: nowMs + QUARANTINE_RETRY_MS };
}

/** Whether the notices are more than a run may hand over. */
export function exceedsCarryLimit({ bytes }: Mailbox<MailboxNotice>): boolean {
  return bytes > MAX_CARRIED_BYTES;
}

/** What to do next. `isAsking`: Human API is being asked, or the turn for it is waited for. Pure: the same mailbox and time give the same step. */
export function decideMailbox<N extends MailboxNotice>(
  mailbox: Mailbox<N>,
  nowMs: number,
  isAsking: boolean,
): MailboxStep<N> {
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
    // After a full quarantine one notice is enough to find out: each try stays in the run's history.
    const batch = roomAtMs === null ? firstNotices(notices, SET_ASIDE_BYTES) : notices.slice(0, 1);
    return notices.length === 0 ? { do: 'end' } : { do: 'set-aside', notices: batch };
  }
  const times = [askAtMs, searchAtMs, setAsideAtMs].filter((timeMs) => timeMs !== null);
  return { do: 'wait', untilMs: Math.min(...times) };
}

function searchEndsAtMs({ search }: Mailbox<MailboxNotice>): number {
  return search.openedAtMs + GIVE_UP_AFTER_MS;
}

function firstNotices<N extends MailboxNotice>(notices: readonly N[], mostBytes: number): readonly N[] {
  let bytes = 0;
  const end = notices.findIndex((notice) => {
    bytes += countBytes([notice]);
    return bytes > mostBytes;
  });
  return end < 0 ? notices : notices.slice(0, Math.max(1, end));
}

/** By request id, which covers all that a notice says; signals of 0.1.0 have none. */
function isSameNotice(one: MailboxNotice, other: MailboxNotice): boolean {
  if (one.requestId !== undefined && other.requestId !== undefined) return one.requestId === other.requestId;
  return one.reportId === other.reportId && one.updatedAt === other.updatedAt;
}

/** Of the JSON, in UTF-8: three bytes at most for a character beyond ASCII. */
function countBytes(notices: readonly MailboxNotice[]): number {
  return notices.reduce((sum, notice) => sum + JSON.stringify(notice).replace(/[^ -~]/g, '...').length + 1, 0);
}
