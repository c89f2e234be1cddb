import { type FileEncryption, NO_ENCRYPTION } from '../../src/domain/encryption';
import type { QuarantineFiles } from '../../src/quarantine/folder-files';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';

/** Puts a record into the quarantine of a report store as the mailbox of a person does. */
export async function putMailboxRecord(
  shelf: QuarantineFiles,
  record: { key: string; atMs: number; humanId: string; notices: number; content: string },
  encryption: FileEncryption = NO_ENCRYPTION,
): Promise<void> {
  const { key, atMs, humanId, notices, content } = record;
  const detail = notices === 1 ? '1 notice' : `${notices} notices`;
  await openMailboxQuarantine(shelf, encryption).put(
    { why: 'nobody', kind: 'report', clientUserId: null, humanId, detail, content },
    { key, atMs },
  );
}
