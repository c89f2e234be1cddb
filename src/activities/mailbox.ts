import { activityInfo } from '@temporalio/activity';
import { Counter, type Registry } from 'prom-client';
import type { Cipher } from '../domain/encryption';
import type { ReportNotice } from '../domain/notices';
import { openMailboxQuarantine } from '../quarantine/quarantine';
import type { ReportStore } from '../report-store/port';
import { noticeRequestId, serializeNotices } from '../upstream/notices';
import { translateStoreErrors } from './manifests';

/** Where applicants are found and told, by whoever knows Temporal's client. */
export interface ApplicantDirectory {
  /** The clientUserId of the applicant with this humanId, by search attribute; null where there is none. */
  findByHumanId(humanId: string): Promise<string | null>;
  /** Passes a report notice on, to the refresh where the applicant closed recently; a repeat under the same request id changes nothing. */
  deliverReportNotice(clientUserId: string, notice: ReportNotice, requestId: string): Promise<DeliveryResult>;
}

type DeliveryResult = 'taken' | 'refreshing' | 'closed-or-unknown';

export interface MailboxDeps {
  readonly directory: ApplicantDirectory;
  readonly reportStore: ReportStore;
  /** Null: no keys are set. */
  readonly seal: Cipher | null;
  readonly mailboxMetrics: MailboxMetrics;
}

/** What is told of notices that found nobody. */
interface MailboxMetrics {
  /** By fate: `kept` in quarantine, or `full`: they stay in the mailbox, which tries again. */
  readonly ownerless: Counter<'fate'>;
}

export function createMailboxMetrics(registry: Registry): MailboxMetrics {
  return {
    ownerless: new Counter({
      name: 'chartway_ownerless_notices_total',
      help: 'Report notices whose applicant was never found, by fate: kept (in the quarantine of the report store) or full (each try; they stay in the mailbox).',
      labelNames: ['fate'],
      registers: [registry],
    }),
  };
}

/** The activities of a mailbox: they talk to Temporal and to the store, not to upstream. */
export function createMailboxActivities({ directory, reportStore, seal, mailboxMetrics }: MailboxDeps) {
  const quarantine = openMailboxQuarantine(reportStore.shelf, seal);
  return {
    async findApplicant({ humanId }: { humanId: string }): Promise<string | null> {
      return directory.findByHumanId(humanId);
    },

    /** Passes a notice on under the request id that the webhook would have used, so that both ways count once. */
    async passNotice(input: { clientUserId: string; notice: ReportNotice }): Promise<DeliveryResult> {
      const { clientUserId, notice } = input;
      return directory.deliverReportNotice(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
    },

    /** Keeps the notices of a person who is nobody of ours where an operator finds them; `full`: there is no room. Once, however often it is tried. */
    async setAside({
      humanId,
      notices,
    }: {
      humanId: string;
      notices: readonly ReportNotice[];
    }): Promise<'kept' | 'full'> {
      const { workflowExecution, activityId, scheduledTimestampMs } = activityInfo();
      const fate = await translateStoreErrors(() =>
        quarantine.put(
          {
            ...{ why: 'nobody', kind: 'report', clientUserId: null, humanId },
            detail: notices.length === 1 ? '1 notice' : `${notices.length} notices`,
            content: serializeNotices(notices.map((notice) => ({ kind: 'report' as const, ...notice }))),
          },
          // The same for every attempt of one activity.
          { atMs: scheduledTimestampMs, key: `${workflowExecution?.runId} ${activityId}` },
        ),
      );
      mailboxMetrics.ownerless.inc({ fate }, notices.length);
      return fate;
    },
  };
}
