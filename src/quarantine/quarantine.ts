import { createHash, randomBytes } from 'node:crypto';
import { type FileEncryption, requireCipher } from '../domain/encryption';
import { createFolderFiles, type QuarantineFiles } from './folder-files';

/**
 * Why a record is in quarantine. `refused`: Temporal rejects it. `signature`: its signature is missing or wrong. `damaged`: bytes of
 * the spool that are not a record. `nobody`: a report notice for which no applicant was found.
 */
export const QUARANTINE_REASONS = ['refused', 'signature', 'damaged', 'nobody'] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** The fields of a record that are not encrypted: pseudonyms, counts and codes. Their names are those of the stored JSON. */
export interface QuarantineHeader {
  /** Name of its file without `.json`; sorts by time. */
  readonly id: string;
  readonly why: QuarantineReason;
  /** ISO 8601. */
  readonly at: string;
  /** Kind of the notice (`status`, `report`), `several` or `bytes`. */
  readonly kind: string;
  readonly clientUserId: string | null;
  readonly humanId: string | null;
  /** A code or a short text; never text of upstream. */
  readonly detail: string | null;
}

export type QuarantineRecord = Omit<QuarantineHeader, 'id' | 'at'> & {
  /** Notices as text, or the bytes as they arrived. */
  readonly content: string | Uint8Array;
};

type QuarantineCounts = Readonly<Record<QuarantineReason, { readonly records: number; readonly bytes: number }>>;

/** Records that an operator must decide about: one file each, capped per reason. A full quarantine keeps its records and rejects new ones. */
export interface Quarantine {
  /**
   * The record is durable when this resolves. The same `identity` gives the same id, so a repeat replaces its record. `full`: not kept.
   * @throws the system's error
   */
  put(record: QuarantineRecord, identity?: { readonly atMs: number; readonly key: string }): Promise<'kept' | 'full'>;
  /** Oldest first; skips files that are not records. */
  list(): Promise<readonly QuarantineHeader[]>;
  /** Null if there is no such record. `content` is null if it can never be decrypted. @throws {KeyMissing} */
  read(id: string): Promise<{ readonly header: QuarantineHeader; readonly content: Buffer | null } | null>;
  /** Returns false if there is no such record. */
  drop(id: string): Promise<boolean>;
  /** Records and bytes by reason. */
  count(): Promise<QuarantineCounts>;
}

interface QuarantineOptions {
  readonly files: QuarantineFiles;
  readonly encryption: FileEncryption;
  /** The context to which the encrypted content of a record is bound. */
  readonly contextOf: (id: string) => string;
  /** How long a count is reused, ms. */
  readonly countForMs: number;
  readonly maxRecords?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly nowMs?: (() => number) | undefined;
}

type Limits = Pick<QuarantineOptions, 'maxRecords' | 'maxBytes' | 'nowMs'>;

/** An operator reads hundreds of records, not millions. */
const MAX_RECORDS = 10_000;
/** A record with a bad signature holds a whole body, at most 1 MiB. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Short, because other webhooks and operators change the folder too. */
const COUNT_FOR_MS = 10_000;

const FOLDER = 'quarantine/';
/** Time in ms, reason, 12 hex digits. */
const ID = /^\d{13}-(refused|signature|damaged|nobody)-[0-9a-f]{12}$/;

/** Whether an id has the form of a record's id. */
export function isQuarantineId(id: string): boolean {
  return ID.test(id);
}

/** The quarantine of a spool folder; the folder is created by the first record. */
export function openSpoolQuarantine(spoolFolder: string, encryption: FileEncryption, limits: Limits = {}): Quarantine {
  const files = createFolderFiles(spoolFolder);
  return openQuarantine({
    files,
    encryption,
    contextOf: (id) => `${FOLDER}${id}`,
    countForMs: COUNT_FOR_MS,
    ...limits,
  });
}

/** The quarantine of mailboxes, on the shelf of a report store that many workers share. */
export function openMailboxQuarantine(
  shelf: QuarantineFiles,
  encryption: FileEncryption,
  limits: Limits = {},
): Quarantine {
  return openQuarantine({ files: shelf, encryption, contextOf: fileName, countForMs: 0, ...limits });
}

function openQuarantine(options: QuarantineOptions): Quarantine {
  const { files, encryption, contextOf, countForMs, nowMs = Date.now } = options;
  const { maxRecords = MAX_RECORDS, maxBytes = MAX_BYTES } = options;
  let counted: { readonly atMs: number; readonly counts: ReturnType<typeof zeroCounts> } | null = null;

  async function listIds(): Promise<readonly string[]> {
    const names = await files.list(FOLDER);
    const ids = names.map((name) => name.slice(FOLDER.length).replace(/\.json$/, ''));
    return ids.filter((id, index) => ID.test(id) && names[index] === fileName(id)).sort();
  }

  async function count() {
    if (counted !== null && nowMs() - counted.atMs < countForMs) return counted.counts;
    const counts = zeroCounts();
    for (const id of await listIds()) {
      const reasonCount = counts[reasonOf(id)];
      reasonCount.records += 1;
      reasonCount.bytes += (await files.size?.(fileName(id))) ?? 0;
    }
    counted = { atMs: nowMs(), counts };
    return counts;
  }

  return {
    async put({ content, ...header }, identity) {
      const atMs = identity?.atMs ?? nowMs();
      const digits = identity
        ? createHash('sha256').update(identity.key).digest('hex')
        : randomBytes(6).toString('hex');
      const id = `${String(atMs).padStart(13, '0')}-${header.why}-${digits.slice(0, 12)}`;
      const plain = Buffer.from(content);
      const stored: StoredRecord = {
        version: 1,
        id,
        at: new Date(atMs).toISOString(),
        ...header,
        form: encryption.encrypts ? 'sealed' : 'plain',
        content: Buffer.from(
          encryption.encrypts ? requireCipher(encryption).encrypt(plain, contextOf(id)) : plain,
        ).toString('base64'),
      };
      const bytes = Buffer.from(`${JSON.stringify(stored)}\n`);
      const reasonCount = (await count())[header.why];
      const isFull = reasonCount.records >= maxRecords || reasonCount.bytes + bytes.length > maxBytes;
      if (isFull && !(identity && (await files.get(fileName(id))))) return 'full';
      // Before the write, because several writes run at once.
      reasonCount.records += 1;
      reasonCount.bytes += bytes.length;
      try {
        await files.put(fileName(id), bytes);
      } catch (error) {
        counted = null;
        throw error;
      }
      return 'kept';
    },

    async list() {
      const headers: QuarantineHeader[] = [];
      for (const id of await listIds()) {
        const stored = parseRecord(await files.get(fileName(id)));
        if (stored !== null) headers.push(toHeader(stored));
      }
      return headers;
    },

    async read(id) {
      if (!ID.test(id)) return null; // it becomes a path
      const stored = parseRecord(await files.get(fileName(id)));
      if (stored === null) return null;
      const bytes = Buffer.from(stored.content, 'base64');
      const content = stored.form === 'plain' ? bytes : requireCipher(encryption).decrypt(bytes, contextOf(id));
      return { header: toHeader(stored), content: content && Buffer.from(content) };
    },

    async drop(id) {
      if (!ID.test(id)) return false;
      counted = null;
      return files.remove(fileName(id));
    },

    count,
  };
}

type StoredRecord = QuarantineHeader & {
  readonly version: 1;
  readonly form: 'plain' | 'sealed';
  /** Base64. */
  readonly content: string;
};

function fileName(id: string): string {
  return `${FOLDER}${id}.json`;
}

function toHeader({ id, why, at, kind, clientUserId, humanId, detail }: StoredRecord): QuarantineHeader {
  return { id, why, at, kind, clientUserId, humanId, detail };
}

function parseRecord(bytes: Buffer | null): StoredRecord | null {
  try {
    const read: Partial<StoredRecord> | null = bytes && JSON.parse(bytes.toString());
    const isOurs = read?.version === 1 && typeof read.id === 'string' && typeof read.content === 'string';
    return isOurs ? (read as StoredRecord) : null;
  } catch {
    return null; // an incomplete file
  }
}

function zeroCounts(): Record<QuarantineReason, { records: number; bytes: number }> {
  const zero = () => ({ records: 0, bytes: 0 });
  return { refused: zero(), signature: zero(), damaged: zero(), nobody: zero() };
}

function reasonOf(id: string): QuarantineReason {
  return QUARANTINE_REASONS.find((reason) => id.split('-')[1] === reason) ?? 'damaged';
}
