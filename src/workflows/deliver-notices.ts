import { continueAsNew, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { withHeld } from '../domain/mailbox';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { inHouse, upstream } from './calls';
import { type DeliverNoticesResult, type ReportNotice, reportNoticeSignal } from './contract';

/** A mailbox that is flooded hands over to a fresh run, as an applicant does. */
const NOTICES_MOST = 2_000;
/** The server refuses a workflow task that leaves 2,000 activities pending, for good. */
const PASSED_ON_AT_ONCE = 50;
/** How long after one vain question the next is asked: a search lags by seconds, an upstream that commits late by minutes at most. */
const ASK_AGAIN_MS = [5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS] as const;

export interface DeliverNoticesInput {
  /** Notices that the run before did not deliver. */
  readonly waiting?: readonly ReportNotice[];
  /** How many runs before delivered. */
  readonly delivered?: number;
}

/**
 * The mailbox of one person, for report notices that name only a humanId: finds out whose it is, passes the notices on, and tells whoever
 * waits for its result. Nobody of ours: the notices are set aside for an operator.
 */
export async function deliverNotices({
  waiting = [],
  delivered = 0,
}: DeliverNoticesInput = {}): Promise<DeliverNoticesResult> {
  let notices = waiting;
  let taken = 0;
  setHandler(reportNoticeSignal, (notice) => {
    taken += 1;
    // What is no notice, or cannot be decoded, must not stand in the way of those that are.
    if (typeof notice?.reportId === 'string') notices = withHeld(notices, notice);
  });
  const humanId = workflowInfo().workflowId.replace(/^notices-/, '');
  const clientUserId = await findWhose(humanId);
  let passed = delivered;
  while (notices.length > 0) {
    if (taken >= NOTICES_MOST) return continueAsNew<typeof deliverNotices>({ waiting: notices, delivered: passed });
    const batch = notices.slice(0, PASSED_ON_AT_ONCE);
    notices = notices.slice(PASSED_ON_AT_ONCE);
    if (clientUserId === null) await inHouse('Set the notices aside').setAside({ humanId, notices: batch });
    else passed += await passOn(clientUserId, batch);
  }
  return { clientUserId, delivered: passed };
}

/**
 * Our own record first; upstream's where the search has not caught up yet with an invitation that was just made. Nobody found may still be
 * somebody whom either will know in a moment, so it is asked a few times before the notices are given up.
 */
async function findWhose(humanId: string): Promise<string | null> {
  for (const pauseMs of [...ASK_AGAIN_MS, null]) {
    const clientUserId =
      (await inHouse('Find the applicant').findApplicant({ humanId })) ??
      (await upstream('background', 'Ask whose report it is').readClientUserId({ humanId }));
    if (clientUserId !== null) return clientUserId;
    if (pauseMs !== null) await sleep(pauseMs, { summary: 'ask again whose report it is' });
  }
  return null;
}

async function passOn(clientUserId: string, batch: readonly ReportNotice[]): Promise<number> {
  const results = await Promise.all(
    batch.map((notice) => inHouse('Pass the notice on').passNotice({ clientUserId, notice })),
  );
  return results.filter((result) => result !== 'closed-or-unknown').length;
}
