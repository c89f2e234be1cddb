import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { join } from 'node:path';
import { readCommandLine, runCommand } from '../../../src/cli/commands/command-line';
import type { CommandContext } from '../../../src/cli/commands/context';
import type { Installation } from '../../../src/cli/installation-checks';
import { createTerminal } from '../../../src/cli/terminal';
import { type Cipher, type FileEncryption, NO_ENCRYPTION } from '../../../src/domain/encryption';
import type { Notice } from '../../../src/domain/notices';
import type { AuditEntry } from '../../../src/observability/audit';
import { openMailboxQuarantine, openSpoolQuarantine, type QuarantineReason } from '../../../src/quarantine/quarantine';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { createAuditKeys } from '../../../src/temporal/audit-keys';
import { serializeNotices } from '../../../src/upstream/notices';
import { NO_EVENTS } from '../../support/activity-deps';
import { useFolders } from '../../support/folders';
import { putMailboxRecord } from '../../support/mailbox-record';

export const STATUS: Notice = {
  kind: 'status',
  clientUserId: 'POL-1',
  humanId: 'h-1',
  status: 'Declined',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
export const REPORT: Notice = {
  kind: 'report',
  humanId: 'h-2',
  reportId: 'r-1',
  type: 'unity',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

/** An encryption whose key depends on the text and on the context. */
export function createTestEncryption(text: string): FileEncryption {
  const key = (context: string) => createHash('sha256').update(`${text} ${context}`).digest();
  const cipher: Cipher = {
    encrypt(plain, context) {
      const encryptor = createCipheriv('aes-256-gcm', key(context), Buffer.alloc(12));
      return Buffer.concat([encryptor.update(plain), encryptor.final(), encryptor.getAuthTag()]);
    },
    decrypt(encrypted, context) {
      const decipher = createDecipheriv('aes-256-gcm', key(context), Buffer.alloc(12));
      decipher.setAuthTag(encrypted.subarray(-16));
      try {
        return Buffer.concat([decipher.update(encrypted.subarray(0, -16)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
  return { cipher, encrypts: true };
}

/** Without a webhook, a login at Human API, a clock to compare with and keys. */
export const NO_INSTALLATION: Installation = {
  webhookHealth: null,
  logIn: null,
  readServerDateMs: async () => null,
  payloadKeyIds: [],
};

const notNeeded = async () => {
  throw new Error('expected Temporal not to be needed');
};

const newFolder = useFolders();

/** A command context with an empty spool and an empty report store. */
export async function createFixture(overrides: Partial<CommandContext> = {}) {
  const folder = await newFolder();
  const spoolFolder = join(folder, 'spool');
  const store = createFolderStore(join(folder, 'reports'));
  await store.init();
  const noticeEncryption = overrides.noticeEncryption ?? NO_ENCRYPTION;
  const out: string[] = [];
  const messages: string[] = [];
  const audited: AuditEntry[] = [];
  const context: CommandContext = {
    terminal: createTerminal({ write: (text: string) => messages.push(text) }),
    print: (line) => out.push(line),
    json: false,
    signal: new AbortController().signal,
    temporal: notNeeded,
    useCases: notNeeded,
    offlineUseCases: () => {
      throw new Error('expected Temporal to answer');
    },
    screen: null,
    installation: NO_INSTALLATION,
    noticeSender: notNeeded,
    taskQueue: 'test',
    actor: 'cli:tester',
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
    noticeEncryption,
    eventRecorder: async () => NO_EVENTS,
    ...overrides,
  };
  return {
    folder,
    context,
    out,
    /** Runs a command line; resolves to its exit status. */
    run(...argv: string[]) {
      const { action, json } = readCommandLine(argv);
      out.length = 0;
      return runCommand(action, { ...context, json: json || context.json });
    },
    /** The lines that the last command printed on stdout, as JSON. */
    printed: () => out.map((line) => JSON.parse(line)),
    audited,
    store,
    messages: () => messages.join(''),
    /** Puts a record into the spool's quarantine and returns its id. */
    async putIntoSpool(why: QuarantineReason, content: readonly Notice[] | string): Promise<string> {
      const spool = openSpoolQuarantine(spoolFolder, noticeEncryption);
      const before = new Set((await spool.list()).map(({ id }) => id));
      const [first] = typeof content === 'string' ? [] : content;
      await spool.put({
        why,
        kind: first?.kind ?? 'spool',
        detail: null,
        clientUserId: first?.kind === 'status' ? first.clientUserId : null,
        humanId: first?.humanId ?? null,
        content: typeof content === 'string' ? content : serializeNotices(content),
      });
      const [id] = (await spool.list()).map((header) => header.id).filter((each) => !before.has(each));
      if (id === undefined) throw new Error('expected a record');
      return id;
    },
    /** Puts a record of a mailbox into the store's quarantine and returns its id. */
    async putIntoStore(notices: readonly Notice[], key = 'run-1'): Promise<string> {
      const mailboxes = openMailboxQuarantine(store.shelf, noticeEncryption);
      const before = new Set((await mailboxes.list()).map(({ id }) => id));
      const humanId = notices[0]?.humanId ?? 'h';
      const record = { key, atMs: 1_000, humanId, notices: notices.length, content: serializeNotices(notices) };
      await putMailboxRecord(store.shelf, record, noticeEncryption);
      const [id] = (await mailboxes.list()).map((header) => header.id).filter((each) => !before.has(each));
      if (id === undefined) throw new Error('expected a record');
      return id;
    },
  };
}
