import type { DownloadResult } from '../domain/download-results';
import {
  type Format,
  findNewestVersion,
  isFromCurrentDetails,
  type ListedReport,
  type StoredDocument,
} from '../domain/reports';
import { NotTheDocument } from '../report-store/errors';
import type { ReportStore } from '../report-store/port';
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
import { type AccessDenialProgress, accessDeniedForMs, startAccessDenialProgress } from './access-denial';
import { type Attempt, attempt, stopIfCancelled, whenCancelled } from './attempt';
import { translateStoreErrors } from './store';

export interface FetchDocumentInput {
  readonly clientUserId: string;
  readonly report: ListedReport;
  readonly format: Format;
  /** The newest stored version in this format; the same bytes are not stored again. */
  readonly newest: StoredDocument | null;
  /** True if only the manifest has the newest version. */
  readonly isNewestInManifest?: boolean;
  /** How long to retry a denied access, at most an hour, because the report is listed. Absent (an earlier version): five times. */
  readonly refusedPatienceMs?: number;
  /** The applicant's round. Default: 1. */
  readonly round?: number;
}

interface DownloadProgress extends AccessDenialProgress {
  /** How many answers were not the document. */
  broken: number;
  /** How many times access was denied. */
  refusals: number;
  /** The `elapsedMs` at which a series of UnenvelopedFormat began; absent or null without one. */
  unenvelopedFromMs?: number | null;
}

export interface DownloadDeps {
  readonly upstream: Upstream;
  readonly reportStore: ReportStore;
}

/** Less than the attempt's timeout of an hour. After that timeout the progress would be lost, and the download repeated without end. */
const MAX_DOWNLOAD_MS = 45 * 60_000;
/** How many times an activity tries a broken document (1 + 2 + 4 + 8 s between the tries). */
const MAX_BROKEN = 5;
/** How many denied accesses a run of an earlier version accepts. */
const MAX_DENIALS = 5;
/** After this time an unavailable document is left for a later activity, so that it does not delay the others. */
const ROUND_FOR_MS = 60 * 60_000;
/** The same for a format that a gateway may have rejected. Shorter, because the format may not exist. */
const UNENVELOPED_FOR_MS = 5 * 60_000;

/** Runs one attempt to stream a document into the store. */
export function fetchDocument(input: FetchDocumentInput, deps: DownloadDeps): Promise<DownloadResult> {
  return attempt<DownloadResult, DownloadProgress>(
    async (running) => {
      try {
        return { kind: 'stored', document: await download(input, deps) };
      } catch (error) {
        stopIfCancelled();
        const result = toDownloadResult(error, input, running);
        if (result !== null) return result;
        throw error;
      }
    },
    (before) => ({ ...{ broken: 0, refusals: 0 }, ...before, ...startAccessDenialProgress(before) }),
  );
}

/** Counts the error in the progress. Returns the result of the download, or null to try again. */
function toDownloadResult(
  error: unknown,
  input: FetchDocumentInput,
  running: Attempt<DownloadProgress>,
): DownloadResult | null {
  const { progress, outageMs, elapsedMs } = running;
  if (error instanceof NotOffered) return { kind: 'not-offered' };
  if (error instanceof NotFound) return { kind: 'gone' };
  if (error instanceof AccessDenied) {
    progress.refusals += 1;
    if (isDenialFinal(input, running)) return { kind: 'unavailable', detail: 'Human API denied access' };
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
  } else if (!isOutage(error)) progress.unenvelopedFromMs = null;
  if (isOutage(error) && outageMs() >= ROUND_FOR_MS) return { kind: 'unavailable', detail: failureDetail(error) };
  return null;
}

/** The text for the manifest, without the request id: the same fault in another request is no change. */
function failureDetail(error: Error): string {
  return error instanceof UpstreamError ? error.summary : error.message;
}

function isDenialFinal({ refusedPatienceMs }: FetchDocumentInput, running: Attempt<DownloadProgress>): boolean {
  const deniedForMs = accessDeniedForMs(running);
  // A run of an earlier version has no patience in its input.
  if (refusedPatienceMs === undefined) return running.progress.refusals >= MAX_DENIALS;
  return deniedForMs >= Math.min(refusedPatienceMs, ROUND_FOR_MS);
}

async function download(input: FetchDocumentInput, { upstream, reportStore }: DownloadDeps): Promise<StoredDocument> {
  const { clientUserId, report, format, round } = input;
  const body = await upstream.openReport(clientUserId, report.id, format);
  // The end of the applicant waits for this activity, so a stalled body must not delay it.
  const stopListening = whenCancelled(() => void body.discard());
  try {
    const { contentType, contentLength } = body;
    const newest = input.isNewestInManifest ? await newestInManifest(input, reportStore) : input.newest;
    const document = { clientUserId, report, format, contentType, contentLength, newest, ...(round && { round }) };
    return await reportStore.save(document, limitDuration(body.stream));
  } catch (error) {
    await body.discard();
    throw error;
  } finally {
    stopListening();
  }
}

async function newestInManifest(
  { clientUserId, report, format }: FetchDocumentInput,
  reportStore: ReportStore,
): Promise<StoredDocument | null> {
  const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId));
  if (!manifest) return null;
  const { documents, detailsRound } = manifest;
  const current = documents.filter((document) => isFromCurrentDetails(document, detailsRound));
  return findNewestVersion(current, report.id, format);
}

/** Each chunk of a body came in time, but the whole body did not. */
class DownloadTooSlow extends Error {
  override readonly name = 'TooSlow';

  constructor() {
    super(`the document took longer than ${MAX_DOWNLOAD_MS / 60_000} min`);
  }
}

async function* limitDuration(stream: ReportBody['stream']): AsyncIterable<Uint8Array> {
  const startedMs = performance.now();
  for await (const chunk of stream) {
    stopIfCancelled();
    if (performance.now() - startedMs > MAX_DOWNLOAD_MS) throw new DownloadTooSlow();
    yield chunk;
  }
}
