import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { readCommandLine, runCommand } from '../../src/cli/commands/command-line';
import type { CommandContext } from '../../src/cli/commands/context';
import { createTerminal } from '../../src/cli/terminal';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import type { ErasureRecords } from '../../src/domain/erasure';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import type { AuditEntry } from '../../src/observability/audit';
import { createFolderStore } from '../../src/report-store/folder/store';
import type { ReportStore } from '../../src/report-store/port';
import { createApplicants } from '../../src/temporal/applicants';
import { createAuditKeys } from '../../src/temporal/audit-keys';
import { createErasure } from '../../src/temporal/erasure';
import { createNoticeSender } from '../../src/temporal/notices';
import { change, documentToStore, pdf, pieces } from '../report-store/fixtures';
import { NO_EVENTS } from '../support/activity-deps';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { erasureRecordsOf } from '../support/erasure-records';
import { FakeUpstream } from '../support/fake-upstream';
import { useFolders } from '../support/folders';
import { filesIn } from '../support/stored';
import { DELETES_SOON, useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';

const { History } = temporal.api.history.v1;

const server = useTemporalServer({ extraArgs: DELETES_SOON });
const cleanup = useCleanup();
const newFolder = useFolders();

/** Serializes with sorted names: the server returns maps in any order. */
function serialize(message: object): Buffer {
  const byKey = (_: string, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return Buffer.from(JSON.stringify(message, byKey));
}

/** Starts workers and an operator with a new store. Both use `dataConverter`. */
export async function setup({ dataConverter }: { readonly dataConverter?: DataConverter | undefined } = {}) {
  const converting = dataConverter && { dataConverter };
  const { address, connection } = server();
  const client = new Client({ connection, ...converting });
  const taskQueue = `erasure-${randomUUID()}`;
  const root = await newFolder();
  const store: ReportStore = createFolderStore(root);
  await store.init();
  const upstream = new FakeUpstream();
  const applicants = createApplicants({ client, taskQueue });
  const audited: AuditEntry[] = [];
  const printed: Record<string, unknown>[] = [];
  const messages: string[] = [];
  const stop = await startWorkers({
    address,
    client,
    taskQueue,
    upstream,
    reportStore: store,
    refreshForMs: 30 * DAY_MS,
    ...converting,
  });
  cleanup(stop);
  const operator: CommandContext = {
    terminal: createTerminal({ write: (text: string) => messages.push(text) }),
    print: (line) => printed.push(JSON.parse(line)),
    json: true,
    signal: new AbortController().signal,
    temporal: async () => client,
    useCases: () => Promise.reject(new Error('expected the use cases not to be needed')),
    offlineUseCases: () => {
      throw new Error('expected the use cases not to be needed');
    },
    screen: null,
    installation: { webhookHealth: null, logIn: null, readServerDateMs: async () => null, payloadKeyIds: [] },
    taskQueue,
    actor: 'cli:tester',
    audit: async () => ({ record: async (entry) => void audited.push(entry) }),
    auditFolder: join(root, 'audit'),
    auditKeys: createAuditKeys('chartway', null, null),
    ask: null,
    noticeSender: async () => createNoticeSender({ client, taskQueue, refreshForMs: 30 * DAY_MS }),
    reportStore: () => store,
    spoolFolder: join(root, 'spool'),
    noticeEncryption: NO_ENCRYPTION,
    eventRecorder: async () => NO_EVENTS,
  };
  const records = erasureRecordsOf(store);
  return {
    client,
    /** A client of another process, with another converter. */
    clientWith: (other: DataConverter | undefined) =>
      new Client({ connection, ...(other && { dataConverter: other }) }),
    store,
    root,
    upstream,
    applicants,
    audited,
    printed,
    operator,
    records,
    notices: await operator.noticeSender(),
    /** Returns all stored bytes by key: `file <name>`, `run <workflowId> <runId>` (its history), `person <humanId>`. */
    async everything(): Promise<Map<string, Buffer>> {
      const all = new Map([...(await filesIn(root))].map(([name, bytes]) => [`file ${name}`, bytes]));
      for await (const { workflowId, runId } of client.workflow.list({ query: `TaskQueue = "${taskQueue}"` })) {
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        all.set(
          `run ${workflowId} ${runId}`,
          serialize(History.toObject(History.fromObject(history), { bytes: String, longs: String })),
        );
      }
      for (const person of upstream.people) all.set(`person ${person.humanId}`, Buffer.from(JSON.stringify(person)));
      return all;
    },
    erasure: (over: Partial<ErasureRecords> = {}) =>
      createErasure({ client, taskQueue, records: { ...records, ...over } }),
    /** Starts an applicant, waits for its invitation, and stores a document. Returns the humanId. */
    async invite(clientUserId: string): Promise<string> {
      const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
      const started = await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY, again: true });
      expect(started.result).toBe('started');
      const humanId = await until('the invitation', async () => (await applicants.readState(clientUserId)).humanId);
      const document = await store.save(documentToStore({ clientUserId }), pieces(pdf(`of ${clientUserId}`)));
      await store.updateManifest(change({ clientUserId, humanId, documents: [document] }));
      return humanId;
    },
    /** Returns 1 if Temporal has a run of the workflow, else 0. */
    async runs(workflowId: string): Promise<number> {
      return client.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          () => 1,
          () => 0,
        );
    },
    messages,
    /** Runs an operator command; resolves to its exit status. */
    run: (...argv: string[]) => runCommand(readCommandLine(argv).action, operator),
    erase: (...argv: string[]) => runCommand(readCommandLine(['erase', ...argv]).action, operator),
  };
}
