import { CancellationScope, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  decideMailbox,
  exceedsCarryLimit,
  hasSearchEnded,
  type MailboxStep,
  type OwnerSearch,
  openMailbox,
  withFullQuarantine,
  withHeldNotice,
  withNextLookUp,
  withOwner,
  withoutFirstNotices,
  withSearchResult,
} from '../domain/mailbox';
import type { ReportNotice } from '../domain/notices';
import { internalActivities, upstreamActivities, waitForTurn } from './activity-calls';
import { type DeliverNoticesResult, mailboxWorkflowId, reportNoticeSignal } from './contract';
import { hasReachedRunLimit } from './run-limits';

export interface DeliverNoticesInput {
  /** Notices that the previous run did not forward. */
  readonly waiting?: readonly ReportNotice[];
  /** How many notices the previous runs forwarded. */
  readonly delivered?: number;
  /** The search of the previous run; missing in the input of 0.1.0. */
  readonly search?: OwnerSearch;
}

/**
 * The mailbox of one person, for report notices that name only a humanId. Finds the applicant, forwards the notices, and returns their owner.
 * After a day without an owner, quarantines the notices; while the quarantine is full, keeps them.
 */
export async function deliverNotices(input: DeliverNoticesInput = {}): Promise<DeliverNoticesResult> {
  const humanId = workflowInfo().workflowId.slice(mailboxWorkflowId('').length);
  let mailbox = openMailbox(input.waiting ?? [], input.search ?? null, Date.now());
  let { delivered = 0 } = input;
  let signals = 0;
  let lookUp: CancellationScope | null = null;
  let failure: unknown = null;
  setHandler(reportNoticeSignal, (notice) => {
    signals += 1;
    // A payload that is not a notice, or cannot be decoded, must not block the others.
    if (typeof notice?.reportId === 'string') mailbox = withHeldNotice(mailbox, notice);
  });

  for (;;) {
    if (failure !== null) throw failure;
    if (shouldContinueAsNew()) {
      stopLookUp();
      const { notices: waiting, search } = mailbox;
      return continueAsNew<typeof deliverNotices>({ waiting, delivered, search });
    }
    const step = decide();
    if (step.do === 'wait') await waitUntil(step.untilMs);
    else if (step.do === 'pass-on') await forwardNotices(step.notices);
    else if (step.do === 'search') await searchApplicant();
    else if (step.do === 'ask') await findOwner();
    else if (step.do === 'stop-asking') stopLookUp();
    else if (step.do === 'set-aside') await quarantineNotices(step.notices);
    else {
      stopLookUp();
      return { clientUserId: mailbox.owner, delivered };
    }
  }

  /** Searches Temporal, then asks upstream: Temporal's search lags, and a person may not have been started by Chartway. */
  async function findOwner(): Promise<void> {
    await searchApplicant();
    if (mailbox.owner !== null) return;
    // After a day, only Temporal is searched, once more.
    if (hasSearchEnded(mailbox, Date.now())) mailbox = withNextLookUp(mailbox, Date.now());
    else startLookUp();
  }

  async function searchApplicant(): Promise<void> {
    const askedAtMs = Date.now();
    mailbox = { ...mailbox, hasNews: false };
    const owner = await internalActivities('Find the applicant').findApplicant({ humanId });
    // Reads `mailbox` again: a notice may have arrived during the call.
    mailbox = withSearchResult(mailbox, owner, askedAtMs);
  }

  /** Does not block the loop: under a flood the rate limit delays the look-up for hours, and a later search may find the applicant. */
  function startLookUp(): void {
    const scope = new CancellationScope();
    lookUp = scope;
    scope
      .run(async () => {
        await waitForTurn('lookups', 'Wait for the rate limit of mailbox look-ups');
        const call = upstreamActivities('background', 'Ask whose report it is', { cancellationType: 'TRY_CANCEL' });
        return call.readClientUserId({ humanId });
      })
      .then((owner) => {
        if (lookUp !== scope) return;
        mailbox = withNextLookUp(withOwner(mailbox, owner), Date.now());
        lookUp = null;
      })
      .catch((error: unknown) => {
        // The failure of a stopped look-up must not fail a mailbox that holds notices.
        if (lookUp === scope) failure = error;
      });
  }

  function stopLookUp(): void {
    const scope = lookUp;
    lookUp = null;
    scope?.cancel();
  }

  async function forwardNotices(batch: readonly ReportNotice[]): Promise<void> {
    stopLookUp();
    const clientUserId = mailbox.owner ?? '';
    const results = await Promise.all(
      batch.map((notice) => internalActivities('Forward the notice').passNotice({ clientUserId, notice })),
    );
    mailbox = withoutFirstNotices(mailbox, batch.length);
    delivered += results.filter((result) => result !== 'closed-or-unknown').length;
  }

  async function quarantineNotices(batch: readonly ReportNotice[]): Promise<void> {
    const result = await internalActivities('Quarantine the notices').setAside({ humanId, notices: batch });
    mailbox = result === 'full' ? withFullQuarantine(mailbox, Date.now()) : withoutFirstNotices(mailbox, batch.length);
  }

  /** Waits on if a notice does not change the next step, so that it starts no new timer. */
  async function waitUntil(untilMs: number): Promise<void> {
    const isDue = (step: MailboxStep) => step.do !== 'wait' || step.untilMs < untilMs;
    const options = { summary: 'waiting before the next search for the owner' };
    await condition(() => shouldContinueAsNew() || failure !== null || isDue(decide()), untilMs - Date.now(), options);
  }

  function decide(): MailboxStep {
    return decideMailbox(mailbox, Date.now(), lookUp !== null);
  }

  /** A mailbox too large for an input continues in the same run: the server then rejects further signals, and the webhook keeps the notices. */
  function shouldContinueAsNew(): boolean {
    return hasReachedRunLimit(signals) && !exceedsCarryLimit(mailbox);
  }
}
