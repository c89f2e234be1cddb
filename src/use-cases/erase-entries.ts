import type { Notice } from '../domain/notices';
import { readSpoolRecords } from '../spool/read-records';
import { parseStoredNotices } from '../upstream/notices';
import { type NoticeLocations, openQuarantineView, type QuarantineView, readNotices } from './quarantine-view';

/** What became of a person's notices outside of Temporal and the applicant's folder. */
export interface EntriesResult {
  /** Quarantine records that held notices of this person only. */
  readonly dropped: number;
  /** Ids of records that also hold notices of other people. They are kept. */
  readonly mixed: readonly string[];
  /** Notices in the spool of this host. They will still be delivered, and the mailbox that they open must then be erased. */
  readonly spooled: number;
  /** Records in the spool of this host whose key is missing. They may hold notices of this person. */
  readonly unread: number;
}

/** A file or folder under WEBHOOK_SPOOL cannot be read or removed. */
export class SpoolUnreadable extends Error {
  override readonly name = 'SpoolUnreadable';
}

/** Drops a person's quarantine records and counts the person's notices in the spool of this host. @throws {SpoolUnreadable} */
export async function eraseEntries(
  locations: NoticeLocations,
  clientUserId: string,
  humanIds: readonly string[],
): Promise<EntriesResult> {
  const view = openQuarantineView(locations);
  const isOfPerson = (of: { clientUserId?: string | null; humanId?: string | null }) =>
    of.clientUserId === clientUserId || (of.humanId != null && humanIds.includes(of.humanId));
  const mixed: string[] = [];
  let dropped = 0;
  try {
    for (const header of await view.list()) {
      const owner = await findOwner(view, header.id, isOfPerson);
      const isTheirs = owner === 'person' || (owner === 'unknown' && isOfPerson(header));
      if (isTheirs && (await view.drop(header.id))) dropped += 1;
      if (owner === 'mixed') mixed.push(header.id);
    }
    return { dropped, mixed, ...(await countSpooled(locations, isOfPerson)) };
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new SpoolUnreadable(
      `WEBHOOK_SPOOL cannot be read or changed (${code} at ${syscall}), so notices of ${clientUserId} may be left in it. Run the same command again as a user who may do both`,
    );
  }
}

async function findOwner(view: QuarantineView, id: string, isOfPerson: (notice: Notice) => boolean) {
  const notices = await readNotices(view, id);
  if (typeof notices === 'string') return 'unknown';
  if (notices.every(isOfPerson)) return 'person';
  return notices.some(isOfPerson) ? 'mixed' : 'others';
}

async function countSpooled(
  { spoolFolder, noticeEncryption }: Omit<NoticeLocations, 'reportStore'>,
  isOfPerson: (notice: Notice) => boolean,
) {
  let spooled = 0;
  let unread = 0;
  for await (const decoded of spoolFolder === null ? [] : readSpoolRecords(spoolFolder, noticeEncryption)) {
    if (decoded.kind === 'key-missing') unread += 1;
    const notices = decoded.kind === 'record' ? parseStoredNotices(Buffer.from(decoded.record.text)) : null;
    spooled += notices?.filter(isOfPerson).length ?? 0;
  }
  return { spooled, unread };
}
