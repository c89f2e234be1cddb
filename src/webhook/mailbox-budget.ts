/** Limits how many new mailboxes this process opens: each costs a workflow and up to nine look-ups at Human API. */
export interface MailboxBudget {
  /** Whether a report notice of this person may be posted now. A person whose mailbox was opened lately costs nothing more. */
  admit(humanId: string): boolean;
  /** The post failed: no mailbox was opened, as far as is known. */
  refund(humanId: string): void;
}

/** A report notice that would open one mailbox too many. Temporal was not asked. */
export class MailboxBudgetSpent extends Error {
  override readonly name = 'MailboxBudgetSpent';
  readonly kind = 'over-budget';

  constructor() {
    super(
      'expected at most a few new persons a second, too many came; set WEBHOOK_SPOOL, where their notices can wait',
    );
  }
}

/**
 * A person is unknown to a webhook once, after its start: 24,000 applicants with six reports a month each are one such notice in 100 s. With five
 * a second the flood of a full body (16,000 persons) is through in an hour.
 */
const REFILL_A_SECOND = 5;
/** A minute of the refill: the spool looks at what waits at least that often. */
const BURST = 300;
/** A mailbox without an owner stays open for a day; its person is remembered for less, so that these are 3,300 at most: each cost a token. */
const OPENED_LATELY_MS = 10 * 60 * 1_000;

export function createMailboxBudget(nowMs: () => number = () => performance.now()): MailboxBudget {
  let tokens = BURST;
  let refilledAtMs = nowMs();
  const openedAtMs = new Map<string, number>(); // the oldest first

  function refill(): number {
    const now = nowMs();
    tokens = Math.min(BURST, tokens + ((now - refilledAtMs) / 1_000) * REFILL_A_SECOND);
    refilledAtMs = now;
    for (const [humanId, atMs] of openedAtMs) {
      if (now - atMs < OPENED_LATELY_MS) break;
      openedAtMs.delete(humanId);
    }
    return now;
  }

  return {
    admit(humanId) {
      const now = refill();
      if (openedAtMs.has(humanId)) return true;
      if (tokens < 1) return false;
      tokens -= 1;
      openedAtMs.set(humanId, now);
      return true;
    },
    refund(humanId) {
      if (openedAtMs.delete(humanId)) tokens = Math.min(BURST, tokens + 1);
    },
  };
}
