import { continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { local, upstream } from './calls';
import { type DeliverNoticesResult, type ReportNotice, reportNoticeSignal } from './contract';

/** A mailbox that is flooded hands over to a fresh run, as an applicant does. */
const NOTICES_MOST = 2_000;

export interface DeliverNoticesInput {
  /** Notices that the run before did not deliver. */
  readonly waiting?: readonly ReportNotice[];
  /** How many runs before delivered. */
  readonly delivered?: number;
}

/**
 * The mailbox of one person, for report notices that name only a humanId: finds out whose it is, passes the notices on, and tells whoever
 * waits for its result. Nobody of ours: the notices end here.
 */
export async function deliverNotices({
  waiting = [],
  delivered = 0,
}: DeliverNoticesInput = {}): Promise<DeliverNoticesResult> {
  const notices: ReportNotice[] = [...waiting];
  let taken = 0;
  setHandler(reportNoticeSignal, (notice) => {
    taken += 1;
    notices.push(notice);
  });
  const humanId = workflowInfo().workflowId.replace(/^notices-/, '');
  const clientUserId = await findWhose(humanId);
  let passed = delivered;
  while (notices.length > 0) {
    if (taken >= NOTICES_MOST) return continueAsNew<typeof deliverNotices>({ waiting: notices, delivered: passed });
    const batch = notices.splice(0);
    if (clientUserId !== null) passed += await passOn(clientUserId, batch);
  }
  return { clientUserId, delivered: passed };
}

/** Our own record first; upstream's where the search has not caught up yet with an invitation that was just made. */
async function findWhose(humanId: string): Promise<string | null> {
  return (
    (await local('Find the applicant').findApplicant({ humanId })) ??
    (await upstream('notice', 'Ask whose report it is').readClientUserId({ humanId }))
  );
}

async function passOn(clientUserId: string, batch: readonly ReportNotice[]): Promise<number> {
  const results = await Promise.all(
    batch.map((notice) => local('Pass the notice on').passNotice({ clientUserId, notice })),
  );
  return results.filter((result) => result === 'taken').length;
}
