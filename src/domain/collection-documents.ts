import { type Collection, withListWanted } from './collection';
import { type DownloadFailure, type DownloadResult, isFinal, toDownloadFailure } from './download-results';
import { versionName } from './instants';
import {
  countMarks,
  findMark,
  hasStoredMark,
  locateMark,
  type Mark,
  type MarkLocation,
  type Marks,
  markKey,
  withMarks,
} from './marks';
import { earliest, type Policy } from './policy';
import {
  documentKey,
  FORMATS,
  findNewestVersion,
  type ListedReport,
  listWantedDocuments,
  parseDocumentKey,
  type StoredDocument,
  storedDocumentKeys,
  type Wanted,
  type WantedDocument,
} from './reports';

/** More downloads at once would only wait for the rate limit. */
const MAX_DOWNLOADS_PER_STEP = 50;
/** Recorded documents and final failures that stay in full: a few dozen kilobytes. */
const MAX_FULL_DOCUMENTS = 100;
const MAX_FULL_FAILURES = 200;
/** While this many downloads are retried, untried ones wait: an outage must not fill the state. */
const MAX_RETRIED = 500;
/** Documents of one applicant, about 25 bytes of state each. Beyond it they are recorded as failed. */
const MAX_DOCUMENTS = 16_000;

/** A wanted version that is listed and not stored, and what is known of it. */
export interface MissingVersion {
  readonly document: WantedDocument;
  readonly answer: DownloadFailure | undefined;
  readonly mark: Mark | null;
}

export function withDownloadResult(
  collection: Collection,
  wanted: WantedDocument,
  result: DownloadResult,
  nowMs: number,
  policy: Policy,
): Collection {
  const key = documentKey(wanted);
  if (result.kind === 'stored') {
    const { [key]: _answered, ...answers } = collection.answers;
    const documents = collection.documents.filter((entry) => entry.file !== result.document.file);
    const stored = { ...collection, answers, documents: [...documents, result.document], unrecorded: true };
    return withRemainderWanted(stored, nowMs);
  }
  const before = collection.answers[key];
  const answer = toDownloadFailure(result, before, nowMs, policy, hasOtherFormat(collection, wanted));
  // A repeated failure changes nothing in the manifest.
  const isNews = before?.reason !== answer.reason || before.detail !== answer.detail;
  const answers = { ...collection.answers, [key]: answer };
  const answered = { ...collection, answers, unrecorded: collection.unrecorded || isNews };
  if (result.kind === 'gone') return withListWanted(answered, nowMs);
  return isFinal(answer) ? withRemainderWanted(answered, nowMs) : answered;
}

function hasOtherFormat({ documents, marks }: Collection, { report, format }: WantedDocument): boolean {
  return FORMATS.some(
    (other) =>
      other !== format &&
      (documents.some((entry) => entry.reportId === report.id && entry.format === other) ||
        hasStoredMark(marks, markKey(report.id, other))),
  );
}

/** A list too long for one answer is requested again once a document of it is done, to get the next reports. */
function withRemainderWanted(collection: Collection, nowMs: number): Collection {
  return collection.left > 0 ? withListWanted(collection, nowMs) : collection;
}

/** True once so much is unrecorded that it has to be recorded before more is downloaded. */
export function mustRecord(collection: Collection): boolean {
  return collection.unrecorded && !collection.fetchesAllFirst && exceedsFullEntries(collection);
}

function exceedsFullEntries({ documents, answers }: Collection): boolean {
  return documents.length > MAX_FULL_DOCUMENTS || Object.values(answers).filter(isFinal).length > MAX_FULL_FAILURES;
}

/** The manifest is written: of many documents and final failures only marks stay. */
export function withRecorded(collection: Collection): Collection {
  const recorded = { ...collection, unrecorded: false };
  if (!exceedsFullEntries(collection)) return recorded;
  const answers = Object.entries(collection.answers).filter(([, answer]) => !isFinal(answer));
  return { ...recorded, documents: [], answers: Object.fromEntries(answers), marks: finishedMarks(collection) };
}

/** Marks of all that is stored or has finally failed. */
export function finishedMarks({ marks, documents, answers }: Collection): Marks {
  const failed = Object.entries(answers).flatMap(([key, answer]) =>
    isFinal(answer) ? [[parseDocumentKey(key), answer.reason] as const] : [],
  );
  return withMarks(marks, [...storedAsMarks(documents), ...failed]);
}

/** True if so many documents are known that a list too long for one answer has to leave them out. */
export function needsMarks({ marks, left }: Collection): boolean {
  return left > 0 || countMarks(marks).all > 0;
}

/** Entries of a manifest for a collection: in full, or as marks if there are many. */
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

/** The documents to download now, one batch at most. */
export function selectDownloads(collection: Collection, wanted: Wanted, nowMs: number): WantedDocument[] {
  if (collection.refused || isAtDocumentLimit(collection)) return [];
  const retried = Object.values(collection.answers).filter((answer) => !isFinal(answer)).length;
  return missingVersions(collection, wanted)
    .filter(({ answer, mark }) => (answer ? isDue(collection, answer, nowMs) : mark === null && retried < MAX_RETRIED))
    .map(({ document }) => document)
    .slice(0, MAX_DOWNLOADS_PER_STEP);
}

function isDue(collection: Collection, answer: DownloadFailure, nowMs: number): boolean {
  if (answer.reason !== 'failed' || answer.retryAtMs === null || answer.retryAtMs > nowMs) return false;
  return answer.goneAtMs === null || (collection.listedAtMs ?? 0) > answer.goneAtMs;
}

/** When the next failed download is retried; null if none is, or if a list decides. */
export function nextRetryAtMs(collection: Collection, wanted: Wanted): number | null {
  if (collection.refused || isAtDocumentLimit(collection)) return null;
  const times = missingVersions(collection, wanted).map(({ answer }) =>
    answer?.reason === 'failed' && answer.goneAtMs === null ? answer.retryAtMs : null,
  );
  return earliest(...times);
}

export function missingVersions(collection: Collection, wanted: Wanted): MissingVersion[] {
  const stored = storedDocumentKeys(collection.documents);
  return listCandidates(collection, wanted)
    .filter(({ key, mark }) => mark !== 'stored' && !stored.has(key))
    .map(({ document, key, mark }) => ({ document, mark, answer: collection.answers[key] }));
}

interface LocatedDocument {
  readonly document: WantedDocument;
  readonly key: string;
  readonly location: MarkLocation;
}

interface Candidates {
  readonly wanted: Wanted;
  readonly marks: Marks;
  readonly all: readonly (LocatedDocument & { readonly mark: Mark | null })[];
}

/** A decision reads the candidates several times, and a list may have thousands of rows. */
const candidatesByList = new WeakMap<readonly ListedReport[], Candidates>();

function listCandidates({ listed, marks }: Collection, wanted: Wanted): Candidates['all'] {
  const known = candidatesByList.get(listed);
  if (known?.wanted === wanted && known.marks === marks) return known.all;
  const located = known?.wanted === wanted ? known.all : locateDocuments(listed, wanted);
  const all = located.map((one) => ({ ...one, mark: findMark(marks, one.location) }));
  candidatesByList.set(listed, { wanted, marks, all });
  return all;
}

function locateDocuments(listed: readonly ListedReport[], wanted: Wanted): LocatedDocument[] {
  return listWantedDocuments(listed, wanted).map((document) => {
    const { report, format } = document;
    const location = locateMark({ reportId: report.id, format, version: versionName(report.updatedAt) });
    return { document, key: documentKey(document), location };
  });
}

/** True once no more documents are downloaded, however many are listed. */
export function isAtDocumentLimit({ marks, documents }: Collection): boolean {
  return documents.length + countMarks(marks).all >= MAX_DOCUMENTS;
}

/** The newest stored version of a document; `isInManifest`: there is one, but only the manifest has its entry. */
export function findNewestStored(
  { documents, marks }: Collection,
  { report, format }: WantedDocument,
): { readonly newest: StoredDocument | null; readonly isInManifest: boolean } {
  const newest = findNewestVersion(documents, report.id, format);
  return { newest, isInManifest: newest === null && hasStoredMark(marks, markKey(report.id, format)) };
}
