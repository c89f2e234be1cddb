import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { KeyMissing, NO_ENCRYPTION } from '../../src/domain/encryption';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { StoreUnavailable } from '../../src/report-store/errors';
import { findingsFileName, LATEST_SWEEP } from '../../src/report-store/sweep-findings';
import { readAttention } from '../../src/use-cases/attention';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { useTemporalServer } from '../support/temporal-server';
import { flakyClient, useCaseDeps } from './deps';

const server = useTemporalServer();
const makeFolder = useFolders();
const DAY_MS = 24 * 3_600_000;
let queues = 0;

interface Run {
  readonly attributes: Readonly<Record<string, readonly unknown[]>>;
  readonly memo?: Record<string, unknown>;
  readonly close?: true;
}

async function begin(client: Client, taskQueue: string, clientUserId: string, { attributes, memo, close }: Run) {
  const handle = await client.workflow.start('collectRecords', {
    workflowId: `applicant-${clientUserId}`,
    taskQueue,
    searchAttributes: attributes as Record<string, string[]>,
    ...(memo && { memo }),
  });
  if (close) await handle.terminate();
}

test('lists needs and near deadlines of the newest runs, and hides snoozed applicants', async () => {
  const { client } = server();
  const taskQueue = `queue-${++queues}`;
  const { deps } = useCaseDeps(client, { taskQueue });
  const since = new Date(Date.now() - DAY_MS);
  const due = new Date(Date.now() + 3 * DAY_MS);
  const start = (id: string, run: Run) => begin(client, taskQueue, id, run);
  await start('quiet', { attributes: { ApplicantNeeds: ['quiet'], ApplicantStageSince: [since] } });
  await start('ended', { attributes: { ApplicantNeeds: ['quiet', 'attention', 'stuck-call'] }, close: true });
  await start('both', { attributes: { ApplicantNeeds: ['stuck-call', 'attention'], ApplicantStageSince: [since] } });
  await start('due', { attributes: { ApplicantDueAt: [due] } });
  await start('late', { attributes: { ApplicantDueAt: [new Date(Date.now() + 8 * DAY_MS)] } });
  const snoozed = { attributes: { ApplicantNeeds: ['quiet'] }, memo: { snoozedUntilMs: Date.now() + DAY_MS } };
  await start('snoozed', snoozed);
  await start('awake', { ...snoozed, memo: { snoozedUntilMs: Date.now() - 1 } });
  await start('conflict', { attributes: { ApplicantNeeds: ['conflict'] }, close: true });
  await start('again', { attributes: { ApplicantNeeds: ['conflict'] }, close: true });
  await start('again', { attributes: { ApplicantStage: ['inviting'] } });
  const view = await until('all runs', async () => {
    const read = await readAttention(deps);
    return read.items.length === 6 && read;
  });
  expect(view.items.map(({ need, clientUserId, since, action }) => [need, clientUserId, since, action])).toEqual([
    ['stuck-call', 'both', null, 'POST /api/v1/applicants/both/retry'],
    ['conflict', 'conflict', null, 'POST /api/v1/applicants with "again": true'],
    ['near-deadline', 'due', new Date(due.getTime() - 7 * DAY_MS).toISOString(), 'PUT /api/v1/applicants/due/deadline'],
    ['attention', 'both', since.toISOString(), 'GET /api/v1/applicants/both/invitation'],
    ['quiet', 'quiet', since.toISOString(), 'GET /api/v1/applicants/quiet/invitation'],
    ['quiet', 'awake', null, 'GET /api/v1/applicants/awake/invitation'],
  ]);
  expect(view.degraded).toEqual(['no-worker']);
});

test('a run whose workflow task fails in every attempt is stuck', async () => {
  const { client } = server();
  const taskQueue = `queue-${++queues}`;
  await begin(client, taskQueue, 'stuck', { attributes: {} });
  const { namespace } = client.options;
  const service = client.workflowService;
  const { deps } = useCaseDeps(client, { taskQueue });
  const view = await until('the report of the server', async () => {
    const poll = () => service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } });
    const { taskToken } = await client.withDeadline(Date.now() + 30_000, poll);
    const cause = temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;
    await service.respondWorkflowTaskFailed({ namespace, taskToken, cause });
    const read = await readAttention(deps);
    return read.items.length > 0 && read;
  });
  expect(view.items).toMatchObject([
    { clientUserId: 'stuck', need: 'stuck-run', action: 'npm run chartway -- doctor' },
  ]);
});

test('lists findings of the last sweep that are not repaired, and notices that wait', async () => {
  const { client } = server();
  const spoolFolder = await makeFolder();
  const { deps, store } = useCaseDeps(client, { taskQueue: `queue-${++queues}`, spoolFolder });
  const at = '2026-03-01T00:00:00.000Z';
  const lines = [
    { kind: 'terminated', clientUserId: 'POL-1', humanId: 'h-1' },
    { kind: 'terminated', clientUserId: 'POL-2', humanId: 'h-2' },
    { kind: 'unattended', clientUserId: null, humanId: 'h-3' },
    { kind: 'unread', clientUserId: 'POL-4', humanId: 'h-4', since: '2026-02-01T00:00:00.000Z' },
  ];
  await store.shelf.put(LATEST_SWEEP, Buffer.from(JSON.stringify({ at, sweepId: 'one', counts: {} })));
  await store.shelf.put(
    findingsFileName('one'),
    Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
  store.addManifest('POL-2', { withdrawnAt: '2026-03-02T00:00:00.000Z' });
  const notice = {
    why: 'nobody',
    kind: 'report',
    clientUserId: null,
    humanId: 'h-5',
    detail: null,
    content: 'x',
  } as const;
  await openMailboxQuarantine(store.shelf, NO_ENCRYPTION).put(notice);
  const segments = join(spoolFolder, 'part-01234567');
  await mkdir(segments);
  await writeFile(join(segments, `${Date.parse(at)}-01234567-000001.log`), 'notice');
  const { items } = await readAttention(deps);
  expect(items.map(({ need, clientUserId, since, action }) => [need, clientUserId, since, action])).toEqual([
    ['spool', null, at, 'npm run chartway -- doctor'],
    ['terminated', 'POL-1', at, 'POST /api/v1/applicants/POL-1/withdraw'],
    ['unread', 'POL-4', '2026-02-01T00:00:00.000Z', 'POST /api/v1/applicants/POL-4/retry'],
    ['unattended', null, at, null],
    ['quarantine', null, null, 'npm run chartway -- quarantine list'],
  ]);
  expect(items[4]?.text).toBe(`1 notice is in quarantine in the report store (1 ${notice.why}). Replay or drop them.`);
  const readManifest = () => Promise.reject(new KeyMissing('old'));
  const view = await readAttention({ ...deps, reportStore: Object.assign(Object.create(store), { readManifest }) });
  // Whether the persons are withdrawn is unknown.
  expect(view.items.filter(({ need }) => need === 'terminated')).toHaveLength(2);
  expect(view.degraded).toContain('store-unavailable');
});

test('an outage shows as degraded, and never as an empty list', async () => {
  const client = flakyClient(server().client, () => true);
  const { deps, store } = useCaseDeps(client, { taskQueue: `queue-${++queues}` });
  await expect(readAttention(deps)).rejects.toMatchObject({ kind: 'unavailable', what: 'temporal' });
  const notice = {
    why: 'nobody',
    kind: 'report',
    clientUserId: null,
    humanId: 'h-5',
    detail: null,
    content: 'x',
  } as const;
  await openMailboxQuarantine(store.shelf, NO_ENCRYPTION).put(notice);
  expect(await readAttention(deps)).toMatchObject({
    items: [{ need: 'quarantine' }],
    degraded: ['temporal-unavailable'],
  });
  const failing = { ...store.shelf, get: () => Promise.reject(new StoreUnavailable('EIO', 'read')) };
  const reportStore = Object.assign(Object.create(store), { shelf: failing });
  const { degraded } = await readAttention({ ...deps, reportStore });
  expect(degraded).toEqual(['store-unavailable', 'temporal-unavailable']);
});
