import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Logger } from '../observability/log';
import type { NoticeSender } from '../temporal/notices';

/** The owners of humanIds, as Temporal confirmed them. A report notice with a confirmed owner needs no mailbox. */
export interface Confirmations {
  /** Null if it is not confirmed. */
  findOwner(humanId: string): string | null;
  /** Call after the applicant accepted a status notice with this humanId. Its run decides whether they belong together. */
  confirmByApplicant(humanId: string, clientUserId: string): void;
  /** Call after a mailbox accepted a report notice with this humanId. The mailbox finds the owner. */
  confirmByMailbox(humanId: string): void;
  /** Starts the pending confirmations. Call after the answer is sent, so that they do not delay it. */
  startPending(): void;
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
  const applicants = createBacklog(DESCRIBE_CONCURRENCY);
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
    confirmByApplicant(humanId, clientUserId) {
      if (owners.get(humanId) === clientUserId) return;
      applicants.add(humanId, () =>
        confirm(humanId, async () => {
          const own = await sender.readHumanId(clientUserId, Date.now() + DESCRIBE_TIMEOUT_MS);
          return own === humanId ? clientUserId : null;
        }),
      );
    },
    confirmByMailbox(humanId) {
      const readOwner = () => sender.waitForMailboxOwner(humanId, Date.now() + MAILBOX_TIMEOUT_MS);
      mailboxes.add(humanId, () => confirm(humanId, readOwner));
    },
    startPending() {
      applicants.start();
      mailboxes.start();
    },
  };
}

/** Work that is started later, at most once per key at a time. Beyond {@link MAX_WAITING} pieces, work is dropped. */
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
