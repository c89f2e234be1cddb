import { type Allowance, afterCall, putOff } from './allowance';
import { type Answer, answerTo, type Fetched } from './answers';
import { instantMs, versionOf } from './instants';
import {
  countMarks,
  hasStoredMark,
  type Mark,
  type MarkPlace,
  type Marks,
  markAt,
  markKey,
  placeOfMark,
  shortHash,
  withMarks,
} from './marks';
import { MINUTE_MS, type Policy } from './policy';
import { organizationKeys } from './providers';
import { credibleDateMs } from './reads';
import {
  documentKey,
  documentOfKey,
  FORMATS,
  type Format,
  type ListedKind,
  type ListedReport,
  newestStored,
  type StoredDocument,
  storedKeys,
  type Wanted,
  type WantedDocument,
  wantedDocuments,
} from './reports';

/** All that is known of a person's reports: plain JSON, changed only by the functions below. Times in ms. */
export interface Collection {
  /** Since when a list has been wanted; null when none is. */
  readonly wantedAtMs: number | null;
  /** Limits the lists that notices cause. */
  readonly noticeLists: Allowance;
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
  readonly answers: Readonly<Record<string, Answer>>;
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
const FETCH_AT_ONCE = 50;
/** A list that was put off is as far away as the next try in a long outage. */
const PUT_OFF_MOST_MS = 5 * MINUTE_MS;
/** Entries of documents, and final answers, that are kept in full once the manifest has them: a few dozen kilobytes. */
const DOCUMENTS_IN_FULL = 100;
const ANSWERS_IN_FULL = 200;
/** While so many documents fail, the others wait: an outage must not fill the state, and says nothing about them. */
const RETRIED_MOST = 500;
/** Documents of one applicant, about 25 bytes of state each. What is beyond them is listed as failed. */
const DOCUMENTS_MOST = 16_000;
/** How many report ids and organizations are remembered: beyond them nothing restarts the settle window. */
const SEEN_MOST = 5_000;
/** Longer report ids are remembered by their hash. */
const SEEN_ID_LONGEST = 64;

/** Nothing known yet; `documents` and `marks` as an earlier round left them in the manifest. */
export function emptyCollection(documents: readonly StoredDocument[] = [], marks: Marks = {}): Collection {
  return {
    wantedAtMs: null,
    noticeLists: 0,
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
export function completeCollection(written: Partial<Collection> | undefined): Collection {
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
  const updatedAtMs = instantMs(notice.updatedAt);
  const known = collection.listed.some(
    (report) =>
      report.id === notice.reportId &&
      updatedAtMs !== null &&
      (credibleDateMs(instantMs(report.updatedAt), nowMs) ?? -Infinity) >= updatedAtMs,
  );
  return known ? collection : withListWanted(collection, nowMs);
}

/** A list made because of a notice, counted against the allowance. */
export function withNoticeList(collection: Collection, nowMs: number, cadenceMs: number): Collection {
  return { ...collection, noticeLists: afterCall(collection.noticeLists, nowMs, cadenceMs) };
}

/** A list as it was answered; one of an earlier version has no `others` and no `left`, and holds the unwanted rows as well. */
export interface List {
  readonly reports: readonly ListedReport[];
  readonly others?: readonly ListedKind[];
  readonly left?: number;
  readonly digest: string;
  readonly askedAtMs: number;
}

/** Upstream's list, asked for at `askedAtMs`. One that a later list has overtaken on the way changes nothing. */
export function withList(collection: Collection, list: List, nowMs: number): Collection {
  if (list.askedAtMs < (collection.listedAtMs ?? -Infinity)) return collection;
  const reports = withoutRepeats(list.reports);
  const others = list.others ?? [];
  const { seen, hasNews } = withSeen(collection.seen, reports, others);
  return {
    ...withoutList(collection, list.askedAtMs),
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
    if (seen.size >= SEEN_MOST) return;
    hasNews ||= isNew;
    for (const key of keys) seen.add(key);
  };
  for (const { id } of reports) see([`report ${id.length > SEEN_ID_LONGEST ? `#${shortHash(id)}` : id}`]);
  for (const { organization } of [...reports, ...others]) {
    if (organization) see(organizationKeys(organization).map((key) => `organization ${key}`));
  }
  return { seen: seen.size > before.length ? [...seen] : before, hasNews };
}

/** One row a report, the newest: a list that repeats itself must not have a document fetched twice side by side. */
export function withoutRepeats(rows: readonly ListedReport[]): ListedReport[] {
  const newest = new Map<string, ListedReport>();
  for (const row of rows) {
    const known = newest.get(row.id);
    if (!known || (instantMs(row.updatedAt) ?? 0) >= (instantMs(known.updatedAt) ?? 0)) newest.set(row.id, row);
  }
  return [...newest.values()];
}

/** Upstream refused the list, and our credentials were proven good: there is nothing to collect (any more). `despite`: what that contradicts. */
export function withRefusal(collection: Collection, askedAtMs: number, despite: string | null = null): Collection {
  return { ...withoutList(collection, askedAtMs), listedAtMs: askedAtMs, refused: true, refusedDespite: despite };
}

/** No list is to be had yet: what asked for it is answered, nothing is learnt. */
export function withoutList(collection: Collection, askedAtMs: number): Collection {
  const { wantedAtMs } = collection;
  return { ...collection, askedAtMs, wantedAtMs: wantedAtMs !== null && wantedAtMs > askedAtMs ? wantedAtMs : null };
}

/** Upstream could not be asked for so long that what notices want waits for a better time. */
export function withListPutOff(collection: Collection, nowMs: number, cadenceMs: number): Collection {
  const untilMs = nowMs + Math.min(PUT_OFF_MOST_MS, cadenceMs);
  return { ...collection, noticeLists: putOff(collection.noticeLists, untilMs, cadenceMs) };
}

/** What came of a document that was asked for. */
export function withFetched(
  collection: Collection,
  wanted: WantedDocument,
  fetched: Fetched,
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
  const answer = answerTo(fetched, before, nowMs, policy, hasOtherFormat(collection, wanted));
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

function isFinal(answer: Answer): boolean {
  return answer.reason === 'not-offered' || answer.retryAtMs === null;
}

/** True once so much is unrecorded that it is to be recorded before more is fetched. */
export function isFullOfNews(collection: Collection): boolean {
  return collection.unrecorded && !collection.fetchesAllFirst && isBeyondFull(collection);
}

function isBeyondFull({ documents, answers }: Collection): boolean {
  return documents.length > DOCUMENTS_IN_FULL || Object.values(answers).filter(isFinal).length > ANSWERS_IN_FULL;
}

/** The manifest has everything: of many documents and final answers only marks are kept. */
export function withRecorded(collection: Collection): Collection {
  const recorded = { ...collection, unrecorded: false };
  if (!isBeyondFull(collection)) return recorded;
  const answers = Object.entries(collection.answers).filter(([, answer]) => !isFinal(answer));
  return { ...recorded, documents: [], answers: Object.fromEntries(answers), marks: doneMarks(collection) };
}

/** Marks of everything that is stored or finally answered. */
export function doneMarks({ marks, documents, answers }: Collection): Marks {
  const answered = Object.entries(answers).flatMap(([key, answer]) =>
    isFinal(answer) ? [[documentOfKey(key), answer.reason] as const] : [],
  );
  return withMarks(marks, [...storedAsMarks(documents), ...answered]);
}

/** True where so many documents are known that a list too long for one answer has to leave them out. */
export function needsMarks({ marks, left }: Collection): boolean {
  return left > 0 || countMarks(marks).all > 0;
}

/** Entries of a manifest as a collection remembers them: in full, or as marks where they are many. */
export function remembered(documents: readonly StoredDocument[]): {
  documents: readonly StoredDocument[];
  marks?: Marks;
} {
  if (documents.length <= DOCUMENTS_IN_FULL) return { documents };
  return { documents: [], marks: withMarks({}, storedAsMarks(documents)) };
}

function storedAsMarks(documents: readonly StoredDocument[]) {
  return documents.flatMap(({ reportId, format, updatedAt, seenAt }) => {
    const versions = seenAt === null ? [updatedAt] : [updatedAt, seenAt];
    return versions.map((date) => [{ reportId, format, version: versionOf(date) }, 'stored'] as const);
  });
}

/** The wanted versions to fetch now, a batch at most. */
export function toFetch(collection: Collection, wanted: Wanted, nowMs: number): WantedDocument[] {
  if (collection.refused || isFull(collection)) return [];
  const retried = Object.values(collection.answers).filter((answer) => !isFinal(answer)).length;
  return openDocuments(collection, wanted)
    .filter(({ answer, mark }) => (answer ? isDue(collection, answer, nowMs) : mark === null && retried < RETRIED_MOST))
    .map(({ document }) => document)
    .slice(0, FETCH_AT_ONCE);
}

/** When a document that failed is tried next; null when none is to be tried again, or only a list can tell. */
export function nextRetryMs(collection: Collection, wanted: Wanted): number | null {
  if (collection.refused || isFull(collection)) return null;
  const times = openDocuments(collection, wanted).flatMap(({ answer }) =>
    answer?.reason === 'failed' && answer.retryAtMs !== null && answer.goneAtMs === null ? [answer.retryAtMs] : [],
  );
  return times.length > 0 ? Math.min(...times) : null;
}

/** A wanted version that is not stored, and what is known of it. */
export interface OpenDocument {
  readonly document: WantedDocument;
  readonly answer: Answer | undefined;
  readonly mark: Mark | null;
}

/** The wanted versions that are listed and not stored. */
export function openDocuments(collection: Collection, wanted: Wanted): OpenDocument[] {
  const stored = storedKeys(collection.documents);
  return candidatesOf(collection, wanted)
    .filter(({ key, mark }) => mark !== 'stored' && !stored.has(key))
    .map(({ document, key, mark }) => ({ document, mark, answer: collection.answers[key] }));
}

interface Candidate {
  readonly document: WantedDocument;
  readonly key: string;
  readonly mark: Mark | null;
}

interface Places {
  readonly wanted: Wanted;
  readonly all: readonly (Omit<Candidate, 'mark'> & { readonly place: MarkPlace })[];
}

interface Marked {
  readonly marks: Marks;
  readonly candidates: readonly Candidate[];
}

/** Asked for several times a step: of thousands of rows, what does not change with each document is worked out once a list. */
const placesOfList = new WeakMap<readonly ListedReport[], Places>();
const candidatesOfPlaces = new WeakMap<Places, Marked>();

function candidatesOf({ listed, marks }: Collection, wanted: Wanted): readonly Candidate[] {
  const places = placesOf(listed, wanted);
  const known = candidatesOfPlaces.get(places);
  if (known?.marks === marks) return known.candidates;
  const candidates = places.all.map(({ document, key, place }) => ({ document, key, mark: markAt(marks, place) }));
  candidatesOfPlaces.set(places, { marks, candidates });
  return candidates;
}

function placesOf(listed: readonly ListedReport[], wanted: Wanted): Places {
  const known = placesOfList.get(listed);
  if (known?.wanted === wanted) return known;
  const all = wantedDocuments(listed, wanted).map((document) => {
    const { report, format } = document;
    const place = placeOfMark({ reportId: report.id, format, version: versionOf(report.updatedAt) });
    return { document, key: documentKey(document), place };
  });
  const places = { wanted, all };
  placesOfList.set(listed, places);
  return places;
}

function isDue(collection: Collection, answer: Answer, nowMs: number): boolean {
  if (answer.reason !== 'failed' || answer.retryAtMs === null || answer.retryAtMs > nowMs) return false;
  return answer.goneAtMs === null || (collection.listedAtMs ?? 0) > answer.goneAtMs;
}

/** True once no more documents are fetched, however many are listed. */
export function isFull({ marks, documents }: Collection): boolean {
  return documents.length + countMarks(marks).all >= DOCUMENTS_MOST;
}

/** The newest stored version of a document, in full where the state has it; else whether the manifest has one. */
export function newestOf(
  { documents, marks }: Collection,
  { report, format }: WantedDocument,
): { readonly newest: StoredDocument | null; readonly isInManifest: boolean } {
  const newest = newestStored(documents, report.id, format);
  return { newest, isInManifest: newest === null && hasStoredMark(marks, markKey(report.id, format)) };
}

/** True where the last list showed anything, wanted or not. */
export function isAnythingListed({ listed, others }: Collection): boolean {
  return listed.length > 0 || others.length > 0;
}

/** How many documents are stored: the newest version of each. */
export function documentCount({ documents, marks }: Collection): number {
  const unmarked = documents.filter(({ reportId, format }) => !hasStoredMark(marks, markKey(reportId, format)));
  return countMarks(marks).stored + currentCount(unmarked);
}

/** How many documents are current among entries: the newest version of each. */
export function currentCount(documents: readonly StoredDocument[]): number {
  return new Set(documents.map((entry) => `${entry.reportId}|${entry.format}`)).size;
}
