import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyMissing } from '../../domain/encryption';
import type { Notice } from '../../domain/notices';
import { scan } from '../../spool/frame';
import { readRecord } from '../../spool/record';
import { parseStoredNotices } from '../../upstream/notices';
import type { Operator } from './operator';
import { openSetAside, type SetAside } from './set-aside';

/** What became of a person's notices beside Temporal and the store. */
export interface EntriesErased {
  /** Records of the quarantine that were the person's alone. */
  readonly dropped: number;
  /** Records that hold notices of others too: they are left, for those were acknowledged. */
  readonly mixed: readonly string[];
  /** Notices in the spool of this host: they are on their way, and what they begin has to be erased once they are there. */
  readonly spooled: number;
}

/** A file of the spool's records. */
const SEGMENT = /^\d{13}-[0-9a-f]{8}-\d{6}\.log$/;

/** Drops what lies in quarantine of a person, and counts what lies in this host's spool. */
export async function eraseEntries(
  operator: Pick<Operator, 'spoolFolder' | 'reportStore' | 'seal'>,
  clientUserId: string,
  humanIds: readonly string[],
): Promise<EntriesErased> {
  const setAside = openSetAside(operator);
  const isTheirs = (told: { clientUserId?: string | null; humanId?: string | null }) =>
    told.clientUserId === clientUserId || (told.humanId != null && humanIds.includes(told.humanId));
  const mixed: string[] = [];
  let dropped = 0;
  for (const header of await setAside.list()) {
    const whose = await whoseIs(setAside, header.id, isTheirs);
    const theirs = whose === 'theirs' || (whose === 'unknown' && isTheirs(header));
    if (theirs && (await setAside.drop(header.id))) dropped += 1;
    if (whose === 'mixed') mixed.push(header.id);
  }
  return { dropped, mixed, spooled: await spooledOf(operator, (notice) => isTheirs(notice)) };
}

async function whoseIs(setAside: SetAside, id: string, isTheirs: (notice: Notice) => boolean) {
  try {
    const content = (await setAside.read(id))?.content ?? null;
    const notices = content && parseStoredNotices(content);
    if (!notices || notices.length === 0) return 'unknown';
    if (notices.every(isTheirs)) return 'theirs';
    return notices.some(isTheirs) ? 'mixed' : 'of others';
  } catch (error) {
    if (error instanceof KeyMissing) return 'unknown';
    throw error;
  }
}

/** Looks only: the segments are a living webhook's, or are taken over by one. */
async function spooledOf(
  { spoolFolder, seal }: Pick<Operator, 'spoolFolder' | 'seal'>,
  isTheirs: (notice: Notice) => boolean,
) {
  let found = 0;
  const entries =
    spoolFolder === null ? [] : await readdir(spoolFolder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || !SEGMENT.test(entry.name)) continue;
    // Delivered meanwhile: it is gone.
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0));
    for (const line of scan(bytes)) {
      const opened = line.kind === 'record' ? readRecord(line, seal) : null;
      const notices = opened?.kind === 'open' ? parseStoredNotices(Buffer.from(opened.record.text)) : null;
      found += notices?.filter(isTheirs).length ?? 0;
    }
  }
  return found;
}
