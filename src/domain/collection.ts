import { type DownloadFailure, type DownloadResult, toDownloadFailure } from './download-results';
import { parseInstantMs, versionName } from './instants';
import {
  countMarks,
  findMark,
  hasStoredMark,
  locateMark,
  type Mark,
  type MarkLocation,
  type Marks,
  markKey,
  shortHash,
  withMarks,
} from './marks';
import { MINUTE_MS, type Policy } from './policy';
import { organizationKeys } from './providers';
import { defer, NEW_RATE_LIMIT, type RateLimit, withCall } from './rate-limit';
import { credibleDateMs } from './reads';
import {
  documentKey,
  FORMATS,
  type Format,
  findNewestVersion,
  type ListedKind,
  type ListedReport,
  listWantedDocuments,
  parseDocumentKey,
  type StoredDocument,
  storedDocumentKeys,
  type Wanted,
  type WantedDocument,
} from './reports';

/** All that is known of a person's reports: plain JSON, changed only by the functions below. Times in ms. */
export interface Collection {
  /** Since when a list has been wanted; null when none is. */
  readonly wantedAtMs: number | null;
  /** Limits the lists that notices cause. */
  readonly noticeLists: RateLimit;
  /** When a list was last asked for, whatever came of it. */
  readonly askedAtMs: number | null;
  /** When the last list that was answered had been asked for. */
  readonly listedAtMs: number | null;
  /** The wanted rows of that list, or those of a list too long for one answer that are to be fetched next. */
  readonly listed: readonly ListedReport[];
  /** What else that list shows: providers and types that no row of `listed` has. */
  readonly others: readonly ListedKind[];
  /** How many wanted reports of that list wait for the next one, because they are too many for one answer. */
  readonly left: number;
  /** True where an earlier version answered that list: its run fetched everything before it recorded, so a replay has to do the same. */
  readonly fetchesAllFirst: boolean;
  /** What tells one list from another, so that a poll can keep quiet. */
  readonly digest: string | null;
  /** When a list last showed a report id or an organization for the first time. */
  readonly newestAtMs: number | null;
  /** Every report id and organization ever listed. */
  readonly seen: readonly string[];
  /** Those stored last. Of many, the ones that the manifest has are in `marks` only. */
  readonly documents: readonly StoredDocument[];
  /** By document key; of many, the final ones are in `marks` only. */
  readonly answers: Readonly<Record<string, DownloadFailure>>;
  /** What left `documents` and `answers`, so that the state fits into Temporal's payloads (decision 0039). */
  readonly marks: Marks;
  /** True once upstream gave no access any more: what is not stored will not be had. */
  readonly refused: boolean;
  /** What that refusal contradicts, in words for the manifest; null where nothing does. */
  readonly refusedDespite: string | null;
  /** True while the manifest lags behind. */
  readonly unrecorded: boolean;
}

/** More documents at once would only wait in the queue of the rate limit. */
const MAX_DOWNLOADS_PER_STEP = 50;
/** A list that was put off is as far away as the next try in a long outage. */
const MAX_DEFERRAL_MS = 5 * MINUTE_MS;
/** Entries of documents, and final answers, that are kept in full once the manifest has them: a few dozen kilobytes. */
const MAX_FULL_DOCUMENTS = 100;
const MAX_FULL_FAILURES = 200;
/** While so many documents fail, the others wait: an outage must not fill the state, and says nothing about them. */
const MAX_RETRIED = 500;
/** Documents of one applicant, about 25 bytes of state each. What is beyond them is listed as failed. */
const MAX_DOCUMENTS = 16_000;
/** How many report ids and organizations are remembered: beyond them nothing restarts the settle window. */
const MAX_SEEN = 5_000;
/** Longer report ids are remembered by their hash. */
const MAX_SEEN_ID_LENGTH = 64;

/** Nothing known yet; `documents` and `marks` as an earlier round left them in the manifest. */
export function emptyCollection(documents: readonly StoredDocument[] = [], marks: Marks = {}): Collection {
  return {
    wantedAtMs: null,
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

/** A collection that an earlier version wrote: what it lacks is as in a new one. */
export function upgradeCollection(written: Partial<Collection> | undefined): Collection {
  return { ...emptyCollection(), ...written };
}

/** Asks for a list; one that is wanted already is shared. */
export function withListWanted(collection: Collection, nowMs: number): Collection {
  return { ...collection, wantedAtMs: collection.wantedAtMs ?? nowMs };
}

/** A report notice names a report, nothing more: it asks for a list unless that version was listed already, under a credible date. */
export function withReportNotice(
  collection: Collection,
  notice: { reportId: string; updatedAt: string | null },
  nowMs: number,
): Collection {
  const updatedAtMs = parseInstantMs(notice.updatedAt);
  const known = collection.listed.some(
    (report) =>
      report.id === notice.reportId &&
      updatedAtMs !== null &&
      (credibleDateMs(parseInstantMs(report.updatedAt), nowMs) ?? -Infinity) >= updatedAtMs,
  );
  return known ? collection : withListWanted(collection, nowMs);
}

/** A list made because of a notice, counted against the allowance. */
export function withNoticeList(collection: Collection, nowMs: number, cadenceMs: number): Collection {
  return { ...collection, noticeLists: withCall(collection.noticeLists, nowMs, cadenceMs) };
}

/** A list as it was answered; one of an earlier version has no `others` and no `left`, and holds the unwanted rows as well. */
export interface ReportList {
  readonly reports: readonly ListedReport[];
  readonly others?: readonly ListedKind[];
  readonly left?: number;
  readonly digest: string;
  readonly askedAtMs: number;
}

/** Upstream's list, asked for at `askedAtMs`. One that a later list has overtaken on the way changes nothing. */
export function withList(collection: Collection, list: ReportList, nowMs: number): Collection {
  if (list.askedAtMs < (collection.listedAtMs ?? -Infinity)) return collection;
  const reports = newestRows(list.reports);
  const others = list.others ?? [];
  const { seen, hasNews } = withSeen(collection.seen, reports, others);
  return {
    ...withUnansweredList(collection, list.askedAtMs),
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

/** What was ever listed, with this list; another spelling of a known provider is no news. */
function withSeen(
  before: readonly string[],
  reports: readonly ListedReport[],
  others: readonly ListedKind[],
): { seen: readonly string[]; hasNews: boolean } {
  const seen = new Set(before);
  let hasNews = false;
  const see = (keys: readonly string[]) => {
    const isNew = !keys.some((key) => seen.has(key));
    if (seen.size >= MAX_SEEN) return;
    hasNews ||= isNew;
    for (const key of keys) seen.add(key);
  };
  for (const { id } of reports) see([`report ${id.length > MAX_SEEN_ID_LENGTH ? `#${shortHash(id)}` : id}`]);
  for (const { organization } of [...reports, ...others]) {
    if (organization) see(organizationKeys(organization).map((key) => `organization ${key}`));
  }
  return { seen: seen.size > before.length ? [...seen] : before, hasNews };
}

/** One row a report, the newest: a list that repeats itself must not have a document fetched twice side by side. */
export function newestRows(rows: readonly ListedReport[]): ListedReport[] {
  const newest = new Map<string, ListedReport>();
  for (const row of rows) {
    const known = newest.get(row.id);
    if (!known || (parseInstantMs(row.updatedAt) ?? 0) >= (parseInstantMs(known.updatedAt) ?? 0))
      newest.set(row.id, row);
  }
  return [...newest.values()];
}

/** Upstream refused the list, and our credentials were proven good: there is nothing to collect (any more). `despite`: what that contradicts. */
export function withAccessDenied(collection: Collection, askedAtMs: number, despite: string | null = null): Collection {
  return {
    ...withUnansweredList(collection, askedAtMs),
    listedAtMs: askedAtMs,
    refused: true,
    refusedDespite: despite,
  };
}

/** No list is to be had yet: what asked for it is answered, nothing is learnt. */
export function withUnansweredList(collection: Collection, askedAtMs: number): Collection {
  const { wantedAtMs } = collection;
  return { ...collection, askedAtMs, wantedAtMs: wantedAtMs !== null && wantedAtMs > askedAtMs ? wantedAtMs : null };
}

/** Upstream could not be asked for so long that what notices want waits for a better time. */
export function withDeferredList(collection: Collection, nowMs: number, cadenceMs: number): Collection {
  const untilMs = nowMs + Math.min(MAX_DEFERRAL_MS, cadenceMs);
  return { ...collection, noticeLists: defer(collection.noticeLists, untilMs, cadenceMs) };
}

/** What came of a document that was asked for. */
export function withDownloadResult(
  collection: Collection,
  wanted: WantedDocument,
  fetched: DownloadResult,
  nowMs: number,
  policy: Policy,
): Collection {
  const key = documentKey(wanted);
  if (fetched.kind === 'stored') {
    const { [key]: _answered, ...answers } = collection.answers;
    const documents = collection.documents.filter((entry) => entry.file !== fetched.document.file);
    const stored = { ...collection, answers, documents: [...documents, fetched.document], unrecorded: true };
    return withNextPart(stored, nowMs);
  }
  const before = collection.answers[key];
  const answer = toDownloadFailure(fetched, before, nowMs, policy, hasOtherFormat(collection, wanted));
  // One more hour of the same failure is nothing that the manifest would tell.
  const news = before?.reason !== answer.reason || before.detail !== answer.detail;
  const answers = { ...collection.answers, [key]: answer };
  const answered = { ...collection, answers, unrecorded: collection.unrecorded || news };
  if (fetched.kind === 'gone') return withListWanted(answered, nowMs);
  return isFinal(answer) ? withNextPart(answered, nowMs) : answered;
}

/** True where another format of the report is stored. */
function hasOtherFormat({ documents, marks }: Collection, { report, format }: WantedDocument): boolean {
  const isStored = (other: Format) =>
    documents.some((entry) => entry.reportId === report.id && entry.format === other) ||
    hasStoredMark(marks, markKey(report.id, other));
  return FORMATS.some((other) => other !== format && isStored(other));
}

/** A list too long for one answer is asked for again once something of it is done: then the next reports have their turn. */
function withNextPart(collection: Collection, nowMs: number): Collection {
  return collection.left > 0 ? withListWanted(collection, nowMs) : collection;
}

function isFinal(answer: DownloadFailure): boolean {
  return answer.reason === 'not-offered' || answer.retryAtMs === null;
}

/** True once so much is unrecorded that it is to be recorded before more is fetched. */
export function mustRecord(collection: Collection): boolean {
  return collection.unrecorded && !collection.fetchesAllFirst && exceedsFullEntries(collection);
}

function exceedsFullEntries({ documents, answers }: Collection): boolean {
  return documents.length > MAX_FULL_DOCUMENTS || Object.values(answers).filter(isFinal).length > MAX_FULL_FAILURES;
}

/** The manifest has everything: of many documents and final answers only marks are kept. */
export function withRecorded(collection: Collection): Collection {
  const recorded = { ...collection, unrecorded: false };
  if (!exceedsFullEntries(collection)) return recorded;
  const answers = Object.entries(collection.answers).filter(([, answer]) => !isFinal(answer));
  return { ...recorded, documents: [], answers: Object.fromEntries(answers), marks: finishedMarks(collection) };
}

/** Marks of everything that is stored or finally answered. */
export function finishedMarks({ marks, documents, answers }: Collection): Marks {
  const answered = Object.entries(answers).flatMap(([key, answer]) =>
    isFinal(answer) ? [[parseDocumentKey(key), answer.reason] as const] : [],
  );
  return withMarks(marks, [...storedAsMarks(documents), ...answered]);
}

/** True where so many documents are known that a list too long for one answer has to leave them out. */
export function needsMarks({ marks, left }: Collection): boolean {
  return left > 0 || countMarks(marks).all > 0;
}

/** Entries of a manifest as a collection remembers them: in full, or as marks where they are many. */
export function compactDocuments(documents: readonly StoredDocument[]): {
  documents: readonly StoredDocument[];
  marks?: Marks;
} {
  if (documents.length <= MAX_FULL_DOCUMENTS) return { documents };
  return { documents: [], marks: withMarks({}, storedAsMarks(documents)) };
}

function storedAsMarks(documents: readonly StoredDocument[]) {
  return documents.flatMap(({ reportId, format, updatedAt, seenAt }) => {
    const versions = seenAt === null ? [updatedAt] : [updatedAt, seenAt];
    return versions.map((date) => [{ reportId, format, version: versionName(date) }, 'stored'] as const);
  });
}

/** The wanted versions to fetch now, a batch at most. */
export function selectDownloads(collection: Collection, wanted: Wanted, nowMs: number): WantedDocument[] {
  if (collection.refused || isAtDocumentLimit(collection)) return [];
  const retried = Object.values(collection.answers).filter((answer) => !isFinal(answer)).length;
  return missingVersions(collection, wanted)
    .filter(({ answer, mark }) => (answer ? isDue(collection, answer, nowMs) : mark === null && retried < MAX_RETRIED))
    .map(({ document }) => document)
    .slice(0, MAX_DOWNLOADS_PER_STEP);
}

/** When a document that failed is tried next; null when none is to be tried again, or only a list can tell. */
export function nextRetryAtMs(collection: Collection, wanted: Wanted): number | null {
  if (collection.refused || isAtDocumentLimit(collection)) return null;
  const times = missingVersions(collection, wanted).flatMap(({ answer }) =>
    answer?.reason === 'failed' && answer.retryAtMs !== null && answer.goneAtMs === null ? [answer.retryAtMs] : [],
  );
  return times.length > 0 ? Math.min(...times) : null;
}

/** A wanted version that is not stored, and what is known of it. */
export interface MissingVersion {
  readonly document: WantedDocument;
  readonly answer: DownloadFailure | undefined;
  readonly mark: Mark | null;
}

/** The wanted versions that are listed and not stored. */
export function missingVersions(collection: Collection, wanted: Wanted): MissingVersion[] {
  const stored = storedDocumentKeys(collection.documents);
  return downloadCandidates(collection, wanted)
    .filter(({ key, mark }) => mark !== 'stored' && !stored.has(key))
    .map(({ document, key, mark }) => ({ document, mark, answer: collection.answers[key] }));
}

interface DownloadCandidate {
  readonly document: WantedDocument;
  readonly key: string;
  readonly mark: Mark | null;
}

interface LocatedDocuments {
  readonly wanted: Wanted;
  readonly all: readonly (Omit<DownloadCandidate, 'mark'> & { readonly place: MarkLocation })[];
}

interface MarkedCandidates {
  readonly marks: Marks;
  readonly candidates: readonly DownloadCandidate[];
}

/** Asked for several times a step: of thousands of rows, what does not change with each document is worked out once a list. */
const locatedByList = new WeakMap<readonly ListedReport[], LocatedDocuments>();
const candidatesByLocation = new WeakMap<LocatedDocuments, MarkedCandidates>();

function downloadCandidates({ listed, marks }: Collection, wanted: Wanted): readonly DownloadCandidate[] {
  const places = locateDocuments(listed, wanted);
  const known = candidatesByLocation.get(places);
  if (known?.marks === marks) return known.candidates;
  const candidates = places.all.map(({ document, key, place }) => ({ document, key, mark: findMark(marks, place) }));
  candidatesByLocation.set(places, { marks, candidates });
  return candidates;
}

function locateDocuments(listed: readonly ListedReport[], wanted: Wanted): LocatedDocuments {
  const known = locatedByList.get(listed);
  if (known?.wanted === wanted) return known;
  const all = listWantedDocuments(listed, wanted).map((document) => {
    const { report, format } = document;
    const place = locateMark({ reportId: report.id, format, version: versionName(report.updatedAt) });
    return { document, key: documentKey(document), place };
  });
  const places = { wanted, all };
  locatedByList.set(listed, places);
  return places;
}

function isDue(collection: Collection, answer: DownloadFailure, nowMs: number): boolean {
  if (answer.reason !== 'failed' || answer.retryAtMs === null || answer.retryAtMs > nowMs) return false;
  return answer.goneAtMs === null || (collection.listedAtMs ?? 0) > answer.goneAtMs;
}

/** True once no more documents are fetched, however many are listed. */
export function isAtDocumentLimit({ marks, documents }: Collection): boolean {
  return documents.length + countMarks(marks).all >= MAX_DOCUMENTS;
}

/** The newest stored version of a document, in full where the state has it; else whether the manifest has one. */
export function findNewestStored(
  { documents, marks }: Collection,
  { report, format }: WantedDocument,
): { readonly newest: StoredDocument | null; readonly isInManifest: boolean } {
  const newest = findNewestVersion(documents, report.id, format);
  return { newest, isInManifest: newest === null && hasStoredMark(marks, markKey(report.id, format)) };
}

/** True where the last list showed anything, wanted or not. */
export function hasListedReports({ listed, others }: Collection): boolean {
  return listed.length > 0 || others.length > 0;
}

/** How many documents are stored: the newest version of each. */
export function countDocuments({ documents, marks }: Collection): number {
  const unmarked = documents.filter(({ reportId, format }) => !hasStoredMark(marks, markKey(reportId, format)));
  return countMarks(marks).stored + countCurrentDocuments(unmarked);
}

/** How many documents are current among entries: the newest version of each. */
export function countCurrentDocuments(documents: readonly StoredDocument[]): number {
  return new Set(documents.map((entry) => `${entry.reportId}|${entry.format}`)).size;
}
