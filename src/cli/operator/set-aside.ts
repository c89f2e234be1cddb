import { StoreNotFound } from '../../report-store/errors';
import { type MailboxHeader, openMailboxQuarantine } from '../../report-store/mailbox-quarantine';
import { openQuarantine, type QuarantineHeader } from '../../spool/quarantine';
import type { Operator } from './operator';

/** What is told of a record in quarantine, wherever it lies. */
export type Header = QuarantineHeader | MailboxHeader;

/** One place where records lie; the ids of two places never meet, for the reason stands in them. */
interface Place {
  list(): Promise<readonly Header[]>;
  read(id: string): Promise<{ readonly header: Header; readonly content: Buffer | null } | null>;
  drop(id: string): Promise<boolean>;
}

/** Everything that was set aside: by the webhook in its spool, by mailboxes in the report store. */
export interface SetAside extends Place {
  /** Where it was looked, in words. */
  readonly places: string;
}

/**
 * Both places as one. The spool is the one of this machine: each webhook has its own. `sayAbsent`: called if there is
 * no report store; then only the spool is read. Without it, StoreNotFound is thrown.
 */
export function openSetAside(
  { spoolFolder, reportStore, seal }: Pick<Operator, 'spoolFolder' | 'reportStore' | 'seal'>,
  sayAbsent?: (text: string) => void,
): SetAside {
  const mailboxes = openMailboxQuarantine({ shelf: reportStore().shelf, seal });
  const places: readonly Place[] = [
    ...(spoolFolder === null ? [] : [openQuarantine({ spoolFolder, seal })]),
    sayAbsent && spoolFolder !== null ? unlessAbsent(mailboxes, sayAbsent) : mailboxes,
  ];
  return {
    places: spoolFolder === null ? 'the report store (WEBHOOK_SPOOL is off)' : `${spoolFolder} and the report store`,
    async list() {
      const all = (await Promise.all(places.map((place) => place.list()))).flat();
      return all.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    async read(id) {
      for (const place of places) {
        const found = await place.read(id);
        if (found !== null) return found;
      }
      return null;
    },
    async drop(id) {
      for (const place of places) if (await place.drop(id)) return true;
      return false;
    },
  };
}

function unlessAbsent(place: Place, say: (text: string) => void): Place {
  let isSaid = false;
  const orElse =
    <T>(nothing: T) =>
    (error: unknown): T => {
      if (!(error instanceof StoreNotFound)) throw error;
      if (!isSaid) say(`the report store was not looked at: ${error.message}`);
      isSaid = true;
      return nothing;
    };
  return {
    list: () => place.list().catch(orElse([])),
    read: (id) => place.read(id).catch(orElse(null)),
    drop: (id) => place.drop(id).catch(orElse(false)),
  };
}
