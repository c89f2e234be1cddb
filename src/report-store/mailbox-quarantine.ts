import { createHash } from 'node:crypto';
import { type Cipher, KeyMissing } from '../domain/encryption';
import type { Shelf } from './shelf';

/** What is told of notices that were set aside, without opening them: the same that the spool's quarantine tells. */
export interface MailboxHeader {
  /** Its file's name without `.json`, which sorts by time. */
  readonly id: string;
  /** No applicant of ours was found for the person. */
  readonly why: 'nobody';
  /** When the mailbox gave up, ISO 8601. */
  readonly at: string;
  readonly kind: 'report';
  readonly clientUserId: null;
  readonly humanId: string;
  /** How many notices. */
  readonly detail: string;
}

/** The notices of one mailbox (of a part of it, where it was flooded) to set aside. */
export interface MailboxToSetAside {
  /** The same for the same notices: what is set aside twice is kept once. */
  readonly key: string;
  readonly atMs: number;
  readonly humanId: string;
  readonly notices: number;
  /** The notices in the writer's own form. */
  readonly content: string;
}

/** Report notices whose applicant was never found: one file each on the store's shelf, kept until an operator decides. */
export interface MailboxQuarantine {
  /** `full`: it is not kept; the oldest stay, for the beginning of a trouble tells the most. */
  put(entry: MailboxToSetAside): Promise<'kept' | 'full'>;
  /** All of them, the oldest first; a file that is not ours is left out. */
  list(): Promise<readonly MailboxHeader[]>;
  /** Null where there is none of this id; `content` is null for what can never be opened again. @throws {KeyMissing} */
  read(id: string): Promise<{ readonly header: MailboxHeader; readonly content: Buffer | null } | null>;
  /** Takes it away for good; false where there was none. */
  drop(id: string): Promise<boolean>;
}

/** A notice is some 300 bytes, a record one person's: an operator reads hundreds, not millions. */
const MAX_RECORDS = 10_000;
const FOLDER = 'quarantine/';
/** Time in ms, reason, what tells two apart: the form of the spool's quarantine, so that one list shows both. */
const ID = /^\d{13}-nobody-[0-9a-f]{12}$/;

type Stored = MailboxHeader & {
  readonly version: 1;
  readonly form: 'plain' | 'sealed';
  /** Base64. */
  readonly content: string;
};

/** The quarantine of mailboxes, on the shelf of a report store that any number of workers share. */
export function openMailboxQuarantine(options: {
  readonly shelf: Shelf;
  readonly seal: Cipher | null;
  readonly maxRecords?: number;
}): MailboxQuarantine {
  const { shelf, seal, maxRecords = MAX_RECORDS } = options;

  return {
    async put({ key, atMs, humanId, notices, content }) {
      const id = `${String(atMs).padStart(13, '0')}-nobody-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
      const names = await shelf.list(FOLDER);
      if (names.length >= maxRecords && !names.includes(nameOf(id))) return 'full';
      const plain = Buffer.from(content);
      const stored: Stored = {
        version: 1,
        ...{ id, why: 'nobody', at: new Date(atMs).toISOString(), kind: 'report', clientUserId: null, humanId },
        detail: notices === 1 ? '1 notice' : `${notices} notices`,
        form: seal === null ? 'plain' : 'sealed',
        content: Buffer.from(seal?.encrypt(plain, nameOf(id)) ?? plain).toString('base64'),
      };
      await shelf.put(nameOf(id), Buffer.from(`${JSON.stringify(stored)}\n`));
      return 'kept';
    },

    async list() {
      const headers: MailboxHeader[] = [];
      for (const name of await shelf.list(FOLDER)) {
        const stored = parsed(await shelf.get(name));
        if (stored !== null) headers.push(headerOf(stored));
      }
      return headers;
    },

    async read(id) {
      if (!ID.test(id)) return null;
      const stored = parsed(await shelf.get(nameOf(id)));
      if (stored === null) return null;
      const bytes = Buffer.from(stored.content, 'base64');
      if (stored.form === 'sealed' && seal === null) throw new KeyMissing('of an earlier setting');
      const opened = stored.form === 'plain' ? bytes : (seal?.decrypt(bytes, nameOf(id)) ?? null);
      return { header: headerOf(stored), content: opened === null ? null : Buffer.from(opened) };
    },

    drop: async (id) => ID.test(id) && shelf.remove(nameOf(id)),
  };
}

/** Its name on the shelf, and the place to which its content is bound. */
function nameOf(id: string): string {
  return `${FOLDER}${id}.json`;
}

function headerOf({ id, why, at, kind, clientUserId, humanId, detail }: Stored): MailboxHeader {
  return { id, why, at, kind, clientUserId, humanId, detail };
}

function parsed(bytes: Buffer | null): Stored | null {
  try {
    const read: Partial<Stored> | null = bytes && JSON.parse(bytes.toString());
    const ours = read?.version === 1 && ID.test(String(read.id)) && typeof read.content === 'string';
    return ours ? (read as Stored) : null;
  } catch {
    return null;
  }
}
