import { activityInfo } from '@temporalio/activity';
import { compactDocuments } from '../domain/collection-documents';
import { parseInstantMs } from '../domain/instants';
import type { ReportNotice } from '../domain/notices';
import { mayGetMoreReports } from '../domain/outcome';
import type { Policy } from '../domain/policy';
import { type ClosedRound, isWithinRefreshPeriod } from '../domain/refresh';
import { isFromCurrentDetails, type MissingDocument, type StoredDocument } from '../domain/reports';
import type { EventRecorder } from '../events/recorder';
import type { ReportStore } from '../report-store/port';
import { noticeRequestId } from '../upstream/notices';
import type { ApplicantRuns } from './applicant-runs';
import type { ConfiguredEvents } from './manifests';
import { readOwnManifest, translateStoreErrors } from './store';

/**
 * The round that a refresh adds to. `open`: the next round runs, since `sinceMs` (missing in answers of 0.1.0). `none`: no manifest, or no outcome
 * in it. `withdrawn`: the person was deleted upstream. `too-old`: it closed more than REFRESH_FOR ago.
 */
export type RoundToRefresh =
  | ({ kind: 'closed' } & ClosedRound & ConfiguredEvents)
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
  readonly runs: Pick<ApplicantRuns, 'openSinceMs' | 'deliverToOpenRun' | 'deliverToRefresh'>;
  /** How long after the closing new versions of reports are collected, in ms. */
  readonly refreshForMs: number;
  /** The worker's policy: Temporal may have deleted the applicant's run with its own. Only `wanted` comes from the manifest. */
  readonly policy: Policy;
  readonly events: Pick<EventRecorder, 'types'>;
}

/** The activities of a refresh. It also uses those of an applicant that call the upstream. */
export function createRefreshActivities({ reportStore, runs, refreshForMs, policy, events }: RefreshDeps) {
  return {
    /** Asks Temporal first: the manifest of an open applicant may still have the outcome of the round before. */
    async readClosedRound({ clientUserId }: { clientUserId: string }): Promise<RoundToRefresh> {
      const sinceMs = await runs.openSinceMs(clientUserId);
      if (sinceMs !== null) return { kind: 'open', sinceMs };
      const manifest = await readOwnManifest(reportStore, clientUserId);
      if (!manifest || manifest.outcome === null) return { kind: 'none' };
      const { outcome, reason, withdrawnAt } = manifest;
      if (withdrawnAt !== null || !mayGetMoreReports(outcome, reason)) return { kind: 'withdrawn' };
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
        ...(events.types && { events: events.types }),
      };
    },

    /** Forwards a notice to the open applicant, with the request id that the webhook uses. */
    async passToApplicant(input: {
      clientUserId: string;
      notice: ReportNotice;
    }): Promise<'taken' | 'closed-or-unknown'> {
      const { clientUserId, notice } = input;
      return runs.deliverToOpenRun(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
    },

    /** Forwards notices to the refresh, with the request ids that the webhook uses, so that a repeat counts once. */
    async passToRefresh(input: { clientUserId: string; notices: readonly ReportNotice[] }): Promise<void> {
      const { clientUserId, notices } = input;
      for (const notice of notices) {
        await runs.deliverToRefresh(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
      }
    },

    /** Adds to the manifest. Does nothing without a manifest, because the folder was removed. */
    async recordRefresh(refresh: RefreshToRecord): Promise<void> {
      const refreshedAt = new Date(activityInfo().currentAttemptScheduledTimestampMs).toISOString();
      await translateStoreErrors(async () => {
        if (!(await reportStore.readManifest(refresh.clientUserId))) return;
        await reportStore.updateManifest({ kind: 'refresh', ...refresh, refreshedAt });
      });
    },
  };
}
