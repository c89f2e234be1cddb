import { type FileEncryption, KeyMissing } from '../domain/encryption';
import type { Notice } from '../domain/notices';
import { openMailboxQuarantine, openSpoolQuarantine, type Quarantine } from '../quarantine/quarantine';
import { StoreNotFound } from '../report-store/errors';
import type { ReportStore } from '../report-store/port';
import { parseStoredNotices } from '../upstream/notices';

/** The locations of notices outside of Temporal. */
export interface NoticeLocations {
  /** `WEBHOOK_SPOOL`; null if it is off. */
  readonly spoolFolder: string | null;
  readonly reportStore: () => ReportStore;
  /** Of notices in the spool and in quarantine. */
  readonly noticeEncryption: FileEncryption;
}

type QuarantineSource = Pick<Quarantine, 'list' | 'read' | 'drop'>;

/** All records of this host: those of its spool and those of the mailboxes in the report store. No id is in both, because an id contains the reason. */
export interface QuarantineView extends QuarantineSource {
  /** A text that names the location of the records. */
  readonly location: string;
}

/** `onMissingStore`: called if the report store is missing; then only the spool is read. Without it, StoreNotFound is thrown. */
export function openQuarantineView(
  { spoolFolder, reportStore, noticeEncryption }: NoticeLocations,
  onMissingStore?: (text: string) => void,
): QuarantineView {
  const mailboxes = openMailboxQuarantine(reportStore().shelf, noticeEncryption);
  const sources: readonly QuarantineSource[] = [
    ...(spoolFolder === null ? [] : [openSpoolQuarantine(spoolFolder, noticeEncryption)]),
    onMissingStore && spoolFolder !== null ? ignoreMissingStore(mailboxes, onMissingStore) : mailboxes,
  ];
  return {
    location: spoolFolder === null ? 'the report store (WEBHOOK_SPOOL is off)' : `${spoolFolder} and the report store`,
    async list() {
      const headers = (await Promise.all(sources.map((source) => source.list()))).flat();
      return headers.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    async read(id) {
      for (const source of sources) {
        const record = await source.read(id);
        if (record !== null) return record;
      }
      return null;
    },
    async drop(id) {
      for (const source of sources) if (await source.drop(id)) return true;
      return false;
    },
  };
}

/** The notices of a record. `locked`: its key is missing. `gone`: there is no such record. */
export async function readNotices(
  view: QuarantineView,
  id: string,
): Promise<readonly Notice[] | 'unreadable' | 'locked' | 'gone'> {
  try {
    const record = await view.read(id);
    if (record === null) return 'gone';
    return (record.content && parseStoredNotices(record.content)) ?? 'unreadable';
  } catch (error) {
    if (error instanceof KeyMissing) return 'locked';
    throw error;
  }
}

function ignoreMissingStore(source: QuarantineSource, warn: (text: string) => void): QuarantineSource {
  let isWarned = false;
  const orElse =
    <T>(nothing: T) =>
    (error: unknown): T => {
      if (!(error instanceof StoreNotFound)) throw error;
      if (!isWarned) warn(`the report store was not read: ${error.message}`);
      isWarned = true;
      return nothing;
    };
  return {
    list: () => source.list().catch(orElse([])),
    read: (id) => source.read(id).catch(orElse(null)),
    drop: (id) => source.drop(id).catch(orElse(false)),
  };
}
