import type { ListAnswer } from '../domain/collection';
import type { DownloadResult } from '../domain/download-results';
import { AccessDenied, isOutage } from '../upstream/errors';
import { type AccessDenialProgress, accessDeniedForMs, startAccessDenialProgress } from './access-denial';
import { type Attempt, attempt } from './attempt';
import { type DownloadDeps, type FetchDocumentInput, fetchDocument } from './download';
import { nothingNew } from './failures';
import { type ListSelection, selectReports } from './list-selection';
import type { ActivityMetrics } from './metrics';
import { type PollProgress, type Progress, startPollProgress } from './progress';

export interface ListReportsInput extends ListSelection {
  readonly clientUserId: string;
  /** The answer decides the applicant's outcome: after a denial we prove that our own credentials are valid. */
  readonly concluding: boolean;
  /** Gives up as `unavailable` after such an outage; null: never. */
  readonly patienceMs: number | null;
  /** Retries a denial for so long, because it contradicts what is known; absent: accepts it at once. */
  readonly refusedPatienceMs?: number;
}

export interface WatchReportsInput extends ListSelection {
  readonly clientUserId: string;
  /** The known list. */
  readonly digest: string | null;
  readonly delaysMs: readonly number[];
}

export interface ReportDeps extends DownloadDeps {
  readonly metrics?: Pick<ActivityMetrics, 'foundByPolling'>;
}

/** Activities about one person's reports: one API call each. */
export function createReportActivities(deps: ReportDeps) {
  const { upstream, metrics } = deps;
  return {
    /** Lists the reports; retried until the upstream answers or denies access, or the patience ends. */
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

    /** Polls until the list is another one. A quiet poll fails benignly, which adds no history event. */
    async watchReports({ digest, delaysMs, ...input }: WatchReportsInput): Promise<ListAnswer> {
      return attempt<ListAnswer, PollProgress>(async (running) => {
        const answer = await list(input, running).catch((error: unknown) => {
          if (error instanceof AccessDenied) return null;
          throw error;
        });
        if (answer?.kind === 'listed' && answer.digest !== digest) {
          metrics?.foundByPolling.inc({ of: 'reports' });
          return answer;
        }
        throw nothingNew(running.progress, delaysMs, 'no new reports');
      }, startPollProgress);
    },

    /** Streams one document into the store. Report bytes never enter history. */
    async fetchDocument(input: FetchDocumentInput): Promise<DownloadResult> {
      return fetchDocument(input, deps);
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

  async function list(
    input: ListSelection & { readonly clientUserId: string },
    { askedAtMs }: Attempt<Progress>,
  ): Promise<ListAnswer> {
    const reports = await upstream.listReports(input.clientUserId);
    return { kind: 'listed', ...selectReports(reports, input), askedAtMs };
  }
}
