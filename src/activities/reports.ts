import { createHash } from 'node:crypto';
import type { Fetched } from '../domain/answers';
import type { Format, ListedReport, StoredDocument } from '../domain/reports';
import type { HumanApi, ReportBody, ReportRow } from '../human-api/client';
import {
  BadDocument,
  HumanApiError,
  isOutage,
  NotFound,
  NotOffered,
  NotYet,
  UnenvelopedFormat,
} from '../human-api/errors';
import { NotTheDocument, type ReportStore } from '../report-store/port';
import { type Attempt, attempt, stopIfCancelled, whenCancelled } from './attempt';
import { type PollProgress, pollProgress, quietly } from './person';
import type { PollMetrics } from './poll-metrics';
import { type Progress, plainProgress } from './progress';

/**
 * What a list told. `not-yet`: no access token is to be had, and nobody asked whether that is final; `refused`: it is; `unavailable`: nothing
 * was found out.
 */
export type ListAnswer =
  | { kind: 'listed'; reports: readonly ListedReport[]; digest: string; askedAtMs: number }
  | { kind: 'not-yet' | 'refused' | 'unavailable'; askedAtMs: number };

export interface ListReportsInput {
  readonly clientUserId: string;
  /** The answer decides how the applicant ends: a refusal is proven not to be our own wrong secret. */
  readonly concluding: boolean;
  /** Given up as `unavailable` once upstream could not be asked for so long; null: never. */
  readonly patienceMs: number | null;
}

export interface WatchReportsInput {
  readonly clientUserId: string;
  /** The list that is no news. */
  readonly digest: string | null;
  readonly delaysMs: readonly number[];
}

export interface FetchDocumentInput {
  readonly clientUserId: string;
  readonly report: ListedReport;
  readonly format: Format;
  /** The newest stored version in this format, whose bytes are not stored again. */
  readonly newest: StoredDocument | null;
  /** The applicant's round; not given: the first. */
  readonly round?: number;
}

interface FetchProgress extends Progress {
  /** Answers that were not the document they claimed to be. */
  broken: number;
  /** Times that no access token was to be had. */
  refusals: number;
  /** Where on `elapsedMs` answers to the format began that are in none of upstream's envelopes; absent after any other answer. */
  unenvelopedFromMs?: number | null;
}

/** A download has less than the hour that an attempt has: a time-out of the server's would leave no trace, and be repeated for ever. */
const DOWNLOAD_MOST_MS = 45 * 60_000;
/** A document that comes broken is asked for so often in one round (1 + 2 + 4 + 8 s apart). */
const BROKEN_MOST = 5;
/** A refusal in mid collection may be a moment's (a token that expires); one that lasts this often is not, and the next list tells. */
const REFUSALS_MOST = 5;
/** A document that cannot be had for so long is left for a later round, so that one does not hold up the others. */
const ROUND_FOR_MS = 60 * 60_000;
/** The same of a format that is answered in no form of upstream's: it may just not be offered, so the others wait less for it. */
const UNENVELOPED_FOR_MS = 5 * 60_000;

export interface ReportDeps {
  readonly humanApi: HumanApi;
  readonly reportStore: ReportStore;
  readonly pollMetrics?: PollMetrics;
}

/** The activities about one person's reports: one API call each. */
export function createReportActivities({ humanApi, reportStore, pollMetrics }: ReportDeps) {
  return {
    /** Lists the reports; retried until upstream answers or refuses access, or it is given up. */
    async listReports(input: ListReportsInput): Promise<ListAnswer> {
      const { clientUserId, concluding, patienceMs } = input;
      return attempt<ListAnswer>(async (running) => {
        try {
          const answer = await list(clientUserId, running);
          if (answer.kind !== 'not-yet' || !concluding) return answer;
          await humanApi.proveCredentials();
          return { kind: 'refused', askedAtMs: answer.askedAtMs };
        } catch (error) {
          if (isOutage(error) && patienceMs !== null && running.outageMs() >= patienceMs)
            return { kind: 'unavailable', askedAtMs: running.askedAtMs };
          throw error;
        }
      }, plainProgress);
    },

    /** Fails quietly, after the next delay, until the list is another one. */
    async watchReports({ clientUserId, digest, delaysMs }: WatchReportsInput): Promise<ListAnswer> {
      return attempt<ListAnswer, PollProgress>(async (running) => {
        const answer = await list(clientUserId, running);
        if (answer.kind === 'listed' && answer.digest !== digest) {
          pollMetrics?.found.inc({ of: 'reports' });
          return answer;
        }
        throw quietly(running.progress, delaysMs, 'the list is as it was');
      }, pollProgress);
    },

    /** Streams one document into the store. Report bytes never enter history. */
    async fetchDocument(input: FetchDocumentInput): Promise<Fetched> {
      return attempt<Fetched, FetchProgress>(
        (running) => fetchOnce(input, running),
        (before) => before ?? { ...plainProgress(null), broken: 0, refusals: 0 },
      );
    },
  };

  async function list(clientUserId: string, { askedAtMs }: Attempt<Progress>): Promise<ListAnswer> {
    try {
      const reports = (await humanApi.listReports(clientUserId)).map(asListed);
      return { kind: 'listed', reports, digest: digestOf(reports), askedAtMs };
    } catch (error) {
      if (error instanceof NotYet) return { kind: 'not-yet', askedAtMs };
      throw error;
    }
  }

  async function fetchOnce(
    input: FetchDocumentInput,
    { progress, outageMs, elapsedMs }: Attempt<FetchProgress>,
  ): Promise<Fetched> {
    try {
      const body = await humanApi.openReport(input.clientUserId, input.report.id, input.format);
      return { kind: 'stored', document: await store(input, body) };
    } catch (error) {
      stopIfCancelled();
      if (error instanceof NotOffered) return { kind: 'not-offered' };
      if (error instanceof NotFound) return { kind: 'gone' };
      if (error instanceof NotYet) {
        progress.refusals += 1;
        if (progress.refusals >= REFUSALS_MOST) return { kind: 'unavailable', detail: 'upstream refused access' };
      }
      if (error instanceof TooSlow) return { kind: 'unavailable', detail: error.message };
      if (error instanceof NotTheDocument || error instanceof BadDocument) {
        progress.broken += 1;
        if (progress.broken >= BROKEN_MOST) return { kind: 'broken', detail: detailOf(error) };
      }
      if (error instanceof UnenvelopedFormat) {
        progress.unenvelopedFromMs ??= elapsedMs();
        const persists = elapsedMs() - progress.unenvelopedFromMs >= UNENVELOPED_FOR_MS;
        if (persists) return { kind: 'unenveloped', detail: detailOf(error) };
      } else if (!isOutage(error)) {
        progress.unenvelopedFromMs = null;
      }
      if (isOutage(error) && outageMs() >= ROUND_FOR_MS) {
        return { kind: 'unavailable', detail: detailOf(error) };
      }
      throw error;
    }
  }

  async function store(
    { clientUserId, report, format, newest, round }: FetchDocumentInput,
    body: ReportBody,
  ): Promise<StoredDocument> {
    // The applicant's end waits for this one, so a body that stalls is not waited for.
    const stopListening = whenCancelled(() => void body.discard());
    try {
      const { contentType, contentLength } = body;
      const document = { clientUserId, report, format, contentType, contentLength, newest, ...(round && { round }) };
      return await reportStore.save(document, untilCancelled(body.stream));
    } catch (error) {
      await body.discard();
      throw error;
    } finally {
      stopListening();
    }
  }
}

/** As the manifest shows it: without the request id, because the same fault of another request is no news. */
function detailOf(error: Error): string {
  return error instanceof HumanApiError ? error.summary : error.message;
}

/** A body that trickles: each piece comes in time, the whole does not. */
class TooSlow extends Error {
  override readonly name = 'TooSlow';

  constructor() {
    super(`the document did not come whole within ${DOWNLOAD_MOST_MS / 60_000} min`);
  }
}

async function* untilCancelled(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const beganMs = performance.now();
  for await (const chunk of stream) {
    stopIfCancelled();
    if (performance.now() - beganMs > DOWNLOAD_MOST_MS) throw new TooSlow();
    yield chunk;
  }
}

function asListed({ id, name, organization, updatedAt, createdAt }: ReportRow): ListedReport {
  return { id, type: name, organization, updatedAt: updatedAt ?? createdAt };
}

/** What tells one list from another, in whatever order upstream gives its rows: 16 hex digits. */
function digestOf(reports: readonly ListedReport[]): string {
  const rows = reports.map(({ id, updatedAt, organization }) =>
    JSON.stringify([id, updatedAt, organization?.id, organization?.name]),
  );
  return createHash('sha256').update(rows.sort().join('\n')).digest('hex').slice(0, 16);
}
