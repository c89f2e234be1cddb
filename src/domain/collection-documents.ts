import { type Collection, withListRequested } from './collection';
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

/** More concurrent downloads would only wait for the rate limit. */
const MAX_DOWNLOADS_PER_STEP = 50;
/** How many recorded documents and final failures keep their entries: a few dozen kilobytes. */
const MAX_FULL_DOCUMENTS = 100;
const MAX_FULL_FAILURES = 200;
/** While this many downloads are retried, untried ones wait, so that an outage does not fill the state. */
const MAX_RETRIED = 500;
/** The maximum of documents of one applicant, about 25 bytes of state each. Further ones are recorded as failed. */
const MAX_DOCUMENTS = 16_000;

/** A wanted version that is listed but not stored, with the failure of its last download, or its mark. */
export interface MissingVersion {
  readonly document: WantedDocument;
  readonly failure: DownloadFailure | undefined;
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
    const { [key]: _failure, ...answers } = collection.answers;
    const documents = collection.documents.filter((entry) => entry.file !== result.document.file);
    const stored = { ...collection, answers, documents: [...documents, result.document], unrecorded: true };
    return withRemainderRequested(stored, nowMs);
  }
  const before = collection.answers[key];
  const failure = toDownloadFailure(result, before, nowMs, policy, hasOtherFormat(collection, wanted));
  // A repeated failure changes nothing in the manifest.
  const isNews = before?.reason !== failure.reason || before.detail !== failure.detail;
  const answers = { ...collection.answers, [key]: failure };
  const failed = { ...collection, answers, unrecorded: collection.unrecorded || isNews };
  if (result.kind === 'gone') return withListRequested(failed, nowMs);
  return isFinal(failure) ? withRemainderRequested(failed, nowMs) : failed;
}

function hasOtherFormat({ documents, marks }: Collection, { report, format }: WantedDocument): boolean {
  return FORMATS.some(
    (other) =>
      other !== format &&
      (documents.some((entry) => entry.reportId === report.id && entry.format === other) ||
        hasStoredMark(marks, markKey(report.id, other))),
  );
}

/** After each finished document, requests the next reports of a list that was too long for one answer. */
function withRemainderRequested(collection: Collection, nowMs: number): Collection {
  return collection.left > 0 ? withListRequested(collection, nowMs) : collection;
}

/** True if too many results are unrecorded: they have to be recorded before the next download. */
export function mustRecord(collection: Collection): boolean {
  return collection.unrecorded && !collection.fetchesAllFirst && hasTooManyEntries(collection);
}

function hasTooManyEntries({ documents, answers }: Collection): boolean {
  return documents.length > MAX_FULL_DOCUMENTS || Object.values(answers).filter(isFinal).length > MAX_FULL_FAILURES;
}

/** After a write of the manifest. If documents or final failures are many, only marks of them stay. */
export function withRecorded(collection: Collection): Collection {
  const recorded = { ...collection, unrecorded: false };
  if (!hasTooManyEntries(collection)) return recorded;
  const answers = Object.entries(collection.answers).filter(([, failure]) => !isFinal(failure));
  return { ...recorded, documents: [], answers: Object.fromEntries(answers), marks: finishedMarks(collection) };
}

/** Marks of everything that is stored or has finally failed. */
export function finishedMarks({ marks, documents, answers }: Collection): Marks {
  const failed = Object.entries(answers).flatMap(([key, failure]) =>
    isFinal(failure) ? [[parseDocumentKey(key), failure.reason] as const] : [],
  );
  return withMarks(marks, [...storedAsMarks(documents), ...failed]);
}

/** True if a list has to leave out finished documents, because otherwise it may be too long for one answer. */
export function needsMarks({ marks, left }: Collection): boolean {
  return left > 0 || countMarks(marks).all > 0;
}

/** The documents of a manifest as a collection holds them: as entries, or as marks if they are many. */
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

/** The documents to download now, at most one batch. */
export function selectDownloads(collection: Collection, wanted: Wanted, nowMs: number): WantedDocument[] {
  if (collection.refused || isAtDocumentLimit(collection)) return [];
  const retried = Object.values(collection.answers).filter((failure) => !isFinal(failure)).length;
  return missingVersions(collection, wanted)
    .filter(({ failure, mark }) =>
      failure ? isDue(collection, failure, nowMs) : mark === null && retried < MAX_RETRIED,
    )
    .map(({ document }) => document)
    .slice(0, MAX_DOWNLOADS_PER_STEP);
}

function isDue(collection: Collection, failure: DownloadFailure, nowMs: number): boolean {
  if (failure.reason !== 'failed' || failure.retryAtMs === null || failure.retryAtMs > nowMs) return false;
  return failure.goneAtMs === null || (collection.listedAtMs ?? 0) > failure.goneAtMs;
}

/** When the next failed download is retried; null if none is. A download that got 404 waits for a list instead. */
export function nextRetryAtMs(collection: Collection, wanted: Wanted): number | null {
  if (collection.refused || isAtDocumentLimit(collection)) return null;
  const times = missingVersions(collection, wanted).map(({ failure }) =>
    failure?.reason === 'failed' && failure.goneAtMs === null ? failure.retryAtMs : null,
  );
  return earliest(...times);
}

export function missingVersions(collection: Collection, wanted: Wanted): MissingVersion[] {
  const stored = storedDocumentKeys(collection.documents);
  return listCandidates(collection, wanted)
    .filter(({ key, mark }) => mark !== 'stored' && !stored.has(key))
    .map(({ document, key, mark }) => ({ document, mark, failure: collection.answers[key] }));
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

/** A cache, because a decision reads the candidates several times, and a list may have thousands of rows. Its keys never change, so replays agree. */
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

/** True once no more documents are downloaded, even if more are listed. */
export function isAtDocumentLimit({ marks, documents }: Collection): boolean {
  return documents.length + countMarks(marks).all >= MAX_DOCUMENTS;
}

/** The newest stored version of a document. `isInManifest`: a version is stored, but only the manifest has its entry. */
export function findNewestStored(
  { documents, marks }: Collection,
  { report, format }: WantedDocument,
): { readonly newest: StoredDocument | null; readonly isInManifest: boolean } {
  const newest = findNewestVersion(documents, report.id, format);
  return { newest, isInManifest: newest === null && hasStoredMark(marks, markKey(report.id, format)) };
}
