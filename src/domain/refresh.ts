import {
  type Collection,
  emptyCollection,
  SHARED_LIST_MS,
  upgradeCollection,
  withListRequested,
  withNoticeList,
} from './collection';
import { mustRecord, nextRetryAtMs, selectDownloads } from './collection-documents';
import { REREAD_DELAYS_MS } from './facts';
import { parseInstantMs } from './instants';
import type { Marks } from './marks';
import type { ReportNotice } from './notices';
import { completePolicy, earliest, MINUTE_MS, type Policy } from './policy';
import { nextAllowedAtMs } from './rate-limit';
import { credibleDateMs } from './reads';
import type { ListedReport, StoredDocument, WantedDocument } from './reports';

/** A notice whose version no list has shown yet. */
interface AwaitedReport {
  readonly notice: ReportNotice;
  /** When the next list is due. */
  readonly dueAtMs: number;
  /** How many lists did not show it. */
  readonly looks: number;
}

/** The closed round. `policy` is the worker's, except that `wanted` comes from the manifest. */
export interface ClosedRound {
  readonly humanId: string | null;
  readonly closedAt: string | null;
  /** Absent: 1. */
  readonly round?: number;
  readonly policy: Policy;
  readonly documents: readonly StoredDocument[];
  /** In place of `documents` if they are many. */
  readonly marks?: Marks;
}

/** When to list the reports after a closing without a notice: `afterMs` after `closedAtMs`, ascending. */
export interface CheckSchedule {
  readonly closedAtMs: number;
  readonly afterMs: readonly number[];
}

/** The state of a refresh. Plain JSON, changed only by the functions below. */
export interface Refresh {
  /** Null until the manifest is read. */
  readonly round: Omit<ClosedRound, 'documents' | 'marks'> | null;
  readonly collection: Collection;
  readonly awaited: readonly AwaitedReport[];
  /** How many notices were about another person. */
  readonly ignored: number;
  /** How many documents were stored. */
  readonly stored: number;
  /** The remaining checks; null if no closing scheduled any. Missing in the state of 0.1.0. */
  readonly checks: CheckSchedule | null;
}

/** The next step. */
export type RefreshStep =
  | { readonly do: 'fetch'; readonly documents: readonly WantedDocument[] }
  | { readonly do: 'record' | 'list' | 'end' }
  | { readonly do: 'wait'; readonly untilMs: number };

/** Further notices request a list, but are not awaited. */
const MAX_AWAITED = 500;
/** Checks are delayed by up to this, so that the applicants of a batch do not list in the same second. */
const MAX_CHECK_JITTER_MS = 30 * MINUTE_MS;
const JITTER_SHARE = 0.1;

/** True if the closing is recent enough to collect new versions; false for an unknown time. */
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

/** A refresh that an earlier version carried over; missing fields get the values of a new one. */
export function upgradeRefresh(carried: Refresh): Refresh {
  const { round, collection } = carried;
  return {
    ...NEW_REFRESH,
    ...carried,
    round: round && { ...round, policy: completePolicy(round.policy) },
    collection: upgradeCollection(collection),
  };
}

/** The delays of an applicant's checks, in ms after the closing. `jitter`: 0 to 1, fixed per applicant. */
export function checkDelaysMs(afterMs: readonly number[], jitter: number): readonly number[] {
  return afterMs.map((ms) => Math.round(ms + jitter * Math.min(ms * JITTER_SHARE, MAX_CHECK_JITTER_MS)));
}

/** The schedule of a later closing replaces an earlier one. A repeat or a malformed schedule changes nothing. */
export function withCheckSchedule(refresh: Refresh, schedule: CheckSchedule): Refresh {
  const { closedAtMs, afterMs } = schedule ?? {};
  if (!Number.isFinite(closedAtMs) || !Array.isArray(afterMs) || !afterMs.every(Number.isFinite)) return refresh;
  if (refresh.checks && closedAtMs <= refresh.checks.closedAtMs) return refresh;
  return { ...refresh, checks: { closedAtMs, afterMs } };
}

/** When the next check is due; null if none remains. Counts from the closing in the schedule or in the manifest, whichever is later. */
export function nextCheckAtMs(refresh: Refresh): number | null {
  const [afterMs] = refresh.checks?.afterMs ?? [];
  return afterMs === undefined ? null : checksStartMs(refresh) + afterMs;
}

function checksStartMs({ checks, round }: Refresh): number {
  return Math.max(checks?.closedAtMs ?? 0, parseInstantMs(round?.closedAt ?? null) ?? 0);
}

/** A list requested at `askedAtMs` replaces every check that was due by then. */
function withoutChecksUntil(refresh: Refresh, askedAtMs: number): Refresh {
  const { checks } = refresh;
  if (!checks) return refresh;
  const afterMs = checks.afterMs.filter((ms) => checksStartMs(refresh) + ms > askedAtMs);
  return { ...refresh, checks: { ...checks, afterMs } };
}

/** A notice requests a list, and is awaited until a list shows its version. */
export function withAwaitedReport(refresh: Refresh, notice: ReportNotice, nowMs: number): Refresh {
  const { awaited, collection } = refresh;
  const isDated = credibleDateMs(parseInstantMs(notice.updatedAt), nowMs) !== null;
  if (isDated && collection.listed.some((report) => showsVersion(report, notice, nowMs))) return refresh;
  const known = awaited.some(
    ({ notice: other }) => other.reportId === notice.reportId && other.updatedAt === notice.updatedAt,
  );
  if (!known && awaited.length < MAX_AWAITED) {
    return keepOwnNotices({ ...refresh, awaited: [...awaited, { notice, dueAtMs: nowMs + SHARED_LIST_MS, looks: 0 }] });
  }
  return { ...refresh, collection: withListRequested(collection, nowMs) };
}

/** After a read of the manifest. A new round replaces what is known of an earlier one; the awaited reports of its person stay. */
export function withClosedRound(refresh: Refresh, { documents, marks, ...closed }: ClosedRound): Refresh {
  // A worker of an earlier version may have read the manifest.
  const round = { ...closed, policy: completePolicy(closed.policy) };
  if (refresh.round?.closedAt === round.closedAt && refresh.round.humanId === round.humanId) return refresh;
  return keepOwnNotices({ ...refresh, round, collection: emptyCollection(documents, marks) });
}

/** Drops notices about another person, once the person is known. */
function keepOwnNotices(refresh: Refresh): Refresh {
  const { round, awaited } = refresh;
  if (!round) return refresh;
  const ours = awaited.filter(({ notice }) => notice.humanId === round.humanId);
  return { ...refresh, awaited: ours, ignored: refresh.ignored + awaited.length - ours.length };
}

/** Removes the notices that the applicant has accepted, after it was opened again. */
export function withoutAwaitedReports(refresh: Refresh, accepted: ReadonlySet<ReportNotice>): Refresh {
  return { ...refresh, awaited: refresh.awaited.filter(({ notice }) => !accepted.has(notice)) };
}

/** True if a notice requests a list, not only a check. */
export function isListRequested({ awaited, collection }: Refresh): boolean {
  return awaited.length > 0 || collection.wantedAtMs !== null;
}

/** Counts a list for notices against the rate limit, before the list. */
export function withCountedList(refresh: Refresh, nowMs: number): Refresh {
  return { ...refresh, collection: withNoticeList(refresh.collection, nowMs, listCadenceMs(refresh)) };
}

/**
 * After a list that was requested at `askedAtMs`. `collection` already includes it; `listed` null: no access. Upstream's lists may lag behind its
 * notices, so a report that is not listed is awaited for 1, 5 and 30 min more, then dropped.
 */
export function withListResult(
  refresh: Refresh,
  collection: Collection,
  listed: readonly ListedReport[] | null,
  askedAtMs: number,
): Refresh {
  const awaited = refresh.awaited.flatMap((report) => {
    if (listed?.some((row) => showsVersion(row, report.notice, askedAtMs))) return [];
    if (report.dueAtMs > askedAtMs) return [report];
    const delayMs = REREAD_DELAYS_MS[report.looks];
    return delayMs === undefined ? [] : [{ ...report, looks: report.looks + 1, dueAtMs: askedAtMs + delayMs }];
  });
  return { ...withoutChecksUntil(refresh, askedAtMs), collection, awaited };
}

/** Ignores dates far ahead of our clock: a row dated 2099 would hide every later version. */
function showsVersion({ id, updatedAt }: ListedReport, notice: ReportNotice, nowMs: number): boolean {
  const dateMs = (text: string | null) => credibleDateMs(parseInstantMs(text), nowMs) ?? 0;
  return id === notice.reportId && dateMs(updatedAt) >= dateMs(notice.updatedAt);
}

/** The next step. Pure: the same refresh and time give the same step. */
export function decideRefresh(refresh: Refresh, nowMs: number): RefreshStep {
  const { round, collection, awaited } = refresh;
  const wanted = round?.policy.wanted ?? {};
  if (mustRecord(collection)) return { do: 'record' };
  const documents = selectDownloads(collection, wanted, nowMs);
  if (documents.length > 0) return { do: 'fetch', documents };
  if (collection.unrecorded) return { do: 'record' };
  const listAtMs = earliest(
    ...awaited.map(({ dueAtMs }) => dueAtMs),
    collection.wantedAtMs === null ? null : collection.wantedAtMs + SHARED_LIST_MS,
  );
  const allowedMs = nextAllowedAtMs(collection.noticeLists, listCadenceMs(refresh));
  const dueMs = earliest(
    listAtMs === null ? null : Math.max(listAtMs, allowedMs),
    nextRetryAtMs(collection, wanted),
    nextCheckAtMs(refresh),
  );
  if (dueMs === null) return { do: 'end' };
  return nowMs >= dueMs ? { do: 'list' } : { do: 'wait', untilMs: dueMs };
}

function listCadenceMs({ round }: Refresh): number {
  return round?.policy.pollMs.someSynced ?? MINUTE_MS;
}
