import { CancellationScope, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  decideMailbox,
  exceedsCarryLimit,
  type MailboxStep,
  type OwnerSearch,
  openMailbox,
  withFailedLookUp,
  withFullQuarantine,
  withHeldNotice,
  withOwner,
  withoutFirstNotices,
  withSearchResult,
} from '../domain/mailbox';
import type { ReportNotice } from '../domain/notices';
import { internalActivities, upstreamActivities, waitForTurn } from './activity-calls';
import { type DeliverNoticesResult, reportNoticeSignal } from './contract';
import { hasReachedRunLimit } from './run-limits';

export interface DeliverNoticesInput {
  /** Notices that the run before did not deliver. */
  readonly waiting?: readonly ReportNotice[];
  /** How many runs before delivered. */
  readonly delivered?: number;
  /** How far the run before was; missing in what 0.1.0 handed over. */
  readonly search?: OwnerSearch;
}

/**
 * The mailbox of one person, for report notices that name only a humanId: finds out whose it is, passes the notices on, and returns whose they
 * were. After a day without an owner the notices go to the quarantine; while that is full they stay here.
 */
export async function deliverNotices(input: DeliverNoticesInput = {}): Promise<DeliverNoticesResult> {
  const humanId = workflowInfo().workflowId.replace(/^notices-/, '');
  let mailbox = openMailbox(input.waiting ?? [], input.search ?? null, Date.now());
  let { delivered = 0 } = input;
  let signals = 0;
  let asking: CancellationScope | null = null;
  let failure: unknown = null;
  setHandler(reportNoticeSignal, (notice) => {
    signals += 1;
    // What is no notice, or cannot be decoded, must not stand in the way of those that are.
    if (typeof notice?.reportId === 'string') mailbox = withHeldNotice(mailbox, notice);
  });

  for (;;) {
    if (failure !== null) throw failure;
    if (shouldContinueAsNew()) {
      stopAsking();
      const { notices: waiting, search } = mailbox;
      return continueAsNew<typeof deliverNotices>({ waiting, delivered, search });
    }
    const step = decide();
    if (step.do === 'wait') await waitUntil(step.untilMs);
    else if (step.do === 'pass-on') await forwardNotices(step.notices);
    else if (step.do === 'search') await search();
    else if (step.do === 'ask') await ask();
    else if (step.do === 'stop-asking') stopAsking();
    else if (step.do === 'set-aside') await quarantineNotices(step.notices);
    else {
      stopAsking();
      return { clientUserId: mailbox.owner, delivered };
    }
  }

  /** Our own record first; upstream's where the search has not caught up yet, or the person was not started by us. */
  async function ask(): Promise<void> {
    await search();
    if (mailbox.owner !== null) return;
    // Past the day only our own record is searched, once more.
    if (decideMailbox(mailbox, Date.now(), true).do === 'stop-asking') mailbox = withFailedLookUp(mailbox, Date.now());
    else askUpstream();
  }

  async function search(): Promise<void> {
    const askedAtMs = Date.now();
    mailbox = { ...mailbox, hasNews: false };
    const owner = await internalActivities('Find the applicant').findApplicant({ humanId });
    // Read again after the wait: a notice may have come in it.
    mailbox = withSearchResult(mailbox, owner, askedAtMs);
  }

  /** Beside the wait: under a flood the turn may come hours later, and a notice that comes meanwhile may find the applicant. */
  function askUpstream(): void {
    const scope = new CancellationScope();
    asking = scope;
    scope
      .run(async () => {
        await waitForTurn('lookups', 'Wait for a turn among the look-ups of mailboxes');
        const call = upstreamActivities('background', 'Ask whose report it is', { cancellationType: 'TRY_CANCEL' });
        return call.readClientUserId({ humanId });
      })
      .then((owner) => {
        if (asking !== scope) return;
        mailbox = withFailedLookUp(withOwner(mailbox, owner), Date.now());
        asking = null;
      })
      .catch((error: unknown) => {
        // What comes after the look-up was given up is no one's: its end must not fail a mailbox that holds notices.
        if (asking === scope) failure = error;
      });
  }

  function stopAsking(): void {
    const scope = asking;
    asking = null;
    scope?.cancel();
  }

  async function forwardNotices(batch: readonly ReportNotice[]): Promise<void> {
    stopAsking();
    const clientUserId = mailbox.owner ?? '';
    const results = await Promise.all(
      batch.map((notice) => internalActivities('Pass the notice on').passNotice({ clientUserId, notice })),
    );
    mailbox = withoutFirstNotices(mailbox, batch.length);
    delivered += results.filter((result) => result !== 'closed-or-unknown').length;
  }

  async function quarantineNotices(batch: readonly ReportNotice[]): Promise<void> {
    const fate = await internalActivities('Set the notices aside').setAside({ humanId, notices: batch });
    mailbox = fate === 'full' ? withFullQuarantine(mailbox, Date.now()) : withoutFirstNotices(mailbox, batch.length);
  }

  /** A notice that changes nothing of what is due starts no new timer. */
  async function waitUntil(untilMs: number): Promise<void> {
    const isDue = (step: MailboxStep) => step.do !== 'wait' || step.untilMs < untilMs;
    const options = { summary: 'waiting before the owner is looked for again' };
    await condition(() => shouldContinueAsNew() || failure !== null || isDue(decide()), untilMs - Date.now(), options);
  }

  function decide(): MailboxStep {
    return decideMailbox(mailbox, Date.now(), asking !== null);
  }

  /** One that is too heavy to be handed over goes on: the server then refuses what is too much, and the webhook keeps it. */
  function shouldContinueAsNew(): boolean {
    return hasReachedRunLimit(signals) && !exceedsCarryLimit(mailbox);
  }
}
