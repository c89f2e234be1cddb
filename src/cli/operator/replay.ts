import { UnknownKey } from '../../domain/seal';
import { noticeRequestId } from '../../human-api/notifications';
import { noticesIn, type TellingNotice } from '../../human-api/notifications/stored';
import { type NoticeSender, NoticeUndelivered } from '../../temporal/notices';
import type { SetAside } from './set-aside';

/**
 * What became of a record. `replayed`: Temporal has every notice of it, and it is gone from the quarantine. All others are kept: `nowhere`
 * (an applicant that is closed or was never ours), `refused` (Temporal will not take it as things are), `unreadable`, `locked` (its key is
 * not ours). `gone`: there is none of this id.
 */
export interface Replayed {
  readonly result: 'replayed' | 'nowhere' | 'refused' | 'unreadable' | 'locked' | 'gone';
  /** How many of its notices Temporal has now. */
  readonly taken: number;
}

/**
 * Sends a record's notices as the webhook would have, and removes it once Temporal has them. Harmless to repeat and to run twice at a time:
 * each notice goes under its own request id. @throws {NoticeUndelivered} where Temporal does not answer; the record is kept
 */
export async function replay(
  setAside: SetAside,
  id: string,
  sender: Pick<NoticeSender, 'deliverStatusNotice' | 'postToMailbox'>,
): Promise<Replayed> {
  const notices = await noticesOf(setAside, id);
  if (typeof notices === 'string') return { result: notices, taken: 0 };
  let taken = 0;
  let kept: 'nowhere' | 'refused' | null = null;
  for (const notice of notices) {
    const fate = await send(notice, sender);
    if (fate === 'taken') taken += 1;
    else kept = fate;
  }
  if (kept !== null) return { result: kept, taken };
  await setAside.drop(id); // false: somebody else replayed it too, which came to the same
  return { result: 'replayed', taken };
}

async function noticesOf(
  setAside: SetAside,
  id: string,
): Promise<readonly TellingNotice[] | 'unreadable' | 'locked' | 'gone'> {
  try {
    const found = await setAside.read(id);
    if (found === null) return 'gone';
    return (found.content && noticesIn(found.content)) ?? 'unreadable';
  } catch (error) {
    if (error instanceof UnknownKey) return 'locked';
    throw error;
  }
}

async function send(
  notice: TellingNotice,
  sender: Pick<NoticeSender, 'deliverStatusNotice' | 'postToMailbox'>,
): Promise<'taken' | 'nowhere' | 'refused'> {
  const requestId = noticeRequestId(notice);
  try {
    if (notice.kind === 'report') {
      const { humanId, reportId, type, updatedAt } = notice;
      await sender.postToMailbox({ humanId, reportId, type, updatedAt }, requestId);
      return 'taken';
    }
    const { clientUserId, humanId, status, updatedAt } = notice;
    const delivered = await sender.deliverStatusNotice(clientUserId, { humanId, status, updatedAt }, requestId);
    return delivered === 'taken' ? 'taken' : 'nowhere';
  } catch (error) {
    if (error instanceof NoticeUndelivered && error.kind === 'refused') return 'refused';
    throw error;
  }
}
