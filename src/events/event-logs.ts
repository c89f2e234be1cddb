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

export function openEventLogs(shelf: Shelf, encryption: FileEncryption): EventLogs {
  const files = openEncryptedShelf(shelf, encryption);

  async function update(
    subject: EventSubject,
    change: (log: EventLog | null) => EventLog | null,
  ): Promise<EventLog | null> {
    let before: EventLog | null = null;
    let after: EventLog | null = null;
    await files.update(fileOf(subject), (bytes) => {
      before = parseLog(bytes);
      after = change(before);
      return after === null || after === before ? 'keep' : Buffer.from(JSON.stringify(after));
    });
    await markUndelivered(subject, before, after);
    return after;
  }

  async function markUndelivered(subject: EventSubject, before: EventLog | null, after: EventLog | null) {
    for (const endpoint of endpointsOf(before, after)) {
      const has = after !== null && hasUndelivered(after, endpoint);
      if (has === (before !== null && hasUndelivered(before, endpoint))) continue;
      if (has) await shelf.put(markOf(endpoint, subject), Buffer.alloc(0));
      else await shelf.remove(markOf(endpoint, subject));
    }
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

function endpointsOf(...logs: readonly (EventLog | null)[]): ReadonlySet<string> {
  return new Set(logs.flatMap((log) => (log?.events ?? []).flatMap(({ deliveries }) => Object.keys(deliveries))));
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
