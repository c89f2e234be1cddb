import { NO_ENCRYPTION } from '../domain/encryption';
import { MINUTE_MS } from '../domain/policy';
import {
  openMailboxQuarantine,
  openSpoolQuarantine,
  QUARANTINE_REASONS,
  type Quarantine,
} from '../quarantine/quarantine';
import type { ReportStore } from '../report-store/port';
import { readSpoolBacklog } from '../spool/backlog';
import type { AttentionItem } from './views';

/** A running webhook delivers within seconds while Temporal answers. */
const BACKLOG_AFTER_MS = 5 * MINUTE_MS;
const LIST_COMMAND = 'npm run chartway -- quarantine list';

/** Notices of mailboxes. Counts names, so no key is needed. @throws StoreError */
export async function listMailboxQuarantine({ shelf }: ReportStore): Promise<readonly AttentionItem[]> {
  return describeQuarantine(openMailboxQuarantine(shelf, NO_ENCRYPTION), 'the report store');
}

/** What waits on the webhook's disk. A folder that cannot be read is an item itself. */
export async function listSpoolItems(spoolFolder: string, nowMs: number): Promise<readonly AttentionItem[]> {
  try {
    const quarantined = await describeQuarantine(
      openSpoolQuarantine(spoolFolder, NO_ENCRYPTION),
      "the webhook's spool",
    );
    const backlog = await readSpoolBacklog(spoolFolder);
    const oldestAtMs = backlog?.oldestAtMs ?? null;
    if (!backlog || oldestAtMs === null || nowMs - oldestAtMs < BACKLOG_AFTER_MS) return quarantined;
    const text = `Notices wait in the webhook's spool (${backlog.files} files, ${backlog.bytes} bytes). Check that a webhook runs and reaches Temporal.`;
    return [...quarantined, spoolItem(text, new Date(oldestAtMs).toISOString())];
  } catch (error) {
    const { code = 'an unknown failure' } = error as NodeJS.ErrnoException;
    return [spoolItem(`The webhook's spool cannot be read (${code}). Check WEBHOOK_SPOOL of this process.`, null)];
  }
}

function spoolItem(text: string, since: string | null): AttentionItem {
  return { clientUserId: null, need: 'spool', since, text, action: 'npm run chartway -- doctor' };
}

async function describeQuarantine(quarantine: Pick<Quarantine, 'count'>, location: string): Promise<AttentionItem[]> {
  const counts = await quarantine.count();
  const reasons = QUARANTINE_REASONS.filter((reason) => counts[reason].records > 0);
  const total = reasons.reduce((sum, reason) => sum + counts[reason].records, 0);
  if (total === 0) return [];
  const byReason = reasons.map((reason) => `${counts[reason].records} ${reason}`).join(', ');
  const notices = total === 1 ? '1 notice is' : `${total} notices are`;
  const text = `${notices} in quarantine in ${location} (${byReason}). Replay or drop them.`;
  return [{ clientUserId: null, need: 'quarantine', since: null, text, action: LIST_COMMAND }];
}
