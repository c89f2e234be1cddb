import { randomBytes } from 'node:crypto';
import type { FileEncryption } from '../domain/encryption';
import { type Append, type EventLog, hasUndelivered, newEventLog, withEvents } from '../domain/event-log';
import type { EventData, EventDraft, EventSubject, StoredDocumentData } from '../domain/events';
import { documentIdOf } from '../report-store/document-id';
import { openEncryptedShelf, parseStoredJson } from '../report-store/encrypted-shelf';
import type { Shelf } from '../report-store/shelf';
import { eventIdOf } from './event-id';

/** The outbound events with their deliveries: a log per subject on the shelf of the report store, encrypted where there are keys. */
export interface EventLogs {
  /** Null without events. @throws AlteredDocument; KeyMissing; StoreUnavailable */
  read(subject: EventSubject): Promise<EventLog | null>;
  /** Appends events; a repeat adds nothing. The bytes of their bodies are fixed here. */
  append(subject: EventSubject, append: Append): Promise<EventLog>;
  /** Changes an existing log under a lock; `change` may be called again. Null without a log. */
  change(subject: EventSubject, change: (log: EventLog) => EventLog): Promise<EventLog | null>;
  /** Also a log that cannot be decrypted. */
  remove(subject: EventSubject): Promise<void>;
  /** All subjects of a kind with a log, sorted. */
  list(kind: EventSubject['kind']): Promise<readonly EventSubject[]>;
  /** The subjects with an event that this endpoint refused, or that was given up. */
  listUndelivered(endpoint: string): Promise<readonly EventSubject[]>;
}

const FOLDER = 'events';
/** Empty files, which make refused and given-up deliveries easy to find. */
const UNDELIVERED_FOLDER = 'undelivered-events';
const EMPTY = Buffer.alloc(0);

export function openEventLogs(shelf: Shelf, encryption: FileEncryption): EventLogs {
  const files = openEncryptedShelf(shelf, encryption);

  async function update(
    subject: EventSubject,
    change: (log: EventLog | null) => EventLog | null,
  ): Promise<EventLog | null> {
    let after: EventLog | null = null;
    let unmarked: readonly string[] = [];
    await files.update(fileOf(subject), async (bytes) => {
      const before = parseLog(bytes);
      after = change(before);
      if (after === null || after === before) return 'keep';
      const [old, next] = [findUndelivered(before), findUndelivered(after)];
      // The mark comes first and goes last, so that a crash leaves one too many, which readers of the log ignore.
      for (const endpoint of next) if (!old.includes(endpoint)) await shelf.put(markOf(endpoint, subject), EMPTY);
      unmarked = old.filter((endpoint) => !next.includes(endpoint));
      return Buffer.from(JSON.stringify(after));
    });
    for (const endpoint of unmarked) await shelf.remove(markOf(endpoint, subject));
    return after;
  }

  return {
    read: async (subject) => parseLog(await files.get(fileOf(subject))),
    async append(subject, append) {
      const appended = await update(subject, (log) => {
        const { epoch } = log ?? { epoch: randomBytes(4).toString('hex') };
        return withEvents(log ?? newEventLog(epoch), append, (draft, sequence) =>
          encodeEvent(subject, draft, sequence, epoch),
        );
      });
      if (appended === null) throw new TypeError('an append always returns a log: this is a defect');
      return appended;
    },
    change: (subject, change) => update(subject, (log) => log && change(log)),
    async remove(subject) {
      await shelf.update(fileOf(subject), (bytes) => (bytes === null ? 'keep' : 'remove'));
      for (const name of await shelf.list(`${UNDELIVERED_FOLDER}/`)) {
        const endpoint = name.split('/')[1] ?? '';
        if (name === markOf(endpoint, subject)) await shelf.remove(name);
      }
    },
    list: (kind) => listSubjects(`${FOLDER}/${kind}/`, (name) => ({ kind, id: name.slice(0, -'.json'.length) })),
    listUndelivered: (endpoint) =>
      listSubjects(`${UNDELIVERED_FOLDER}/${endpoint}/`, (name) => {
        const at = name.indexOf('-');
        return { kind: name.slice(0, at) as EventSubject['kind'], id: name.slice(at + 1) };
      }),
  };

  async function listSubjects(prefix: string, toSubject: (name: string) => EventSubject) {
    return (await shelf.list(prefix)).map((name) => toSubject(name.slice(prefix.length)));
  }
}

function fileOf({ kind, id }: EventSubject): string {
  return `${FOLDER}/${kind}/${id}.json`;
}

function markOf(endpoint: string, { kind, id }: EventSubject): string {
  return `${UNDELIVERED_FOLDER}/${endpoint}/${kind}-${id}`;
}

function parseLog(bytes: Buffer | null): EventLog | null {
  return bytes && parseStoredJson<EventLog>(bytes);
}

/** The endpoints that refused an event, or for which one was given up. */
function findUndelivered(log: EventLog | null): readonly string[] {
  const names = new Set((log?.events ?? []).flatMap(({ deliveries }) => Object.keys(deliveries)));
  return log === null ? [] : [...names].filter((name) => hasUndelivered(log, name));
}

/** `timestamp` is when it happened. A batch has no round. */
function encodeEvent(subject: EventSubject, { type, atMs, round, data }: EventDraft, sequence: number, epoch: string) {
  const id = eventIdOf(subject, sequence, epoch);
  const about = subject.kind === 'batch' ? { batchId: subject.id } : { clientUserId: subject.id, round };
  const fields = type === 'document.stored' ? withDocumentId(data as unknown as StoredDocumentData) : data;
  const timestamp = new Date(atMs).toISOString();
  return { id, body: JSON.stringify({ id, type, timestamp, data: { ...about, sequence, ...fields } }) };
}

/** The manifest's `file` names the provider, so only its hash leaves. The same id as in the API. */
function withDocumentId({ file, ...data }: StoredDocumentData): EventData {
  return { documentId: documentIdOf(file), ...data };
}
