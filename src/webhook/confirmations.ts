import type { Logger } from '../observability/log';
import type { NoticeSender } from '../temporal/notices';
import { createBackgroundQueue } from './background-queue';
import type { KnownPersons } from './known-persons';

/** Finds out, after the answer, whose humanId is whose, so that the person's next report notice goes straight to the applicant. */
export interface Confirmations {
  /** The applicant took a status notice that names this humanId as its own. */
  claimed(humanId: string, clientUserId: string): void;
  /** A mailbox holds a report notice of this person. */
  posted(humanId: string): void;
  /** Begins with what was noted; called once the answer is out. */
  start(): void;
}

/** One describe per person: quick, or not worth waiting for. */
const DESCRIBE_TIMEOUT_MS = 5_000;
/** A mailbox that has not found its applicant by then will be asked at the person's next notice. */
const MAILBOX_TIMEOUT_MS = 30_000;
/** A burst beyond it goes unconfirmed: each such person costs one more mailbox. */
const MAX_WAITING = 1_000;
const DESCRIBES_AT_ONCE = 4;
/** They mostly wait: each is one long poll. */
const MAILBOXES_AT_ONCE = 16;

export function createConfirmations(deps: {
  readonly sender: Pick<NoticeSender, 'readHumanId' | 'waitForMailboxOwner'>;
  readonly known: KnownPersons;
  readonly log: Logger;
}): Confirmations {
  const { sender, known, log } = deps;

  const claims = createBackgroundQueue<{ readonly humanId: string; readonly clientUserId: string }>({
    capacity: MAX_WAITING,
    lanes: DESCRIBES_AT_ONCE,
    work: async ({ humanId, clientUserId }) => {
      const own = await found(sender.readHumanId(clientUserId, Date.now() + DESCRIBE_TIMEOUT_MS));
      if (own === humanId) known.confirm(humanId, clientUserId);
    },
  });
  const mailboxes = createBackgroundQueue<string>({
    capacity: MAX_WAITING,
    lanes: MAILBOXES_AT_ONCE,
    work: async (humanId) => {
      const owner = await found(sender.waitForMailboxOwner(humanId, Date.now() + MAILBOX_TIMEOUT_MS));
      if (owner !== null) known.confirm(humanId, owner);
    },
  });

  return {
    claimed(humanId, clientUserId) {
      if (known.clientUserIdOf(humanId) !== clientUserId) claims.offer(humanId, { humanId, clientUserId });
    },
    posted: (humanId) => mailboxes.offer(humanId, humanId),
    start() {
      claims.start();
      mailboxes.start();
    },
  };

  /** "Could not find out" confirms as little as "nobody", and is tried again at the next notice. */
  async function found(answer: Promise<string | null>): Promise<string | null> {
    try {
      return await answer;
    } catch (error) {
      log.debug({ error }, 'could not confirm whose humanId it is');
      return null;
    }
  }
}
