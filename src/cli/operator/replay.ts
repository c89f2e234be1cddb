import { noticeRequestId } from '../../human-api/notifications';
import type { StoredNotice } from '../../human-api/notifications/stored';
import { type NoticeSender, NoticeUndelivered } from '../../temporal/notices';
import { type QuarantineView, readNotices } from './quarantine-view';

/** Who has a notice now. `mailbox`: a search knows nobody of this humanId yet, so the mailbox asks on; nobody's comes back into quarantine. */
type Taker = 'applicant' | 'refresh' | 'mailbox';

/**
 * What became of a record. `replayed`: each of its notices was taken, and it is gone from the quarantine. All others are kept: `nowhere`
 * (ignored: the applicant is closed or was never ours), `refused` (Temporal will not take it as things are), `unreadable`, `locked` (its key
 * is not ours). `gone`: there is none of this id.
 */
export interface Replayed {
  readonly result: 'replayed' | 'nowhere' | 'refused' | 'unreadable' | 'locked' | 'gone';
  /** How many of its notices were taken. */
  readonly taken: number;
  /** By whom. */
  readonly by: Readonly<Partial<Record<Taker, number>>>;
}

type Sender = Pick<NoticeSender, 'deliverStatusNotice' | 'deliverReportNotice' | 'findByHumanId' | 'postToMailbox'>;

/**
 * Sends a record's notices as the webhook and the mailbox would have, and removes it once all are taken. Harmless to repeat and to run twice at
 * a time: each notice goes under its own request id. @throws {NoticeUndelivered} where Temporal does not answer; the record is kept
 */
export async function replay(view: QuarantineView, id: string, sender: Sender): Promise<Replayed> {
  const notices = await readNotices(view, id);
  if (notices === 'key-missing') return { result: 'locked', taken: 0, by: {} };
  if (typeof notices === 'string') return { result: notices, taken: 0, by: {} };
  const by: Partial<Record<Taker, number>> = {};
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
  await view.drop(id); // false: somebody else replayed it too, which came to the same
  return { result: 'replayed', taken, by };
}

async function send(notice: StoredNotice, sender: Sender): Promise<Taker | 'nowhere' | 'refused'> {
  const requestId = noticeRequestId(notice);
  try {
    if (notice.kind === 'report') return await sendReport(notice, requestId, sender);
    const { clientUserId, humanId, status, updatedAt } = notice;
    const delivered = await sender.deliverStatusNotice(clientUserId, { humanId, status, updatedAt }, requestId);
    return delivered === 'taken' ? 'applicant' : 'nowhere';
  } catch (error) {
    if (error instanceof NoticeUndelivered && error.kind === 'refused') return 'refused';
    throw error;
  }
}

/** Straight to whose it is, which tells at once what becomes of it; where a search does not say, or cannot be asked, the mailbox finds out. */
async function sendReport(
  { humanId, reportId, type, updatedAt }: Extract<StoredNotice, { kind: 'report' }>,
  requestId: string,
  sender: Sender,
): Promise<Taker | 'nowhere'> {
  const notice = { humanId, reportId, type, updatedAt };
  const clientUserId = await sender.findByHumanId(humanId).catch(() => null);
  if (clientUserId === null) {
    await sender.postToMailbox(notice, requestId);
    return 'mailbox';
  }
  const delivered = await sender.deliverReportNotice(clientUserId, notice, requestId);
  if (delivered === 'refreshing') return 'refresh';
  return delivered === 'taken' ? 'applicant' : 'nowhere';
}
