import type { ReportList } from '../domain/collection';
import type { DownloadResult } from '../domain/download-results';
import {
  type Format,
  findNewestVersion,
  isFromCurrentDetails,
  type ListedReport,
  type StoredDocument,
} from '../domain/reports';
import { NotTheDocument, type ReportStore } from '../report-store/port';
import {
  AccessDenied,
  BadDocument,
  isOutage,
  NotFound,
  NotOffered,
  UnenvelopedFormat,
  UpstreamError,
} from '../upstream/errors';
import type { ReportBody, Upstream } from '../upstream/port';
import { type Attempt, attempt, stopIfCancelled, whenCancelled } from './attempt';
import { type ListSelection, selectReports } from './list-selection';
import { translateStoreErrors } from './manifests';
import { nothingNew, type PollProgress, pollProgress } from './person';
import type { PollMetrics } from './poll-metrics';
import type { Progress } from './progress';
import { type AccessDenialProgress, accessDeniedForMs, startAccessDenialProgress } from './refusals';

/**
 * What a list told. `not-yet`: no access token is to be had, and nobody asked whether that is final; `refused`: it is; `unavailable`: nothing
 * was found out.
 */
export type ListAnswer =
  | ({ kind: 'listed' } & ReportList)
  | { kind: 'not-yet' | 'refused' | 'unavailable'; askedAtMs: number };

export interface ListReportsInput extends ListSelection {
  readonly clientUserId: string;
  /** The answer decides how the applicant ends: a refusal is proven not to be our own wrong secret. */
  readonly concluding: boolean;
  /** Given up as `unavailable` once upstream could not be asked for so long; null: never. */
  readonly patienceMs: number | null;
  /** For so long a refusal is asked again before it is believed, because it contradicts what is known; not given: it is believed at once. */
  readonly refusedPatienceMs?: number;
}

export interface WatchReportsInput extends ListSelection {
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
  /** There is one, which stands in the manifest only. */
  readonly isNewestInManifest?: boolean;
  /** For so long a refused access token is asked for again, an hour at most: the report is listed. Not given, by an earlier version: five times. */
  readonly refusedPatienceMs?: number;
  /** The applicant's round; not given: the first. */
  readonly round?: number;
}

interface FetchProgress extends AccessDenialProgress {
  /** Answers that were not the document they claimed to be. */
  broken: number;
  /** Times that no access token was to be had. */
  refusals: number;
  /** Where on `elapsedMs` answers to the format began that are in none of upstream's envelopes; absent after any other answer. */
  unenvelopedFromMs?: number | null;
}

/** A download has less than the hour that an attempt has: a time-out of the server's would leave no trace, and be repeated for ever. */
const MAX_DOWNLOAD_MS = 45 * 60_000;
/** A document that comes broken is asked for so often in one round (1 + 2 + 4 + 8 s apart). */
const MAX_BROKEN = 5;
/** So often a run of an earlier version asks for a refused access token. */
const MAX_DENIALS = 5;
/** A document that cannot be had for so long is left for a later round, so that one does not hold up the others. */
const ROUND_FOR_MS = 60 * 60_000;
/** The same of a format that is answered in no form of upstream's: it may just not be offered, so the others wait less for it. */
const UNENVELOPED_FOR_MS = 5 * 60_000;

export interface ReportDeps {
  readonly upstream: Upstream;
  readonly reportStore: ReportStore;
  readonly pollMetrics?: PollMetrics;
}

/** The activities about one person's reports: one API call each. */
export function createReportActivities({ upstream, reportStore, pollMetrics }: ReportDeps) {
  return {
    /** Lists the reports; retried until upstream answers or refuses access, or it is given up. */
    async listReports(input: ListReportsInput): Promise<ListAnswer> {
      const { patienceMs } = input;
      return attempt<ListAnswer, AccessDenialProgress>(async (running) => {
        try {
          return await listOrDenied(input, running);
        } catch (error) {
          if (!(error instanceof AccessDenied)) running.progress.lastRefusedMs = null;
          if (isOutage(error) && patienceMs !== null && running.outageMs() >= patienceMs)
            return { kind: 'unavailable', askedAtMs: running.askedAtMs };
          throw error;
        }
      }, startAccessDenialProgress);
    },

    /** Fails quietly, after the next delay, until the list is another one. */
    async watchReports({ digest, delaysMs, ...input }: WatchReportsInput): Promise<ListAnswer> {
      return attempt<ListAnswer, PollProgress>(async (running) => {
        const answer = await listOrNotYet(input, running);
        if (answer.kind === 'listed' && answer.digest !== digest) {
          pollMetrics?.found.inc({ of: 'reports' });
          return answer;
        }
        throw nothingNew(running.progress, delaysMs, 'the list is as it was');
      }, pollProgress);
    },

    /** Streams one document into the store. Report bytes never enter history. */
    async fetchDocument(input: FetchDocumentInput): Promise<DownloadResult> {
      return attempt<DownloadResult, FetchProgress>(
        (running) => fetchOnce(input, running),
        (before) => ({ ...{ broken: 0, refusals: 0 }, ...before, ...startAccessDenialProgress(before) }),
      );
    },
  };

  async function listOrDenied(input: ListReportsInput, running: Attempt<AccessDenialProgress>): Promise<ListAnswer> {
    const { concluding, refusedPatienceMs = 0 } = input;
    const { askedAtMs } = running;
    try {
      return await list(input, running);
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      if (!concluding) return { kind: 'not-yet', askedAtMs };
      if (accessDeniedForMs(running) < refusedPatienceMs) throw error;
    }
    await upstream.proveCredentials();
    return { kind: 'refused', askedAtMs };
  }

  async function listOrNotYet(
    input: Omit<WatchReportsInput, 'digest' | 'delaysMs'>,
    running: Attempt<Progress>,
  ): Promise<ListAnswer> {
    try {
      return await list(input, running);
    } catch (error) {
      if (error instanceof AccessDenied) return { kind: 'not-yet', askedAtMs: running.askedAtMs };
      throw error;
    }
  }

  async function list(
    input: ListSelection & { readonly clientUserId: string },
    { askedAtMs }: Attempt<Progress>,
  ): Promise<ListAnswer> {
    const rows = await upstream.listReports(input.clientUserId);
    return { kind: 'listed', ...selectReports(rows, input), askedAtMs };
  }

  async function fetchOnce(input: FetchDocumentInput, running: Attempt<FetchProgress>): Promise<DownloadResult> {
    const { progress, outageMs, elapsedMs } = running;
    try {
      const body = await upstream.openReport(input.clientUserId, input.report.id, input.format);
      return { kind: 'stored', document: await store(input, body) };
    } catch (error) {
      stopIfCancelled();
      if (error instanceof NotOffered) return { kind: 'not-offered' };
      if (error instanceof NotFound) return { kind: 'gone' };
      if (error instanceof AccessDenied) {
        progress.refusals += 1;
        if (isAccessDeniedForGood(input, running)) return { kind: 'unavailable', detail: 'Human API refused access' };
      } else progress.lastRefusedMs = null;
      if (error instanceof DownloadTooSlow) return { kind: 'unavailable', detail: error.message };
      if (error instanceof NotTheDocument || error instanceof BadDocument) {
        progress.broken += 1;
        if (progress.broken >= MAX_BROKEN) return { kind: 'broken', detail: failureDetail(error) };
      }
      if (error instanceof UnenvelopedFormat) {
        progress.unenvelopedFromMs ??= elapsedMs();
        const persists = elapsedMs() - progress.unenvelopedFromMs >= UNENVELOPED_FOR_MS;
        if (persists) return { kind: 'unenveloped', detail: failureDetail(error) };
      } else if (!isOutage(error)) {
        progress.unenvelopedFromMs = null;
      }
      if (isOutage(error) && outageMs() >= ROUND_FOR_MS) {
        return { kind: 'unavailable', detail: failureDetail(error) };
      }
      throw error;
    }
  }

  async function newestInManifest({
    clientUserId,
    report,
    format,
  }: FetchDocumentInput): Promise<StoredDocument | null> {
    const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId));
    if (!manifest) return null;
    const { documents, detailsRound } = manifest;
    const ofDetails = documents.filter((document) => isFromCurrentDetails(document, detailsRound));
    return findNewestVersion(ofDetails, report.id, format);
  }

  async function store(input: FetchDocumentInput, body: ReportBody): Promise<StoredDocument> {
    const { clientUserId, report, format, round } = input;
    // The applicant's end waits for this one, so a body that stalls is not waited for.
    const stopListening = whenCancelled(() => void body.discard());
    try {
      const { contentType, contentLength } = body;
      const newest = input.isNewestInManifest ? await newestInManifest(input) : input.newest;
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
function failureDetail(error: Error): string {
  return error instanceof UpstreamError ? error.summary : error.message;
}

/** A run of an earlier version gives no patience: it counts the refusals. */
function isAccessDeniedForGood({ refusedPatienceMs }: FetchDocumentInput, running: Attempt<FetchProgress>): boolean {
  const forMs = accessDeniedForMs(running);
  if (refusedPatienceMs === undefined) return running.progress.refusals >= MAX_DENIALS;
  return forMs >= Math.min(refusedPatienceMs, ROUND_FOR_MS);
}

/** A body that trickles: each piece comes in time, the whole does not. */
class DownloadTooSlow extends Error {
  override readonly name = 'TooSlow';

  constructor() {
    super(`the document did not come whole within ${MAX_DOWNLOAD_MS / 60_000} min`);
  }
}

async function* untilCancelled(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const beganMs = performance.now();
  for await (const chunk of stream) {
    stopIfCancelled();
    if (performance.now() - beganMs > MAX_DOWNLOAD_MS) throw new DownloadTooSlow();
    yield chunk;
  }
}
