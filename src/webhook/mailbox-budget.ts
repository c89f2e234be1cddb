import { createExpiringMap } from '../process/expiring-map';

/** Limits how many mailboxes this process starts, because each costs a workflow and up to nine requests to Human API. */
export interface MailboxBudget {
  /** Whether a report notice of this person may be sent to a mailbox now. If that mailbox was started recently, the notice costs nothing. */
  tryTake(humanId: string): boolean;
  /** Call if the notice could not be sent, so that no mailbox was started. */
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
 * After its start a webhook has no confirmed owners. 24,000 applicants with six reports a month cause one report notice in 18 s. A full body of 16,000 unknown
 * people is delivered within an hour.
 */
const REFILL_PER_SECOND = 5;
/** A minute of the refill: the spool retries at least that often. */
const BURST = 300;
/** Much shorter than the day for which a mailbox waits, so at most 3,300 people are remembered: each costs a token. */
const REMEMBERED_MS = 10 * 60 * 1_000;
const MAX_REMEMBERED = 5_000;

export function createMailboxBudget(nowMs: () => number = () => performance.now()): MailboxBudget {
  const recentHumanIds = createExpiringMap<true>({ max: MAX_REMEMBERED, ttlMs: REMEMBERED_MS, nowMs });
  let tokens = BURST;
  let refilledAtMs = nowMs();

  return {
    tryTake(humanId) {
      const now = nowMs();
      tokens = Math.min(BURST, tokens + ((now - refilledAtMs) / 1_000) * REFILL_PER_SECOND);
      refilledAtMs = now;
      if (recentHumanIds.has(humanId)) return true;
      if (tokens < 1) return false;
      tokens -= 1;
      recentHumanIds.set(humanId, true);
      return true;
    },
    refund(humanId) {
      if (recentHumanIds.delete(humanId)) tokens = Math.min(BURST, tokens + 1);
    },
  };
}
