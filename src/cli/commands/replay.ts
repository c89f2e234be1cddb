import type { Notice } from '../../domain/notices';
import { type NoticeSender, NoticeUndelivered, type Receiver } from '../../temporal/notices';
import { noticeRequestId } from '../../upstream/notices';
import { type QuarantineView, readNotices } from '../../use-cases/quarantine-view';

/**
 * What became of a record. `replayed`: a workflow took each of its notices and the record is removed. All others are kept: `nowhere` (the
 * applicant is closed or unknown), `refused` (Temporal rejected a notice), `unreadable`, `locked` (its key is missing). `gone`: there is no
 * such record.
 */
export interface ReplayResult {
  readonly result: 'replayed' | 'nowhere' | 'refused' | 'unreadable' | 'locked' | 'gone';
  /** How many of its notices a workflow took. */
  readonly taken: number;
  /** The same by receiver. `mailbox`: no applicant was found yet; the mailbox keeps searching. */
  readonly by: Readonly<Partial<Record<Receiver, number>>>;
}

type Sender = Pick<NoticeSender, 'send' | 'findApplicant'>;

/**
 * Sends the notices of a record as the webhook and the mailbox do, and removes the record when all are taken. Each notice has its own request
 * id, so repeats and concurrent replays are harmless. @throws {NoticeUndelivered} if Temporal does not answer; the record is kept
 */
export async function replay(view: QuarantineView, id: string, sender: Sender): Promise<ReplayResult> {
  const notices = await readNotices(view, id);
  if (typeof notices === 'string') return { result: notices, taken: 0, by: {} };
  const by: Partial<Record<Receiver, number>> = {};
  let taken = 0;
  let obstacle: 'nowhere' | 'refused' | null = null;
  for (const notice of notices) {
    const receiver = await send(notice, sender);
    if (receiver === 'nowhere' || receiver === 'refused') {
      obstacle = receiver;
      continue;
    }
    taken += 1;
    by[receiver] = (by[receiver] ?? 0) + 1;
  }
  if (obstacle !== null) return { result: obstacle, taken, by };
  await view.drop(id); // false if a concurrent replay removed it, with the same result
  return { result: 'replayed', taken, by };
}

/** A report goes to its applicant, so that the result is known at once. If the search finds none or fails, its mailbox searches. */
async function send(notice: Notice, sender: Sender): Promise<Receiver | 'nowhere' | 'refused'> {
  const owner = notice.kind === 'report' ? await sender.findApplicant(notice.humanId).catch(() => null) : null;
  try {
    return await sender.send(notice, owner, noticeRequestId(notice));
  } catch (error) {
    if (error instanceof NoticeUndelivered && error.kind === 'refused') return 'refused';
    throw error;
  }
}
