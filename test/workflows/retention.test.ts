import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Registry } from 'prom-client';
import type { RetentionSettings } from '../../src/activities/retention';
import { createRetentionMetrics } from '../../src/activities/retention-metrics';
import { eraseEntries } from '../../src/cli/operator/erase-entries';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { type AuditEntry, AuditUnavailable } from '../../src/observability/audit';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { openErasureRecords } from '../../src/report-store/erasure-records';
import { createFolderStore } from '../../src/report-store/folder/store';
import { openHolds } from '../../src/report-store/holds';
import type { ManifestChange } from '../../src/report-store/port';
import { createApplicants } from '../../src/temporal/applicants';
import { createErasure } from '../../src/temporal/erasure';
import { keepRetentionSchedule } from '../../src/temporal/schedules';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  type RetentionResult,
  retentionWorkflowId,
} from '../../src/workflows/contract';
import { change, documentToStore, pdf, pieces } from '../report-store/fixtures';
import { startCarrier } from '../support/carrier';
import { until } from '../support/condition';
import { FakeUpstream } from '../support/fake-upstream';
import { putMailboxRecord } from '../support/mailbox-record';
import { filesIn } from '../support/stored';
import {
  APPLICANTS_ATTRIBUTES,
  DELETES_SOON,
  startTemporalServer,
  type TemporalServer,
} from '../support/temporal-server';

const RETENTION_MS = 30 * DAY_MS;
const LONG_AGO = '2020-01-01T00:00:00.000Z';

let server: TemporalServer;
let connection: Connection;
let folder: string;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-retention-'));
  server = await startTemporalServer({ searchAttributes: APPLICANTS_ATTRIBUTES, extraArgs: DELETES_SOON });
  connection = await Connection.connect({ address: server.address });
}, 40_000);
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A carrier whose worker erases by age, with a folder of its own. */
async function setup() {
  const client = new Client({ connection, namespace: server.namespace });
  const taskQueue = `retention-${randomUUID()}`;
  const root = join(folder, taskQueue);
  const store = createFolderStore(root);
  await store.init();
  const humanApi = new FakeUpstream();
  const audited: AuditEntry[] = [];
  const registry = new Registry();
  const applicants = createApplicants({ client, taskQueue });
  const erasure = createErasure({ client, taskQueue, records: openErasureRecords(store, 'age') });
  const settings = { retentionMs: RETENTION_MS as number | null };
  const metrics = createRetentionMetrics(registry);
  const schedule = client.schedule.getHandle(retentionWorkflowId(taskQueue));
  const silent = { info: () => undefined, warn: () => undefined };
  return {
    client,
    root,
    store,
    humanApi,
    audited,
    applicants,
    schedule,
    quarantine: openMailboxQuarantine(store.shelf, null),
    eraseClosed: erasure.eraseClosed,
    keepSchedule: (retentionMs: number | null) =>
      keepRetentionSchedule({ client, taskQueue, retentionMs }, silent, new AbortController().signal),
    async work(over: Partial<RetentionSettings> = {}) {
      const retention: RetentionSettings = {
        ...settings,
        eraseClosed: erasure.eraseClosed,
        dropSetAside: (id, humanIds) =>
          eraseEntries({ spoolFolder: null, reportStore: () => store, seal: null }, id, humanIds),
        audit: { record: async (entry) => void audited.push(entry) },
        metrics,
        ...over,
      };
      const { address } = server;
      stops.push(
        await startCarrier({ address, client, taskQueue, humanApi, reportStore: store, refreshForMs: 1, retention }),
      );
    },
    /** A folder with a document, and a person upstream, of an applicant whom Temporal has forgotten. */
    async keep(clientUserId: string, closing: Partial<ManifestChange> = { outcome: 'collected', closedAt: LONG_AGO }) {
      const { humanId } = humanApi.enrol(clientUserId, `${clientUserId}@example.org`, 0);
      const document = await store.save(documentToStore({ clientUserId }), pieces(pdf(`of ${clientUserId}`)));
      await store.updateManifest(change({ clientUserId, humanId, documents: [document], ...closing }));
      return humanId;
    },
    /** An open run on which nobody works. */
    open: (clientUserId: string) =>
      client.workflow.start(COLLECT_RECORDS, {
        workflowId: applicantWorkflowId(clientUserId),
        taskQueue,
        startDelay: '1 day',
      }),
    /** A run of the schedule, and its workflow. */
    async triggered() {
      const before = new Set((await schedule.describe()).info.recentActions.map((run) => JSON.stringify(run.action)));
      await schedule.trigger();
      const action = await until('the run of the schedule', 10_000, async () => {
        const { recentActions } = (await schedule.describe()).info;
        return recentActions.map((run) => run.action).find((each) => !before.has(JSON.stringify(each)));
      });
      if (action?.type !== 'startWorkflow') throw new Error('expected the schedule to start a workflow');
      return client.workflow.getHandle<() => Promise<RetentionResult>>(action.workflow.workflowId);
    },
    async counted() {
      const { values } = (await registry.getMetricsAsJSON())[0] ?? { values: [] };
      return Object.fromEntries(values.map(({ labels, value }) => [labels['result'], value]));
    },
    deleted: () => humanApi.people.filter((person) => person.deleted).map(({ clientUserId }) => clientUserId),
  };
}

test('by its schedule whoever is past the retention is erased, and of all others nothing is touched', async () => {
  const { client, root, store, humanApi, keep, keepSchedule, schedule, open, ...rest } = await setup();
  const { work, triggered, audited, counted, deleted, applicants, quarantine } = rest;
  const old = await keep('OLD-1');
  const report = { kind: 'report', humanId: old, reportId: 'r-1', type: 'unity', updatedAt: null };
  await putMailboxRecord(store.shelf, {
    key: 'a',
    atMs: 1,
    humanId: old,
    notices: 1,
    content: JSON.stringify([report]),
  });
  await work();
  // One whom Temporal still knows, of two rounds.
  for (let round = 1; round <= 2; round += 1) {
    const details = { clientUserId: 'OLD-2', clientUserEmail: 'old@example.org' };
    await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY, again: true });
    await until('the invitation', 20_000, async () => (await applicants.readState('OLD-2')).humanId);
    await applicants.requestCancel('OLD-2');
    await applicants.waitForClose('OLD-2');
  }
  // Newer than what the two rounds wrote.
  const aged = { humanId: null, outcome: 'cancelled', closedAt: LONG_AGO, round: 3, revision: 1 } as const;
  await store.updateManifest(change({ clientUserId: 'OLD-2', ...aged }));
  await keep('HELD-1');
  const why = { reasonCode: 'CASE-7', who: 'cli:tester', at: LONG_AGO };
  await openHolds(store.shelf).put({ clientUserId: 'HELD-1', ...why });
  await keep('OPEN-1', {});
  await keep('AGAIN-1');
  const again = await open('AGAIN-1');
  await keep('YOUNG-1', { outcome: 'collected', closedAt: new Date(Date.now() - RETENTION_MS + DAY_MS).toISOString() });
  await keep('FRESH-1');
  const fresh = { closedAt: LONG_AGO, refreshedAt: new Date().toISOString(), documents: [], missing: [] };
  await store.updateManifest({ kind: 'refresh', clientUserId: 'FRESH-1', ...fresh });
  await mkdir(join(root, 'UNREAD-1'));
  await writeFile(join(root, 'UNREAD-1', 'manifest.json'), 'no manifest');
  const isTheirs = (name: string) => name.startsWith('OLD-') || name.startsWith('.chartway/quarantine/');
  const others = async () => [...(await filesIn(root))].filter(([name]) => !isTheirs(name)).sort();
  const before = await others();

  await keepSchedule(RETENTION_MS);
  expect(await schedule.describe()).toMatchObject({
    spec: { intervals: [{ every: DAY_MS }] },
    policies: { overlap: 'SKIP' },
    action: { workflowType: 'retention', args: [] },
  });
  expect(await (await triggered()).result()).toEqual({
    counts: { erased: 2, held: 1, failed: 1 },
    first: { erased: expect.arrayContaining(['OLD-1', 'OLD-2']), held: ['HELD-1'], failed: ['UNREAD-1'] },
    strangers: [],
  });
  expect(await others()).toEqual(before);
  expect((await store.applicants()).filter((id) => isTheirs(id))).toEqual([]);
  expect(await quarantine.list()).toEqual([]);
  expect(new Set(deleted())).toEqual(new Set(['OLD-1', 'OLD-2']));
  expect(await applicants.read('OLD-2')).toBeNull();
  const { count } = await client.workflow.count(
    'WorkflowId IN ("applicant-OLD-2", "withdraw-OLD-1", "withdraw-OLD-2")',
  );
  expect(count).toBe(0);
  expect((await again.describe()).status.name).toBe('RUNNING');
  const lines = (did: string) => audited.filter((entry) => entry.did === did);
  expect(
    lines('erase')
      .map(({ who, clientUserId }) => [who, clientUserId])
      .sort(),
  ).toEqual([
    ['worker', 'OLD-1'],
    ['worker', 'OLD-2'],
  ]);
  expect(lines('erase').find(({ clientUserId }) => clientUserId === 'OLD-1')?.detail).toBe(
    'REPORTS_RETENTION: 1 people, 1 runs, 2 files, 1 in quarantine',
  );
  expect(new Set(audited.map(({ clientUserId }) => clientUserId))).toEqual(new Set(['OLD-1', 'OLD-2']));
  expect(await counted()).toEqual({ erased: 2, held: 1, failed: 1 });

  // Nobody is left who is due; and with the setting the schedule goes.
  expect((await (await triggered()).result()).counts).toEqual({ erased: 0, held: 1, failed: 1 });
  await keepSchedule(null);
  await expect(schedule.describe()).rejects.toThrow();
}, 120_000);

test('one that is stuck and those that fail stop nobody else, and the next run goes on with them', async () => {
  const { keep, keepSchedule, work, triggered, audited, store, eraseClosed, counted, deleted, quarantine } =
    await setup();
  for (const id of ['A-STUCK-1', 'ANEW-1', 'FAILS-1', 'HALF-1', 'OLD-1', 'OLD-2']) await keep(id);
  // What an operator began is the operator's to go on with.
  await openErasureRecords(store).begin('BEGUN-1');
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  stops.push(async () => letGo());
  const troubles = new Set(['ANEW-1', 'FAILS-1', 'HALF-1']);
  const entries = { spoolFolder: null, reportStore: () => store, seal: null };
  await work({
    eraseClosed: async (id, signal) => {
      if (id === 'A-STUCK-1') await gate;
      // Started in the moment in which its folder was removed: that is told, not passed over.
      if (id === 'ANEW-1' && troubles.has(id))
        return { result: 'open', humanIds: [], people: 0, runs: 0, files: 2, others: [] };
      return eraseClosed(id, signal);
    },
    audit: {
      record: async (entry) => {
        if (entry.clientUserId === 'FAILS-1' && troubles.has('FAILS-1')) throw new AuditUnavailable('full');
        audited.push(entry);
      },
    },
    dropSetAside: async (id, humanIds) => {
      if (id === 'HALF-1' && troubles.has(id)) throw ApplicationFailure.nonRetryable('the power went');
      return eraseEntries(entries, id, humanIds);
    },
  });
  await keepSchedule(RETENTION_MS);
  const run = await triggered();
  await until('the others to be erased', 60_000, async () => {
    const left = await store.applicants();
    return left.join() === 'A-STUCK-1,ANEW-1,FAILS-1' && deleted().length === 3;
  });
  expect((await run.describe()).status.name).toBe('RUNNING');
  letGo();
  expect((await run.result()).counts).toEqual({ erased: 3, held: 0, failed: 3 });
  // Of whom nothing could be recorded, nothing was done.
  expect([await store.applicants(), deleted().includes('FAILS-1')]).toEqual([['ANEW-1', 'FAILS-1'], false]);
  const erased = () => audited.filter(({ did }) => did === 'erase').map(({ clientUserId }) => clientUserId);
  expect(erased().sort()).toEqual(['A-STUCK-1', 'OLD-1', 'OLD-2']);

  troubles.clear();
  const { first } = await (await triggered()).result();
  expect(first).toEqual({ erased: expect.arrayContaining(['ANEW-1', 'FAILS-1', 'HALF-1']), held: [], failed: [] });
  expect(erased().slice(3).sort()).toEqual(['ANEW-1', 'FAILS-1', 'HALF-1']);
  expect(await store.shelf.list('erasures/')).toEqual(['erasures/BEGUN-1.json']);
  expect(await counted()).toEqual({ erased: 6, held: 0, failed: 3 });
  expect(await quarantine.list()).toEqual([]);
}, 150_000);

test('after a conflict the person upstream is left, and the run and the audit log report the stranger', async () => {
  const { work, keepSchedule, triggered, humanApi, store, deleted, audited, counted } = await setup();
  const stranger = humanApi.enrol('TAKEN-1', 'stranger@example.org', 0);
  const conflict = { outcome: 'failed', reason: 'conflict', closedAt: LONG_AGO } as const;
  await store.updateManifest(change({ clientUserId: 'TAKEN-1', humanId: null, ...conflict }));
  await work();
  await keepSchedule(RETENTION_MS);
  const result = await (await triggered()).result();
  expect([deleted(), await store.applicants(), await counted()]).toEqual([[], [], { erased: 1, held: 0, failed: 0 }]);
  expect(result).toEqual({
    counts: { erased: 1, held: 0, failed: 0 },
    first: { erased: ['TAKEN-1'], held: [], failed: [] },
    strangers: ['TAKEN-1'],
  });
  expect(audited.find(({ did }) => did === 'erase')?.detail).toBe(
    `REPORTS_RETENTION: 0 people, 1 runs, 1 files, 0 in quarantine; 1 upstream not known as ours: ${stranger.humanId}`,
  );
}, 60_000);

test('a run of a schedule that was left behind erases nothing where the retention is off', async () => {
  const { keep, keepSchedule, work, triggered, store, audited } = await setup();
  await keep('OLD-1');
  await work({ retentionMs: null });
  await keepSchedule(RETENTION_MS);
  expect((await (await triggered()).result()).counts).toEqual({ erased: 0, held: 0, failed: 0 });
  expect([await store.applicants(), audited]).toEqual([['OLD-1'], []]);
}, 60_000);
