import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { Registry } from 'prom-client';
import type { RetentionSettings } from '../../src/activities/retention';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { type Audit, type AuditEntry, AuditUnavailable } from '../../src/observability/audit';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { createFolderStore } from '../../src/report-store/folder/store';
import { openHolds } from '../../src/report-store/holds';
import type { ManifestChange } from '../../src/report-store/port';
import { createApplicants } from '../../src/temporal/applicants';
import { createErasure } from '../../src/temporal/erasure';
import { keepSchedule, RETENTION_SCHEDULE } from '../../src/temporal/schedules';
import { eraseEntries } from '../../src/use-cases/erase-entries';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  type RetentionResult,
  retentionWorkflowId,
} from '../../src/workflows/contract';
import { change, documentToStore, pdf, pieces } from '../report-store/fixtures';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { erasureRecordsOf } from '../support/erasure-records';
import { FakeUpstream } from '../support/fake-upstream';
import { useFolders } from '../support/folders';
import { putMailboxRecord } from '../support/mailbox-record';
import { filesIn } from '../support/stored';
import { DELETES_SOON, useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';

const RETENTION_MS = 30 * DAY_MS;
const LONG_AGO = '2020-01-01T00:00:00.000Z';

const temporal = useTemporalServer({ extraArgs: DELETES_SOON });
const cleanup = useCleanup();
const createFolder = useFolders();

/** Workers that erase by age from a folder of this test. */
async function setup() {
  const { client, address } = temporal();
  const taskQueue = `retention-${randomUUID()}`;
  const root = await createFolder();
  const store = createFolderStore(root);
  await store.init();
  const upstream = new FakeUpstream();
  const audited: AuditEntry[] = [];
  const registry = new Registry();
  const applicants = createApplicants({ client, taskQueue });
  const erasure = createErasure({ client, taskQueue, records: erasureRecordsOf(store, 'age') });
  const schedule = client.schedule.getHandle(retentionWorkflowId(taskQueue));
  const silent = { info: () => undefined, warn: () => undefined };
  const dropQuarantined = (id: string, humanIds: readonly string[]) =>
    eraseEntries({ spoolFolder: null, reportStore: () => store, noticeEncryption: NO_ENCRYPTION }, id, humanIds);
  return {
    client,
    root,
    store,
    upstream,
    audited,
    applicants,
    schedule,
    quarantine: openMailboxQuarantine(store.shelf, NO_ENCRYPTION),
    eraseClosed: erasure.eraseClosed,
    ensureSchedule: () =>
      keepSchedule(
        RETENTION_SCHEDULE,
        { client, taskQueue, everyMs: RETENTION_MS },
        silent,
        new AbortController().signal,
      ),
    dropQuarantined,
    async work({ record, ...changes }: Partial<RetentionSettings & Pick<Audit, 'record'>> = {}) {
      const { eraseClosed } = erasure;
      const retention = { retentionMs: RETENTION_MS, eraseClosed, dropQuarantined, ...changes };
      const audit = { record: record ?? (async (entry) => void audited.push(entry)) };
      const services = { upstream, reportStore: store, retention, audit, registry };
      cleanup(await startWorkers({ address, client, taskQueue, refreshForMs: 1, ...services }));
    },
    /** A folder with a document, and a person upstream, of an applicant that Temporal no longer has. */
    async saveClosed(
      clientUserId: string,
      closing: Partial<ManifestChange> = { outcome: 'collected', closedAt: LONG_AGO },
    ) {
      const { humanId } = upstream.addPerson(clientUserId, `${clientUserId}@example.org`, 0);
      const document = await store.save(documentToStore({ clientUserId }), pieces(pdf(`of ${clientUserId}`)));
      await store.updateManifest(change({ clientUserId, humanId, documents: [document], ...closing }));
      return humanId;
    },
    /** An open run without a worker. */
    open: (clientUserId: string) =>
      client.workflow.start(COLLECT_RECORDS, {
        workflowId: applicantWorkflowId(clientUserId),
        taskQueue,
        startDelay: '1 day',
      }),
    /** Triggers the schedule and returns its workflow. */
    async trigger() {
      const before = new Set((await schedule.describe()).info.recentActions.map((run) => JSON.stringify(run.action)));
      await schedule.trigger();
      const action = await until('the run of the schedule', async () => {
        const { recentActions } = (await schedule.describe()).info;
        return recentActions.map((run) => run.action).find((each) => !before.has(JSON.stringify(each)));
      });
      if (action?.type !== 'startWorkflow') throw new Error('expected the schedule to start a workflow');
      return client.workflow.getHandle<() => Promise<RetentionResult>>(action.workflow.workflowId);
    },
    async readCounts() {
      const metric = await registry.getSingleMetric('chartway_retention_applicants_total')?.get();
      const values = metric?.values ?? [];
      return Object.fromEntries(values.map(({ labels, value }) => [labels['result'], value]));
    },
    listDeleted: () => upstream.people.filter((person) => person.deleted).map(({ clientUserId }) => clientUserId),
  };
}

test('the schedule erases applicants past the retention and changes no other', async () => {
  const { client, root, store, upstream, saveClosed, ensureSchedule, schedule, open, ...rest } = await setup();
  const { work, trigger, audited, readCounts, listDeleted, applicants, quarantine } = rest;
  const old = await saveClosed('OLD-1');
  const report = { kind: 'report', humanId: old, reportId: 'r-1', type: 'unity', updatedAt: null };
  const content = JSON.stringify([report]);
  await putMailboxRecord(store.shelf, { key: 'a', atMs: 1, humanId: old, notices: 1, content });
  await work();
  // An applicant that Temporal still has, with two rounds.
  for (let round = 1; round <= 2; round += 1) {
    const details = { clientUserId: 'OLD-2', clientUserEmail: 'old@example.org' };
    await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY, again: true });
    await until('the invitation', async () => (await applicants.readState('OLD-2')).humanId);
    await applicants.requestCancel('OLD-2');
    await applicants.waitForClose('OLD-2');
  }
  // Newer than the two rounds.
  const aged = { humanId: null, outcome: 'cancelled', closedAt: LONG_AGO, round: 3, revision: 1 } as const;
  await store.updateManifest(change({ clientUserId: 'OLD-2', ...aged }));
  await saveClosed('HELD-1');
  const why = { reasonCode: 'CASE-7', who: 'cli:tester', at: LONG_AGO };
  await openHolds(store.shelf).put({ clientUserId: 'HELD-1', ...why });
  await saveClosed('OPEN-1', {});
  await saveClosed('AGAIN-1');
  const again = await open('AGAIN-1');
  await saveClosed('YOUNG-1', {
    outcome: 'collected',
    closedAt: new Date(Date.now() - RETENTION_MS + DAY_MS).toISOString(),
  });
  await saveClosed('FRESH-1');
  const fresh = { closedAt: LONG_AGO, refreshedAt: new Date().toISOString(), documents: [], missing: [] };
  await store.updateManifest({ kind: 'refresh', clientUserId: 'FRESH-1', ...fresh });
  await mkdir(join(root, 'UNREAD-1'));
  await writeFile(join(root, 'UNREAD-1', 'manifest.json'), 'no manifest');
  const isErased = (name: string) => name.startsWith('OLD-') || name.startsWith('.chartway/quarantine/');
  const others = async () => [...(await filesIn(root))].filter(([name]) => !isErased(name)).sort();
  const before = await others();

  await ensureSchedule();
  expect(await (await trigger()).result()).toEqual({
    counts: { erased: 2, held: 1, failed: 1 },
    first: { erased: expect.arrayContaining(['OLD-1', 'OLD-2']), held: ['HELD-1'], failed: ['UNREAD-1'] },
    strangers: [],
  });
  expect(await others()).toEqual(before);
  expect((await store.applicants()).filter((id) => isErased(id))).toEqual([]);
  expect(await quarantine.list()).toEqual([]);
  expect(new Set(listDeleted())).toEqual(new Set(['OLD-1', 'OLD-2']));
  expect(await applicants.read('OLD-2')).toBeNull();
  const { count } = await client.workflow.count(
    'WorkflowId IN ("applicant-OLD-2", "withdraw-OLD-1", "withdraw-OLD-2")',
  );
  expect(count).toBe(0);
  expect((await again.describe()).status.name).toBe('RUNNING');
  const erasures = audited.filter(({ did }) => did === 'erase');
  expect(erasures.map(({ who, clientUserId }) => `${who} ${clientUserId}`).sort()).toEqual([
    'worker OLD-1',
    'worker OLD-2',
  ]);
  expect(erasures.find(({ clientUserId }) => clientUserId === 'OLD-1')?.detail).toBe(
    'REPORTS_RETENTION: 1 people, 1 runs, 2 files, 1 in quarantine',
  );
  expect(new Set(audited.map(({ clientUserId }) => clientUserId))).toEqual(new Set(['OLD-1', 'OLD-2']));
  expect(await readCounts()).toEqual({ erased: 2, held: 1, failed: 1 });

  // No one is due any more.
  expect((await (await trigger()).result()).counts).toEqual({ erased: 0, held: 1, failed: 1 });
});

test('an erasure that hangs or fails stops no other, and the next run repeats it', async () => {
  const { saveClosed, ensureSchedule, work, trigger, audited, store, readCounts, listDeleted, ...rest } = await setup();
  const { eraseClosed, dropQuarantined, quarantine } = rest;
  for (const id of ['A-STUCK-1', 'ANEW-1', 'FAILS-1', 'HALF-1', 'OLD-1', 'OLD-2']) await saveClosed(id);
  // An erasure that an operator started is left to the operator.
  await erasureRecordsOf(store).begin('STARTED-1');
  const gate = deferred();
  const failing = new Set(['ANEW-1', 'FAILS-1', 'HALF-1']);
  await work({
    eraseClosed: async (id, signal) => {
      if (id === 'A-STUCK-1') await gate.promise;
      // Started while its folder was removed; that is reported.
      if (id === 'ANEW-1' && failing.has(id))
        return { result: 'open', humanIds: [], people: 0, runs: 0, files: 2, others: [], events: null };
      return eraseClosed(id, signal);
    },
    record: async (entry) => {
      if (entry.clientUserId === 'FAILS-1' && failing.has('FAILS-1')) throw new AuditUnavailable('full');
      audited.push(entry);
    },
    dropQuarantined: async (id, humanIds) => {
      if (id === 'HALF-1' && failing.has(id)) throw ApplicationFailure.nonRetryable('the power went');
      return dropQuarantined(id, humanIds);
    },
  });
  cleanup(gate.resolve);
  await ensureSchedule();
  const run = await trigger();
  await until('the others to be erased', async () => {
    const remaining = await store.applicants();
    return remaining.join() === 'A-STUCK-1,ANEW-1,FAILS-1' && listDeleted().length === 3;
  });
  expect((await run.describe()).status.name).toBe('RUNNING');
  gate.resolve();
  expect((await run.result()).counts).toEqual({ erased: 3, held: 0, failed: 3 });
  // Without a line in the audit log nothing is erased.
  expect([await store.applicants(), listDeleted().includes('FAILS-1')]).toEqual([['ANEW-1', 'FAILS-1'], false]);
  const erased = () => audited.filter(({ did }) => did === 'erase').map(({ clientUserId }) => clientUserId);
  expect(erased().sort()).toEqual(['A-STUCK-1', 'OLD-1', 'OLD-2']);

  failing.clear();
  const { first } = await (await trigger()).result();
  expect(first).toEqual({ erased: expect.arrayContaining(['ANEW-1', 'FAILS-1', 'HALF-1']), held: [], failed: [] });
  expect(erased().slice(3).sort()).toEqual(['ANEW-1', 'FAILS-1', 'HALF-1']);
  expect(await store.shelf.list('erasures/')).toEqual(['erasures/STARTED-1.json']);
  expect(await readCounts()).toEqual({ erased: 6, held: 0, failed: 3 });
  expect(await quarantine.list()).toEqual([]);
});

test('after a conflict the person upstream is kept, and the run and the audit log report it', async () => {
  const { work, ensureSchedule, trigger, upstream, store, listDeleted, audited, readCounts } = await setup();
  const unknown = upstream.addPerson('TAKEN-1', 'unknown@example.org', 0);
  const conflict = { outcome: 'failed', reason: 'conflict', closedAt: LONG_AGO } as const;
  await store.updateManifest(change({ clientUserId: 'TAKEN-1', humanId: null, ...conflict }));
  await work();
  await ensureSchedule();
  const result = await (await trigger()).result();
  const counts = { erased: 1, held: 0, failed: 0 };
  expect([listDeleted(), await store.applicants(), await readCounts()]).toEqual([[], [], counts]);
  expect(result).toEqual({
    counts,
    first: { erased: ['TAKEN-1'], held: [], failed: [] },
    strangers: ['TAKEN-1'],
  });
  expect(audited.find(({ did }) => did === 'erase')?.detail).toBe(
    `REPORTS_RETENTION: 0 people, 1 runs, 1 files, 0 in quarantine; 1 upstream not known as ours: ${unknown.humanId}`,
  );
});

test('a run of an old schedule erases nothing while the retention is off', async () => {
  const { saveClosed, ensureSchedule, work, trigger, store, audited } = await setup();
  await saveClosed('OLD-1');
  await work({ retentionMs: null });
  await ensureSchedule();
  expect((await (await trigger()).result()).counts).toEqual({ erased: 0, held: 0, failed: 0 });
  expect([await store.applicants(), audited]).toEqual([['OLD-1'], []]);
});
