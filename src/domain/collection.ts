import { type Allowance, afterCall, putOff } from './allowance';
import { type Answer, answerTo, type Fetched } from './answers';
import { instantMs } from './instants';
import { MINUTE_MS, type Policy } from './policy';
import { credibleDateMs } from './reads';
import {
  absentReports,
  documentKey,
  type Format,
  isStored,
  type ListedReport,
  type MissingDocument,
  organizationKey,
  type StoredDocument,
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
  readonly listed: readonly ListedReport[];
  /** What tells one list from another, so that a poll can keep quiet. */
  readonly digest: string | null;
  /** When a list last showed a report id or an organization for the first time. */
  readonly newestAtMs: number | null;
  /** Every report id and organization ever listed. */
  readonly seen: readonly string[];
  readonly documents: readonly StoredDocument[];
  /** By document key. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** True once upstream gave no access any more: what is not stored will not be had. */
  readonly refused: boolean;
  /** True while the manifest lags behind. */
  readonly unrecorded: boolean;
}

/** More documents at once would only wait in the queue of the rate limit. */
const FETCH_AT_ONCE = 50;
/** A list that was put off is as far away as the next try in a long outage. */
const PUT_OFF_MOST_MS = 5 * MINUTE_MS;

/** Nothing known yet; `documents` as an earlier round left them in the manifest. */
export function emptyCollection(documents: readonly StoredDocument[] = []): Collection {
  return {
    wantedAtMs: null,
    noticeLists: 0,
    askedAtMs: null,
    listedAtMs: null,
    listed: [],
    digest: null,
    newestAtMs: null,
    seen: [],
    documents,
    answers: {},
    refused: false,
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

/** Upstream's list, asked for at `askedAtMs`. One that a later list has overtaken on the way changes nothing. */
export function withList(
  collection: Collection,
  list: { reports: readonly ListedReport[]; digest: string; askedAtMs: number },
  nowMs: number,
): Collection {
  if (list.askedAtMs < (collection.listedAtMs ?? -Infinity)) return collection;
  const seen = new Set(collection.seen);
  const reports = withoutRepeats(list.reports);
  for (const { id, organization } of reports) {
    seen.add(`report ${id}`);
    if (organization) seen.add(`organization ${organizationKey(organization)}`);
  }
  return {
    ...withoutList(collection, list.askedAtMs),
    listedAtMs: list.askedAtMs,
    listed: reports,
    refused: false,
    digest: list.digest,
    newestAtMs: seen.size > collection.seen.length ? nowMs : collection.newestAtMs,
    seen: [...seen],
  };
}

/** One row a report, the newest: a list that repeats itself must not have a document fetched twice side by side. */
function withoutRepeats(rows: readonly ListedReport[]): ListedReport[] {
  const newest = new Map<string, ListedReport>();
  for (const row of rows) {
    const known = newest.get(row.id);
    if (!known || (instantMs(row.updatedAt) ?? 0) >= (instantMs(known.updatedAt) ?? 0)) newest.set(row.id, row);
  }
  return [...newest.values()];
}

/** Upstream refused the list, and our credentials were proven good: there is nothing to collect (any more). */
export function withRefusal(collection: Collection, askedAtMs: number): Collection {
  return { ...withoutList(collection, askedAtMs), listedAtMs: askedAtMs, refused: true };
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
    return { ...collection, answers, documents: [...documents, fetched.document], unrecorded: true };
  }
  const before = collection.answers[key];
  const { report, format } = wanted;
  const otherFormat = collection.documents.some((entry) => entry.reportId === report.id && entry.format !== format);
  const answer = answerTo(fetched, before, nowMs, policy, otherFormat);
  // One more hour of the same failure is nothing that the manifest would tell.
  const news = before?.reason !== answer.reason || before.detail !== answer.detail;
  const answers = { ...collection.answers, [key]: answer };
  const answered = { ...collection, answers, unrecorded: collection.unrecorded || news };
  return fetched.kind === 'gone' ? withListWanted(answered, nowMs) : answered;
}

/** The wanted versions to fetch now, a batch at most. */
export function toFetch(collection: Collection, wanted: Wanted, nowMs: number): WantedDocument[] {
  if (collection.refused) return [];
  return open(collection, wanted)
    .filter(({ answer }) => !answer || isDue(collection, answer, nowMs))
    .map(({ document }) => document)
    .slice(0, FETCH_AT_ONCE);
}

/** When a document that failed is tried next; null when none is to be tried again, or only a list can tell. */
export function nextRetryMs(collection: Collection, wanted: Wanted): number | null {
  if (collection.refused) return null;
  const times = open(collection, wanted).flatMap(({ answer }) =>
    answer?.reason === 'failed' && answer.retryAtMs !== null && answer.goneAtMs === null ? [answer.retryAtMs] : [],
  );
  return times.length > 0 ? Math.min(...times) : null;
}

function open(collection: Collection, wanted: Wanted) {
  return wantedDocuments(collection.listed, wanted)
    .filter((document) => !isStored(collection.documents, document))
    .map((document) => ({ document, answer: collection.answers[documentKey(document)] }));
}

function isDue(collection: Collection, answer: Answer, nowMs: number): boolean {
  if (answer.reason !== 'failed' || answer.retryAtMs === null || answer.retryAtMs > nowMs) return false;
  return answer.goneAtMs === null || (collection.listedAtMs ?? 0) > answer.goneAtMs;
}

/** Every wanted document that is not there, with the reason, as the manifest tells it. */
export function missingDocuments(collection: Collection, wanted: Wanted): MissingDocument[] {
  if (collection.listedAtMs === null) return [];
  const unanswered: MissingDocument[] = open(collection, wanted).flatMap(({ document, answer }) =>
    toldAs(answer, collection.refused).map((told) => ({ ...placeOf(document), ...told })),
  );
  return [...unanswered, ...absentReports(collection.listed, wanted)];
}

function toldAs(answer: Answer | undefined, refused: boolean): Pick<MissingDocument, 'reason' | 'detail'>[] {
  if (answer) return [{ reason: answer.reason, detail: answer.detail }];
  return refused ? [{ reason: 'failed', detail: 'upstream gave no access any more' }] : [];
}

function placeOf({ report, format }: WantedDocument): {
  type: string;
  organization: ListedReport['organization'];
  format: Format;
} {
  return { type: report.type.toLowerCase(), organization: report.organization, format };
}

/** How many documents are current: the newest version of each. */
export function currentCount(documents: readonly StoredDocument[]): number {
  return new Set(documents.map((entry) => `${entry.reportId}|${entry.format}`)).size;
}
