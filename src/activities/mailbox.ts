import { activityInfo } from '@temporalio/activity';
import type { FileEncryption } from '../domain/encryption';
import type { ReportNotice } from '../domain/notices';
import { openMailboxQuarantine } from '../quarantine/quarantine';
import type { ReportStore } from '../report-store/port';
import { noticeRequestId, serializeNotices } from '../upstream/notices';
import type { ApplicantRuns, DeliveryResult } from './applicant-runs';
import type { ActivityMetrics } from './metrics';
import { translateStoreErrors } from './store';

export interface MailboxDeps {
  readonly runs: Pick<ApplicantRuns, 'findByHumanId' | 'deliverToRunOrRefresh'>;
  readonly reportStore: ReportStore;
  /** The encryption of notices in quarantine. */
  readonly noticeEncryption: FileEncryption;
  readonly metrics: Pick<ActivityMetrics, 'ownerlessNotices'>;
}

/** The activities of a mailbox. They call Temporal and the store, not the upstream. */
export function createMailboxActivities({ runs, reportStore, noticeEncryption, metrics }: MailboxDeps) {
  const quarantine = openMailboxQuarantine(reportStore.shelf, noticeEncryption);
  return {
    async findApplicant({ humanId }: { humanId: string }): Promise<string | null> {
      return runs.findByHumanId(humanId);
    },

    /** Forwards a notice with the request id that the webhook uses, so that a notice that takes both ways counts once. */
    async passNotice(input: { clientUserId: string; notice: ReportNotice }): Promise<DeliveryResult> {
      const { clientUserId, notice } = input;
      return runs.deliverToRunOrRefresh(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
    },

    /** Quarantines the notices of a person without an applicant, for an operator. A repeated attempt writes the same record. */
    async setAside(input: { humanId: string; notices: readonly ReportNotice[] }): Promise<'kept' | 'full'> {
      const { humanId, notices } = input;
      const { workflowExecution, activityId, scheduledTimestampMs } = activityInfo();
      const record = {
        ...({ why: 'nobody', kind: 'report', clientUserId: null, humanId } as const),
        detail: notices.length === 1 ? '1 notice' : `${notices.length} notices`,
        content: serializeNotices(notices.map((notice) => ({ kind: 'report', ...notice }))),
      };
      const identity = { atMs: scheduledTimestampMs, key: `${workflowExecution?.runId} ${activityId}` };
      const fate = await translateStoreErrors(() => quarantine.put(record, identity));
      metrics.ownerlessNotices.inc({ fate }, notices.length);
      return fate;
    },
  };
}
