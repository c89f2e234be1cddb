import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Logger } from '../observability/log';
import type { NoticeSender } from '../temporal/notices';

/** The owners of humanIds, as Temporal confirmed them. A report notice with a confirmed owner needs no mailbox. */
export interface Confirmations {
  /** Null if it is not confirmed. */
  findOwner(humanId: string): string | null;
  /** The applicant accepted a status notice with this humanId. */
  confirmClaim(humanId: string, clientUserId: string): void;
  /** A mailbox accepted a report notice with this humanId. */
  confirmMailbox(humanId: string): void;
  /** Starts the confirmations that wait. Called after the answer is sent. */
  startWaiting(): void;
}

/** About 10 MB when full. An evicted person costs one mailbox. */
const MAX_OWNERS = 50_000;
/** For one describe call. */
const DESCRIBE_TIMEOUT_MS = 5_000;
/** A mailbox that takes longer to find its applicant is read again at the person's next notice. */
const MAILBOX_TIMEOUT_MS = 30_000;
/** Further people are not confirmed, which costs one mailbox each. */
const MAX_WAITING = 1_000;
const DESCRIBE_CONCURRENCY = 4;
/** Each is a long poll. */
const MAILBOX_CONCURRENCY = 16;

export function createConfirmations(deps: {
  readonly sender: Pick<NoticeSender, 'readHumanId' | 'waitForMailboxOwner'>;
  readonly log: Logger;
}): Confirmations {
  const { sender, log } = deps;
  const owners = new LRUCache<string, string>({ max: MAX_OWNERS });
  const claims = createBacklog(DESCRIBE_CONCURRENCY);
  const mailboxes = createBacklog(MAILBOX_CONCURRENCY);

  async function confirm(humanId: string, readOwner: () => Promise<string | null>): Promise<void> {
    try {
      const owner = await readOwner();
      if (owner !== null) owners.set(humanId, owner);
    } catch (error) {
      log.debug({ error }, 'could not confirm the owner of a humanId');
    }
  }

  return {
    findOwner: (humanId) => owners.get(humanId) ?? null,
    confirmClaim(humanId, clientUserId) {
      if (owners.get(humanId) === clientUserId) return;
      claims.add(humanId, () =>
        confirm(humanId, async () => {
          const own = await sender.readHumanId(clientUserId, Date.now() + DESCRIBE_TIMEOUT_MS);
          return own === humanId ? clientUserId : null;
        }),
      );
    },
    confirmMailbox(humanId) {
      const readOwner = () => sender.waitForMailboxOwner(humanId, Date.now() + MAILBOX_TIMEOUT_MS);
      mailboxes.add(humanId, () => confirm(humanId, readOwner));
    },
    startWaiting() {
      claims.start();
      mailboxes.start();
    },
  };
}

/** Work that waits for its start: one piece per key, a bounded number waiting and running. */
function createBacklog(concurrency: number) {
  const limit = pLimit(concurrency);
  const keys = new Set<string>();
  const waiting: (() => void)[] = [];
  return {
    add(key: string, work: () => Promise<void>): void {
      if (keys.has(key) || waiting.length + limit.pendingCount >= MAX_WAITING) return;
      keys.add(key);
      waiting.push(() => void limit(work).then(() => keys.delete(key)));
    },
    start(): void {
      for (const run of waiting.splice(0)) run();
    },
  };
}
