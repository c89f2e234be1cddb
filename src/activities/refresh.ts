import { activityInfo } from '@temporalio/activity';
import { compactDocuments } from '../domain/collection-documents';
import { parseInstantMs } from '../domain/instants';
import type { ReportNotice } from '../domain/notices';
import type { Policy } from '../domain/policy';
import { type CheckSchedule, type ClosedRound, isStillConnected, isWithinRefreshPeriod } from '../domain/refresh';
import { isFromCurrentDetails, type MissingDocument, type StoredDocument } from '../domain/reports';
import { WrongFolder } from '../report-store/errors';
import type { Manifest, ReportStore } from '../report-store/port';
import { noticeRequestId } from '../upstream/notices';
import { translateStoreErrors } from './manifests';

/** The applicants' runs, by whoever knows Temporal's client: one call each, no search. */
export interface ApplicantRuns {
  isOpen(clientUserId: string): Promise<boolean>;
  /** Since when a run has been open, in ms since 1970; null where none is, or where it has concluded: one that shows the stage `closed` passes its notices to the refresh itself. */
  takesNoticesSinceMs(clientUserId: string): Promise<number | null>;
  /** Passes a report notice on to an open run and to nothing else; a repeat under the same request id changes nothing. */
  passReportNotice(
    clientUserId: string,
    notice: ReportNotice,
    requestId: string,
  ): Promise<'taken' | 'closed-or-unknown'>;
  /** Passes a report notice on to the applicant's refresh, which is started where none runs; a repeat under the same request id changes nothing. */
  passToRefresh(clientUserId: string, notice: ReportNotice, requestId: string): Promise<void>;
  /** Has the applicant's refresh make checks. Where none runs, one is started that begins after `delayMs`; a repeat changes nothing. */
  scheduleChecks(clientUserId: string, schedule: CheckSchedule, delayMs: number): Promise<void>;
}

/**
 * Whether there is a round to refresh. `open`: another one runs, since `sinceMs` (missing in answers of 0.1.0); `none`: nothing is known, or it ended by force; `withdrawn`: the person was
 * deleted upstream; `too-old`: it closed more than REFRESH_FOR ago.
 */
export type RoundToRefresh =
  | ({ kind: 'closed' } & ClosedRound)
  | { kind: 'open'; sinceMs?: number }
  | { kind: 'none' | 'withdrawn' | 'too-old' };

/** What a refresh adds to the manifest of the round that closed at `closedAt`. */
export interface RefreshToRecord {
  readonly clientUserId: string;
  readonly closedAt: string | null;
  readonly documents: readonly StoredDocument[];
  readonly missing: readonly MissingDocument[];
}

export interface RefreshDeps {
  readonly reportStore: ReportStore;
  readonly runs: ApplicantRuns;
  /** How long after the closing new versions are taken. */
  readonly refreshForMs: number;
  /** The worker's own: the run that had one of its own may be forgotten. What is wanted stands in the manifest. */
  readonly policy: Policy;
}

/** The activities of a refresh, apart from those that call upstream, which are the applicant's. */
export function createRefreshActivities({ reportStore, runs, refreshForMs, policy }: RefreshDeps) {
  return {
    /** Asks Temporal first: an open applicant's manifest may still show the outcome of the round before. */
    async readClosedRound({ clientUserId }: { clientUserId: string }): Promise<RoundToRefresh> {
      const sinceMs = await runs.takesNoticesSinceMs(clientUserId);
      if (sinceMs !== null) return { kind: 'open', sinceMs };
      const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId)).catch(nullIfForeign);
      if (!manifest || manifest.outcome === null) return { kind: 'none' };
      if (!isStillConnected(manifest.outcome, manifest.reason)) return { kind: 'withdrawn' };
      const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
      if (!isWithinRefreshPeriod(nowMs, parseInstantMs(manifest.closedAt), refreshForMs)) return { kind: 'too-old' };
      const { humanId, closedAt, wanted, round, detailsRound } = manifest;
      const documents = manifest.documents.filter((document) => isFromCurrentDetails(document, detailsRound));
      return {
        kind: 'closed',
        humanId,
        closedAt,
        round,
        ...compactDocuments(documents),
        policy: { ...policy, wanted },
      };
    },

    /** Passes a notice on under the request id that the webhook would have used. */
    async passToApplicant(input: {
      clientUserId: string;
      notice: ReportNotice;
    }): Promise<'taken' | 'closed-or-unknown'> {
      const { clientUserId, notice } = input;
      return runs.passReportNotice(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
    },

    /** Passes notices on under the request ids that the webhook would have used, so that a repeat counts once. */
    async passToRefresh(input: { clientUserId: string; notices: readonly ReportNotice[] }): Promise<void> {
      const { clientUserId, notices } = input;
      for (const notice of notices) {
        await runs.passToRefresh(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
      }
    },

    /** Adds to the manifest, where it is there. */
    async recordRefresh(refresh: RefreshToRecord): Promise<void> {
      const refreshedAt = new Date(activityInfo().currentAttemptScheduledTimestampMs).toISOString();
      await translateStoreErrors(async () => {
        // Somebody removed the folder: what was stored since has nowhere to be told of.
        if (!(await reportStore.readManifest(refresh.clientUserId))) return;
        await reportStore.updateManifest({ kind: 'refresh', ...refresh, refreshedAt });
      });
    },
  };
}

function nullIfForeign(error: unknown): Manifest | null {
  if (error instanceof WrongFolder) return null;
  throw error;
}
