import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operator } from '../../../src/cli/operator/operator';
import { createTerminal } from '../../../src/cli/terminal';
import type { Cipher } from '../../../src/domain/encryption';
import type { Notice } from '../../../src/domain/notices';
import type { AuditEntry } from '../../../src/observability/audit';
import { openMailboxQuarantine, openSpoolQuarantine, type QuarantineReason } from '../../../src/quarantine/quarantine';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { createAuditKeys } from '../../../src/temporal/audit-keys';
import { serializeNotices } from '../../../src/upstream/notices';
import { putMailboxRecord } from '../../support/mailbox-record';

export const STATUS: Notice = {
  ...{ kind: 'status', clientUserId: 'POL-1', humanId: 'h-1', status: 'Declined' },
  updatedAt: '2026-01-01T00:00:00.000Z',
};
export const REPORT: Notice = {
  ...{ kind: 'report', humanId: 'h-2', reportId: 'r-1', type: 'unity' },
  updatedAt: '2026-01-01T00:00:00.000Z',
};

/** Seals with a key made of the text; what was sealed for another place, or by another text, does not open. */
export function testSeal(text: string): Cipher {
  const key = (place: string) => createHash('sha256').update(`${text} ${place}`).digest();
  return {
    encrypt(plain, place) {
      const cipher = createCipheriv('aes-256-gcm', key(place), Buffer.alloc(12));
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(sealed, place) {
      const decipher = createDecipheriv('aes-256-gcm', key(place), Buffer.alloc(12));
      decipher.setAuthTag(sealed.subarray(-16));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

const notNeeded = async () => {
  throw new Error('expected Temporal not to be needed');
};

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** An operator before a spool and a report store of its own, both empty. */
export async function operatorOf(given: Partial<Operator> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'chartway-operator-'));
  folders.push(folder);
  const spoolFolder = join(folder, 'spool');
  const store = createFolderStore(join(folder, 'reports'));
  await store.init();
  const seal = given.seal ?? null;
  const out: string[] = [];
  const said: string[] = [];
  const audited: AuditEntry[] = [];
  const operator: Operator = {
    terminal: createTerminal({ write: (text: string) => said.push(text) }),
    out: (line) => out.push(line),
    json: false,
    signal: new AbortController().signal,
    temporal: notNeeded,
    noticeSender: notNeeded,
    taskQueue: 'test',
    who: 'cli:tester',
    audit: async () => ({
      record: async (entry) => {
        audited.push(entry);
      },
    }),
    auditFolder: join(folder, 'audit'),
    auditKeys: createAuditKeys('chartway', null, null),
    ask: null,
    reportStore: () => store,
    spoolFolder,
    seal,
    ...given,
  };
  return {
    folder,
    operator,
    out,
    audited,
    store,
    said: () => said.join(''),
    /** Sets notices aside as a webhook does, and gives the record's id. */
    async spooled(why: QuarantineReason, content: readonly Notice[] | string): Promise<string> {
      const spool = openSpoolQuarantine(spoolFolder, seal);
      const before = new Set((await spool.list()).map(({ id }) => id));
      const [first] = typeof content === 'string' ? [] : content;
      await spool.put({
        ...{ why, kind: first?.kind ?? 'spool', detail: null },
        clientUserId: first?.kind === 'status' ? first.clientUserId : null,
        humanId: first?.humanId ?? null,
        content: typeof content === 'string' ? content : serializeNotices(content),
      });
      const [id] = (await spool.list()).map((header) => header.id).filter((each) => !before.has(each));
      if (id === undefined) throw new Error('expected a record');
      return id;
    },
    /** Sets notices aside as a mailbox does, and gives the record's id. */
    async shelved(notices: readonly Notice[], key = 'run-1'): Promise<string> {
      const mailboxes = openMailboxQuarantine(store.shelf, seal);
      const before = new Set((await mailboxes.list()).map(({ id }) => id));
      const humanId = notices[0]?.humanId ?? 'h';
      const record = { key, atMs: 1_000, humanId, notices: notices.length, content: serializeNotices(notices) };
      await putMailboxRecord(store.shelf, record, seal);
      const [id] = (await mailboxes.list()).map((header) => header.id).filter((each) => !before.has(each));
      if (id === undefined) throw new Error('expected a record');
      return id;
    },
  };
}
