import { createExpiringMap } from '../process/expiring-map';

/** Limits how many mailboxes this process starts: each costs a workflow and up to nine requests to Human API. */
export interface MailboxBudget {
  /** Whether a report notice of this person may be posted now. Free for a person whose mailbox was started recently. */
  tryTake(humanId: string): boolean;
  /** The post failed, so no mailbox was started. */
  refund(humanId: string): void;
}

/** A report notice beyond the budget; it was not sent to Temporal. */
export class MailboxBudgetSpent extends Error {
  override readonly name = 'MailboxBudgetSpent';
  readonly kind = 'over-budget';

  constructor() {
    super('too many notices of unknown people; set WEBHOOK_SPOOL, where they can wait');
  }
}

/**
 * A webhook sees a person for the first time once after its start: 24,000 applicants with six reports a month make one such notice in 100 s. A
 * full body of unknown people (16,000) is delivered within an hour.
 */
const REFILL_PER_SECOND = 5;
/** A minute of the refill: the spool retries at least that often. */
const BURST = 300;
/** A mailbox without an owner stays open for a day. At most 3,300 people are remembered, because each of them cost a token. */
const REMEMBERED_MS = 10 * 60 * 1_000;
const MAX_REMEMBERED = 5_000;

export function createMailboxBudget(nowMs: () => number = () => performance.now()): MailboxBudget {
  const started = createExpiringMap<true>({ max: MAX_REMEMBERED, ttlMs: REMEMBERED_MS, nowMs });
  let tokens = BURST;
  let refilledAtMs = nowMs();

  return {
    tryTake(humanId) {
      const now = nowMs();
      tokens = Math.min(BURST, tokens + ((now - refilledAtMs) / 1_000) * REFILL_PER_SECOND);
      refilledAtMs = now;
      if (started.has(humanId)) return true;
      if (tokens < 1) return false;
      tokens -= 1;
      started.set(humanId, true);
      return true;
    },
    refund(humanId) {
      if (started.delete(humanId)) tokens = Math.min(BURST, tokens + 1);
    },
  };
}
