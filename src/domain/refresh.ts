import {
  type Collection,
  emptyCollection,
  mustRecord,
  nextRetryAtMs,
  selectDownloads,
  upgradeCollection,
  withListWanted,
  withNoticeList,
} from './collection';
import { REREAD_DELAYS_MS } from './facts';
import { parseInstantMs } from './instants';
import type { Marks } from './marks';
import type { Outcome, Reason } from './outcome';
import { completePolicy, MINUTE_MS, type Policy, SECOND_MS } from './policy';
import { nextAllowedAtMs } from './rate-limit';
import { credibleDateMs } from './reads';
import type { ListedReport, StoredDocument, WantedDocument } from './reports';

/** A report that upstream told of after the closing. */
export interface LateReportNotice {
  readonly humanId: string;
  readonly reportId: string;
  readonly type: string | null;
  readonly updatedAt: string | null;
  /** Under which it is passed on; missing in what 0.1.0 carried. */
  readonly requestId?: string;
}

/** A notice that no list has answered yet. */
interface AwaitedReport {
  readonly notice: LateReportNotice;
  /** When it is looked for next, and how often it was. */
  readonly dueAtMs: number;
  readonly looks: number;
}

/** The closed round that is refreshed, as its manifest and the worker's settings tell it; `policy.wanted` is the round's own. */
export interface ClosedRound {
  readonly humanId: string | null;
  readonly closedAt: string | null;
  /** Its number; not given: the first. */
  readonly round?: number;
  readonly policy: Policy;
  readonly documents: readonly StoredDocument[];
  /** Of many documents, in their place. */
  readonly marks?: Marks;
}

/** The catch-up lists that a closing asks for: made without a notice, so long after the closing, ascending. */
export interface CheckSchedule {
  readonly closedAtMs: number;
  readonly afterMs: readonly number[];
}

/** All that a refresh knows: plain JSON, changed only by the functions below. */
export interface Refresh {
  /** Null before the manifest was read. */
  readonly round: Omit<ClosedRound, 'documents' | 'marks'> | null;
  readonly collection: Collection;
  readonly awaited: readonly AwaitedReport[];
  /** Notices of another person. */
  readonly ignored: number;
  readonly stored: number;
  /** The checks that remain; null where no closing asked for any, and in what 0.1.0 carried. */
  readonly checks: CheckSchedule | null;
}

/** The one thing to do next. */
export type RefreshStep =
  | { readonly do: 'fetch'; readonly documents: readonly WantedDocument[] }
  | { readonly do: 'record' | 'list' | 'end' }
  | { readonly do: 'wait'; readonly untilMs: number };

/** Notices that arrive within this time share one list. */
const SHARED_LIST_MS = 2 * SECOND_MS;
/** Each asks for a list anyway; beyond so many nobody checks that it is in it. */
const MAX_AWAITED = 500;
/** By how much a check may be put off, so that the applicants of a batch do not list in the same second. */
const MAX_CHECK_JITTER_MS = 30 * MINUTE_MS;
const JITTER_SHARE = 0.1;

/** True where the person was not withdrawn at the closing, so that upstream may still tell of reports: those who connected, and whose time was not up. */
export function isStillConnected(outcome: Outcome | null, reason: Reason | null): boolean {
  return outcome === 'collected' || (outcome === 'partial' && reason !== 'deadline');
}

/** Whether a closing is so recent that new versions are still taken. An unknown time is long ago. */
export function isWithinRefreshPeriod(nowMs: number, closedAtMs: number | null, refreshForMs: number): boolean {
  return closedAtMs !== null && nowMs - closedAtMs <= refreshForMs;
}

export const NEW_REFRESH: Refresh = {
  round: null,
  collection: emptyCollection(),
  awaited: [],
  ignored: 0,
  stored: 0,
  checks: null,
};

/** The refresh that an earlier version handed to continue-as-new: what it lacks is as in a new one. */
export function upgradeRefresh(carried: Refresh): Refresh {
  const { round, collection } = carried;
  return {
    ...NEW_REFRESH,
    ...carried,
    round: round && { ...round, policy: completePolicy(round.policy) },
    collection: upgradeCollection(collection),
  };
}

/** When the checks of one applicant are due, in ms after the closing; `jitter` (0 to 1) is the applicant's own. */
export function checkDelaysMs(afterMs: readonly number[], jitter: number): readonly number[] {
  return afterMs.map((ms) => Math.round(ms + jitter * Math.min(ms * JITTER_SHARE, MAX_CHECK_JITTER_MS)));
}

/** A closing asks for its checks, in place of those of an earlier one. A repeat, and what is no schedule, changes nothing. */
export function withCheckSchedule(refresh: Refresh, schedule: CheckSchedule): Refresh {
  const { closedAtMs, afterMs } = schedule ?? {};
  if (!Number.isFinite(closedAtMs) || !Array.isArray(afterMs) || !afterMs.every(Number.isFinite)) return refresh;
  if (refresh.checks && closedAtMs <= refresh.checks.closedAtMs) return refresh;
  return { ...refresh, checks: { closedAtMs, afterMs } };
}

/** When the next check is due; null where none remains. Counted from the closing that the manifest tells, where that is the later one. */
export function nextCheckAtMs(refresh: Refresh): number | null {
  const [afterMs] = refresh.checks?.afterMs ?? [];
  return afterMs === undefined ? null : checksStartMs(refresh) + afterMs;
}

function checksStartMs({ checks, round }: Refresh): number {
  return Math.max(checks?.closedAtMs ?? 0, parseInstantMs(round?.closedAt ?? null) ?? 0);
}

/** A list asked for at `askedAtMs` is every check that was due by then. */
function withoutChecksUntil(refresh: Refresh, askedAtMs: number): Refresh {
  const { checks } = refresh;
  if (!checks) return refresh;
  const afterMs = checks.afterMs.filter((ms) => checksStartMs(refresh) + ms > askedAtMs);
  return { ...refresh, checks: { ...checks, afterMs } };
}

/** A notice asks for a list, and is waited for until one shows its version. */
export function withAwaitedReport(refresh: Refresh, notice: LateReportNotice, nowMs: number): Refresh {
  const { awaited, collection } = refresh;
  const isDated = credibleDateMs(parseInstantMs(notice.updatedAt), nowMs) !== null;
  if (isDated && collection.listed.some((report) => shows(report, notice, nowMs))) return refresh;
  const known = awaited.some(
    ({ notice: other }) => other.reportId === notice.reportId && other.updatedAt === notice.updatedAt,
  );
  if (!known && awaited.length < MAX_AWAITED) {
    return keepOwnNotices({ ...refresh, awaited: [...awaited, { notice, dueAtMs: nowMs + SHARED_LIST_MS, looks: 0 }] });
  }
  return { ...refresh, collection: withListWanted(collection, nowMs) };
}

/** The manifest was read: what is known of an earlier round no longer counts, the notices do. */
export function withClosedRound(refresh: Refresh, { documents, marks, ...closed }: ClosedRound): Refresh {
  // A worker of an earlier version may have read it.
  const round = { ...closed, policy: completePolicy(closed.policy) };
  if (refresh.round?.closedAt === round.closedAt && refresh.round.humanId === round.humanId) return refresh;
  return keepOwnNotices({ ...refresh, round, collection: emptyCollection(documents, marks) });
}

/** A notice whose humanId is not the applicant's own is ignored and counted. */
function keepOwnNotices(refresh: Refresh): Refresh {
  const { round, awaited } = refresh;
  if (!round) return refresh;
  const ours = awaited.filter(({ notice }) => notice.humanId === round.humanId);
  return { ...refresh, awaited: ours, ignored: refresh.ignored + awaited.length - ours.length };
}

/** The notices that another took over. */
export function withoutAwaitedReports(refresh: Refresh, passedOn: ReadonlySet<LateReportNotice>): Refresh {
  return { ...refresh, awaited: refresh.awaited.filter(({ notice }) => !passedOn.has(notice)) };
}

/** True where a notice, and not only a check, asks for a list. */
export function isListRequested({ awaited, collection }: Refresh): boolean {
  return awaited.length > 0 || collection.wantedAtMs !== null;
}

/** A list that notices want is about to be asked for, counted against the allowance. */
export function withCountedList(refresh: Refresh, nowMs: number): Refresh {
  return { ...refresh, collection: withNoticeList(refresh.collection, nowMs, listCadenceMs(refresh)) };
}

/**
 * A list that was asked for at `askedAtMs` is taken into `collection`; null: no access. Upstream's read side may lag behind its notices: what
 * the list did not show is looked for 1, 5 and 30 min later, then given up.
 */
export function withListResult(
  refresh: Refresh,
  collection: Collection,
  listed: readonly ListedReport[] | null,
  askedAtMs: number,
): Refresh {
  const awaited = refresh.awaited.flatMap((one) => {
    if (listed?.some((report) => shows(report, one.notice, askedAtMs))) return [];
    if (one.dueAtMs > askedAtMs) return [one];
    const againMs = REREAD_DELAYS_MS[one.looks];
    return againMs === undefined ? [] : [{ ...one, looks: one.looks + 1, dueAtMs: askedAtMs + againMs }];
  });
  return { ...withoutChecksUntil(refresh, askedAtMs), collection, awaited };
}

/** A date far ahead of our clock shows nothing: a row dated 2099 would hide every later version. */
function shows({ id, updatedAt }: ListedReport, notice: LateReportNotice, nowMs: number): boolean {
  const dateMs = (text: string | null) => credibleDateMs(parseInstantMs(text), nowMs) ?? 0;
  return id === notice.reportId && dateMs(updatedAt) >= dateMs(notice.updatedAt);
}

/** What to do next. Pure: the same refresh and time give the same step. */
export function decideRefresh(refresh: Refresh, nowMs: number): RefreshStep {
  const { round, collection, awaited } = refresh;
  const wanted = round?.policy.wanted ?? {};
  if (mustRecord(collection)) return { do: 'record' };
  const documents = selectDownloads(collection, wanted, nowMs);
  if (documents.length > 0) return { do: 'fetch', documents };
  if (collection.unrecorded) return { do: 'record' };
  const listAtMs = earliest([
    ...awaited.map(({ dueAtMs }) => dueAtMs),
    collection.wantedAtMs === null ? null : collection.wantedAtMs + SHARED_LIST_MS,
  ]);
  const allowedMs = nextAllowedAtMs(collection.noticeLists, listCadenceMs(refresh));
  const dueMs = earliest([
    listAtMs === null ? null : Math.max(listAtMs, allowedMs),
    nextRetryAtMs(collection, wanted),
    nextCheckAtMs(refresh),
  ]);
  if (dueMs === null) return { do: 'end' };
  return nowMs >= dueMs ? { do: 'list' } : { do: 'wait', untilMs: dueMs };
}

function listCadenceMs({ round }: Refresh): number {
  return round?.policy.pollMs.someSynced ?? MINUTE_MS;
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((timeMs) => timeMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}
