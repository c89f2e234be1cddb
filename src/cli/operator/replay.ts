import { KeyMissing } from '../../domain/encryption';
import type { Notice } from '../../domain/notices';
import { type NoticeSender, NoticeUndelivered, type Receiver } from '../../temporal/notices';
import { noticeRequestId, parseStoredNotices } from '../../upstream/notices';
import type { SetAside } from './set-aside';

/**
 * What became of a record. `replayed`: each of its notices was taken, and it is gone from the quarantine. All others are kept: `nowhere`
 * (ignored: the applicant is closed or was never ours), `refused` (Temporal will not take it as things are), `unreadable`, `locked` (its key
 * is not ours). `gone`: there is none of this id.
 */
export interface Replayed {
  readonly result: 'replayed' | 'nowhere' | 'refused' | 'unreadable' | 'locked' | 'gone';
  /** How many of its notices were taken. */
  readonly taken: number;
  /** By whom. `mailbox`: a search knows nobody of this humanId yet, so the mailbox asks on; nobody's comes back into quarantine. */
  readonly by: Readonly<Partial<Record<Receiver, number>>>;
}

type Sender = Pick<NoticeSender, 'send' | 'findApplicant'>;

/**
 * Sends a record's notices as the webhook and the mailbox would have, and removes it once all are taken. Harmless to repeat and to run twice at
 * a time: each notice goes under its own request id. @throws {NoticeUndelivered} where Temporal does not answer; the record is kept
 */
export async function replay(setAside: SetAside, id: string, sender: Sender): Promise<Replayed> {
  const notices = await noticesOf(setAside, id);
  if (typeof notices === 'string') return { result: notices, taken: 0, by: {} };
  const by: Partial<Record<Receiver, number>> = {};
  let taken = 0;
  let kept: 'nowhere' | 'refused' | null = null;
  for (const notice of notices) {
    const fate = await send(notice, sender);
    if (fate === 'nowhere' || fate === 'refused') {
      kept = fate;
      continue;
    }
    taken += 1;
    by[fate] = (by[fate] ?? 0) + 1;
  }
  if (kept !== null) return { result: kept, taken, by };
  await setAside.drop(id); // false: somebody else replayed it too, which came to the same
  return { result: 'replayed', taken, by };
}

async function noticesOf(
  setAside: SetAside,
  id: string,
): Promise<readonly Notice[] | 'unreadable' | 'locked' | 'gone'> {
  try {
    const found = await setAside.read(id);
    if (found === null) return 'gone';
    return (found.content && parseStoredNotices(found.content)) ?? 'unreadable';
  } catch (error) {
    if (error instanceof KeyMissing) return 'locked';
    throw error;
  }
}

/**
 * A report goes straight to whose it is, which shows at once what becomes of it; where a search does not find that out, or cannot be made, the
 * mailbox does.
 */
async function send(notice: Notice, sender: Sender): Promise<Receiver | 'nowhere' | 'refused'> {
  const owner = notice.kind === 'report' ? await sender.findApplicant(notice.humanId).catch(() => null) : null;
  try {
    return await sender.send(notice, owner, noticeRequestId(notice));
  } catch (error) {
    if (error instanceof NoticeUndelivered && error.kind === 'refused') return 'refused';
    throw error;
  }
}
