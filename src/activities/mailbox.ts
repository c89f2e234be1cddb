import { noticeRequestId } from '../human-api/notifications';
import type { ReportNotice } from '../workflows/contract';

/** Where applicants are found and told, by whoever knows Temporal's client. */
export interface ApplicantDirectory {
  /** The clientUserId of the applicant with this humanId, by search attribute; null where there is none. */
  findByHumanId(humanId: string): Promise<string | null>;
  /** Passes a report notice on, to the refresh where the applicant closed recently; a repeat under the same request id changes nothing. */
  deliverReportNotice(clientUserId: string, notice: ReportNotice, requestId: string): Promise<PassedOn>;
}

type PassedOn = 'taken' | 'refreshing' | 'closed-or-unknown';

/** The activities of a mailbox: they talk to Temporal, not to upstream. */
export function createMailboxActivities({ directory }: { directory: ApplicantDirectory }) {
  return {
    async findApplicant({ humanId }: { humanId: string }): Promise<string | null> {
      return directory.findByHumanId(humanId);
    },

    /** Passes a notice on under the request id that the webhook would have used, so that both ways count once. */
    async passNotice(input: { clientUserId: string; notice: ReportNotice }): Promise<PassedOn> {
      const { clientUserId, notice } = input;
      return directory.deliverReportNotice(clientUserId, notice, noticeRequestId({ kind: 'report', ...notice }));
    },
  };
}
