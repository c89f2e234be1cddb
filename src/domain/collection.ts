import type { DownloadFailure } from './download-results';
import { parseInstantMs } from './instants';
import { countMarks, hasStoredMark, type Marks, markKey, shortHash } from './marks';
import { MINUTE_MS, SECOND_MS } from './policy';
import { organizationKeys } from './providers';
import { defer, NEW_RATE_LIMIT, type RateLimit, withCall } from './rate-limit';
import { credibleDateMs } from './reads';
import type { ListedKind, ListedReport, StoredDocument } from './reports';
import type { StatusKind } from './status';

/**
 * What is known of a person's reports. Plain JSON, changed only by the functions of this file and of collection-documents. Times in ms since 1970.
 * Payloads have these field names.
 */
export interface Collection {
  /** When a list was requested that is not answered yet; null without an open request. A later request keeps this time. */
  readonly wantedAtMs: number | null;
  /** When a list was last requested while an earlier request was open: a list in flight by then does not answer it. Null: it was not. */
  readonly wantedAgainAtMs: number | null;
  /** Limits the lists that notices cause. */
  readonly noticeLists: RateLimit;
  /** When upstream was last asked for a list, whatever it answered. */
  readonly askedAtMs: number | null;
  /** When upstream was asked for the last list that it returned or finally denied. */
  readonly listedAtMs: number | null;
  /** The wanted rows of that list; of a list too long for one answer, the rows to download next. */
  readonly listed: readonly ListedReport[];
  /** The other providers and types in that list, without their rows. */
  readonly others: readonly ListedKind[];
  /** How many wanted reports of that list did not fit into the answer. The next list returns them. */
  readonly left: number;
  /** True for a list of an earlier version (without `left`): its run downloaded everything before the first write, and a replay must too. */
  readonly fetchesAllFirst: boolean;
  /** Identifies the list, so that a poll returns only a changed one. */
  readonly digest: string | null;
  /** When a list last showed news: a report id or an organization that none had shown before. */
  readonly newestAtMs: number | null;
  /** Every report id and organization that a list has shown. */
  readonly seen: readonly string[];
  /** The documents stored last; with many documents, those in the manifest are in `marks` only. */
  readonly documents: readonly StoredDocument[];
  /** Failed downloads by document key; with many failures, final ones are in `marks` only. */
  readonly answers: Readonly<Record<string, DownloadFailure>>;
  /** What was removed from `documents` and `answers`, so that the state fits into Temporal's payloads (decision 0039). */
  readonly marks: Marks;
  /** True if upstream denied access: what is not stored cannot be downloaded. */
  readonly refused: boolean;
  /** What that denial contradicts, for the manifest; null: nothing. */
  readonly refusedDespite: string | null;
  /** True while the manifest lacks a change. */
  readonly unrecorded: boolean;
}

/** A list; from an earlier version without `others` and `left`, and with unwanted rows in `reports`. */
export interface ReportList {
  readonly reports: readonly ListedReport[];
  readonly others?: readonly ListedKind[];
  readonly left?: number;
  readonly digest: string;
  readonly askedAtMs: number;
}

/** `not-yet`: no access yet; `refused`: access denied, although our credentials are accepted; `unavailable`: no answer within the patience of the caller. */
export type ListAnswer =
  | ({ readonly kind: 'listed' } & ReportList)
  | { readonly kind: 'not-yet' | 'refused' | 'unavailable'; readonly askedAtMs: number };

/** Report notices within this time share one list, because upstream announces the reports of a provider one by one. */
export const SHARED_LIST_MS = 2 * SECOND_MS;
const MAX_DEFERRAL_MS = 5 * MINUTE_MS;
/** Beyond this number in `seen`, nothing restarts the settle window any more. */
const MAX_SEEN = 5_000;
/** `seen` holds the hash of a longer report id. */
const MAX_SEEN_ID_LENGTH = 64;

/** A collection without a list. `documents` and `marks`: what the manifest has from an earlier round. */
export function emptyCollection(documents: readonly StoredDocument[] = [], marks: Marks = {}): Collection {
  return {
    wantedAtMs: null,
    wantedAgainAtMs: null,
    noticeLists: NEW_RATE_LIMIT,
    askedAtMs: null,
    listedAtMs: null,
    listed: [],
    others: [],
    left: 0,
    fetchesAllFirst: false,
    digest: null,
    newestAtMs: null,
    seen: [],
    documents,
    answers: {},
    marks,
    refused: false,
    refusedDespite: null,
    unrecorded: false,
  };
}

/** A collection that an earlier version wrote; missing fields get the values of an empty one. */
export function upgradeCollection(written: Partial<Collection> | undefined): Collection {
  return { ...emptyCollection(), ...written };
}

/** Requests a list. An earlier open request keeps its time. */
export function withListRequested(collection: Collection, nowMs: number): Collection {
  return { ...collection, wantedAtMs: collection.wantedAtMs ?? nowMs };
}

/** The same, but a list that is in flight already does not answer the request. */
export function withNextListRequested(collection: Collection, nowMs: number): Collection {
  return collection.wantedAtMs === null
    ? { ...collection, wantedAtMs: nowMs }
    : { ...collection, wantedAgainAtMs: nowMs };
}

/**
 * A report notice requests a list, unless that version, or a newer one with a credible date, is listed already. `isOf020`: in a run of 0.2.0 a list in
 * flight answers the request, as its history shows.
 */
export function withReportNotice(
  collection: Collection,
  notice: { reportId: string; updatedAt: string | null },
  nowMs: number,
  isOf020 = false,
): Collection {
  const updatedAtMs = parseInstantMs(notice.updatedAt);
  const isListed = collection.listed.some(
    (report) =>
      report.id === notice.reportId &&
      updatedAtMs !== null &&
      (credibleDateMs(parseInstantMs(report.updatedAt), nowMs) ?? -Infinity) >= updatedAtMs,
  );
  if (isListed) return collection;
  return isOf020 ? withListRequested(collection, nowMs) : withNextListRequested(collection, nowMs);
}

/** Counts a list for a notice against the rate limit. */
export function withNoticeList(collection: Collection, nowMs: number, cadenceMs: number): Collection {
  return { ...collection, noticeLists: withCall(collection.noticeLists, nowMs, cadenceMs) };
}

/** `evidence`: what {@link findAccessEvidence} found, in case access is denied. */
export function withListAnswer(
  collection: Collection,
  answer: ListAnswer,
  nowMs: number,
  cadenceMs: number,
  evidence: string | null = null,
): Collection {
  switch (answer.kind) {
    case 'listed':
      return withList(collection, answer, nowMs);
    case 'refused':
      return withAccessDenied(collection, answer.askedAtMs, evidence);
    case 'not-yet':
      return withRequestAnswered(collection, answer.askedAtMs);
    case 'unavailable':
      return withDeferredList(collection, nowMs, cadenceMs);
  }
}

/** A list that was requested before the last one changes nothing. */
export function withList(collection: Collection, list: ReportList, nowMs: number): Collection {
  if (list.askedAtMs < (collection.listedAtMs ?? -Infinity)) return collection;
  const reports = newestRows(list.reports);
  const others = list.others ?? [];
  const { seen, hasNews } = withSeen(collection.seen, reports, others);
  return {
    ...withRequestAnswered(collection, list.askedAtMs),
    listedAtMs: list.askedAtMs,
    listed: reports,
    others,
    left: list.left ?? 0,
    fetchesAllFirst: list.left === undefined,
    refused: false,
    refusedDespite: null,
    digest: list.digest,
    newestAtMs: hasNews ? nowMs : collection.newestAtMs,
    seen,
  };
}

/** A known provider in another spelling is not news. */
function withSeen(
  before: readonly string[],
  reports: readonly ListedReport[],
  others: readonly ListedKind[],
): { seen: readonly string[]; hasNews: boolean } {
  const seen = new Set(before);
  let hasNews = false;
  const add = (keys: readonly string[]) => {
    const isNew = !keys.some((key) => seen.has(key));
    if (seen.size >= MAX_SEEN) return;
    hasNews ||= isNew;
    for (const key of keys) seen.add(key);
  };
  for (const { id } of reports) add([`report ${id.length > MAX_SEEN_ID_LENGTH ? `#${shortHash(id)}` : id}`]);
  for (const { organization } of [...reports, ...others]) {
    if (organization) add(organizationKeys(organization).map((key) => `organization ${key}`));
  }
  return { seen: seen.size > before.length ? [...seen] : before, hasNews };
}

/** The newest row of each report: a list that repeats a row must not cause two downloads of one document at once. */
export function newestRows(rows: readonly ListedReport[]): ListedReport[] {
  const newest = new Map<string, ListedReport>();
  for (const row of rows) {
    const known = newest.get(row.id);
    if (!known || (parseInstantMs(row.updatedAt) ?? 0) >= (parseInstantMs(known.updatedAt) ?? 0))
      newest.set(row.id, row);
  }
  return [...newest.values()];
}

/** Upstream denied access to the list while it accepts our credentials: there is nothing to collect. */
function withAccessDenied(collection: Collection, askedAtMs: number, evidence: string | null): Collection {
  return {
    ...withRequestAnswered(collection, askedAtMs),
    listedAtMs: askedAtMs,
    refused: true,
    refusedDespite: evidence,
  };
}

/** How many wanted versions the last list of the second has that the last list of the first had not. */
export function countNewVersions(before: Collection, after: Collection): number {
  if (before.listed === after.listed) return 0;
  const versionOf = ({ id, updatedAt }: ListedReport) => JSON.stringify([id, updatedAt]);
  const known = new Set(before.listed.map(versionOf));
  return after.listed.filter((report) => !known.has(versionOf(report))).length;
}

/** Ends an open request, unless it came after `askedAtMs`. */
function withRequestAnswered(collection: Collection, askedAtMs: number): Collection {
  const { wantedAtMs, wantedAgainAtMs } = collection;
  const isOpen = wantedAtMs !== null && wantedAtMs > askedAtMs;
  // In the same millisecond as the list, the request may have come after it.
  const isOpenAgain = wantedAgainAtMs !== null && wantedAgainAtMs >= askedAtMs;
  const openAtMs = isOpen ? wantedAtMs : isOpenAgain ? wantedAgainAtMs : null;
  return { ...collection, askedAtMs, wantedAtMs: openAtMs, wantedAgainAtMs: null };
}

function withDeferredList(collection: Collection, nowMs: number, cadenceMs: number): Collection {
  const untilMs = nowMs + Math.min(MAX_DEFERRAL_MS, cadenceMs);
  return { ...collection, noticeLists: defer(collection.noticeLists, untilMs, cadenceMs) };
}

/** What shows that the person gave access, so that a denial contradicts it; null: nothing. `kind` null: no status is known. */
export function findAccessEvidence(kind: StatusKind | null, collection: Collection): string | null {
  if (kind === 'all-synced') return 'the status said All Synced';
  if (kind === 'some-synced') return 'the status said Some Synced';
  return hasReports(collection) ? 'reports had been listed before' : null;
}

/** True if a report is listed, wanted or not, or a document is stored. */
export function hasReports(collection: Collection): boolean {
  return hasListedReports(collection) || countDocuments(collection) > 0;
}

/** True if the last list shows any report, wanted or not. */
export function hasListedReports({ listed, others }: Collection): boolean {
  return listed.length > 0 || others.length > 0;
}

/** How many documents are stored, several versions of one counted once. */
export function countDocuments({ documents, marks }: Collection): number {
  const unmarked = documents.filter(({ reportId, format }) => !hasStoredMark(marks, markKey(reportId, format)));
  return countMarks(marks).stored + countCurrentDocuments(unmarked);
}

/** How many documents the entries belong to: several versions of one document count once. */
export function countCurrentDocuments(documents: readonly StoredDocument[]): number {
  return new Set(documents.map((entry) => `${entry.reportId}|${entry.format}`)).size;
}
