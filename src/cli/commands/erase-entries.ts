import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Notice } from '../../domain/notices';
import { scanSegment } from '../../spool/frame';
import { isSegmentName } from '../../spool/partition';
import { decodeRecord } from '../../spool/record';
import { parseStoredNotices } from '../../upstream/notices';
import type { CommandContext } from './context';
import { openQuarantineView, type QuarantineView, readNotices } from './quarantine-view';

/** What became of a person's notices outside of Temporal and the applicant's folder. */
export interface EntriesResult {
  /** Quarantine records that held notices of this person only. */
  readonly dropped: number;
  /** Ids of records that also hold notices of other people. They are kept. */
  readonly mixed: readonly string[];
  /** Notices in the spool of this host. They will still be delivered, so what they start must be erased afterwards. */
  readonly spooled: number;
}

/** Drops a person's quarantine records and counts the person's notices in the spool of this host. */
export async function eraseEntries(
  context: Pick<CommandContext, 'spoolFolder' | 'reportStore' | 'noticeEncryption'>,
  clientUserId: string,
  humanIds: readonly string[],
): Promise<EntriesResult> {
  const view = openQuarantineView(context);
  const isOfPerson = (of: { clientUserId?: string | null; humanId?: string | null }) =>
    of.clientUserId === clientUserId || (of.humanId != null && humanIds.includes(of.humanId));
  const mixed: string[] = [];
  let dropped = 0;
  for (const header of await view.list()) {
    const owner = await findOwner(view, header.id, isOfPerson);
    const isTheirs = owner === 'person' || (owner === 'unknown' && isOfPerson(header));
    if (isTheirs && (await view.drop(header.id))) dropped += 1;
    if (owner === 'mixed') mixed.push(header.id);
  }
  return { dropped, mixed, spooled: await countSpooled(context, isOfPerson) };
}

async function findOwner(view: QuarantineView, id: string, isOfPerson: (notice: Notice) => boolean) {
  const notices = await readNotices(view, id);
  if (typeof notices === 'string') return 'unknown';
  if (notices.every(isOfPerson)) return 'person';
  return notices.some(isOfPerson) ? 'mixed' : 'others';
}

/** Reads only: a running webhook owns the segments, or will claim them. */
async function countSpooled(
  { spoolFolder, noticeEncryption }: Pick<CommandContext, 'spoolFolder' | 'noticeEncryption'>,
  isOfPerson: (notice: Notice) => boolean,
) {
  let count = 0;
  const entries =
    spoolFolder === null ? [] : await readdir(spoolFolder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !isSegmentName(entry.name)) continue;
    // A segment may be delivered, and removed, at any time.
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    for (const line of scanSegment(bytes)) {
      const decoded = line.kind === 'record' ? decodeRecord(line, noticeEncryption) : null;
      const notices = decoded?.kind === 'record' ? parseStoredNotices(Buffer.from(decoded.record.text)) : null;
      count += notices?.filter(isOfPerson).length ?? 0;
    }
  }
  return count;
}
