import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { KeyMissing } from '../../src/domain/encryption';
import { DAY_MS } from '../../src/domain/policy';
import { StoreUnavailable } from '../../src/report-store/errors';
import type { Shelf } from '../../src/report-store/shelf';
import { findingsFileName, LATEST_SWEEP } from '../../src/report-store/sweep-findings';
import { readAttention } from '../../src/use-cases/attention';
import { checkStuckRuns } from '../../src/use-cases/checks';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { putMailboxRecord } from '../support/mailbox-record';
import { useTemporalServer } from '../support/temporal-server';
import { failingClient, startRun, useCaseDeps } from './deps';

const server = useTemporalServer();
const makeFolder = useFolders();
/** Of a person without an applicant. */
const NOTICE = { key: 'one', atMs: 0, humanId: 'h-5', notices: 1, content: 'x' };
let queues = 0;

async function putFindings(shelf: Shelf, lines: readonly object[], at = new Date().toISOString()): Promise<void> {
  await shelf.put(LATEST_SWEEP, Buffer.from(JSON.stringify({ at, sweepId: 'one', counts: {} })));
  await shelf.put(findingsFileName('one'), Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
}

test('lists needs and near deadlines of the newest runs, and hides snoozed applicants', async () => {
  const { client } = server();
  const { deps, store } = useCaseDeps(client, { taskQueue: `queue-${++queues}` });
  const since = new Date(Date.now() - DAY_MS);
  const due = new Date(Date.now() + 3 * DAY_MS);
  const start = startRun.bind(null, deps);
  const end = async (...run: Parameters<typeof start>) => (await start(...run)).terminate();
  await start('quiet', { ApplicantNeeds: ['quiet'], ApplicantStageSince: [since] });
  await end('ended', { ApplicantNeeds: ['quiet', 'attention', 'stuck-call'] });
  await start('both', { ApplicantNeeds: ['stuck-call', 'attention'], ApplicantStageSince: [since] });
  await start('due', { ApplicantDueAt: [due] });
  await start('late', { ApplicantDueAt: [new Date(Date.now() + 8 * DAY_MS)] });
  await start('snoozed', { ApplicantNeeds: ['quiet'] }, { snoozedUntilMs: Date.now() + DAY_MS });
  await start('awake', { ApplicantNeeds: ['quiet'] }, { snoozedUntilMs: Date.now() - 1 });
  await end('conflict', { ApplicantNeeds: ['conflict'] });
  await end('again', { ApplicantNeeds: ['conflict'] });
  await start('again', { ApplicantStage: ['inviting'] });
  await end('withdrawn', {});
  store.addManifest('withdrawn', { withdrawnAt: new Date(Date.now() + 1_000).toISOString() });
  await end('closed', { ApplicantRound: [1] });
  store.addManifest('closed', { round: 1, outcome: 'collected' });
  await putFindings(store.shelf, [{ kind: 'terminated', clientUserId: 'ended', humanId: 'h-1' }]);
  const view = await until('all runs', async () => {
    const read = await readAttention(deps);
    return read.items.length === 8 && read;
  });
  const [first, second] = view.items;
  expect([first?.clientUserId, second?.clientUserId].sort()).toEqual(['conflict', 'ended']);
  expect(first).toMatchObject({ need: 'stuck-run', since: expect.any(String), action: expect.stringMatching(/again/) });
  expect(
    view.items.slice(2).map(({ need, clientUserId, since, action }) => [need, clientUserId, since, action]),
  ).toEqual([
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
  const { namespace } = client.options;
  const service = client.workflowService;
  const { deps } = useCaseDeps(client, { taskQueue });
  await startRun(deps, 'stuck');
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
  const stuckRuns = await checkStuckRuns(deps);
  expect(stuckRuns).toMatchObject({ ok: false, text: expect.stringContaining(': 1'), action: expect.any(String) });
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
  await putFindings(store.shelf, lines, at);
  store.addManifest('POL-2', { withdrawnAt: '2026-03-02T00:00:00.000Z' });
  await putMailboxRecord(store.shelf, NOTICE);
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
  const reason = /^1 notice is in quarantine in the report store \(1 \w+\)\. Replay or drop them\.$/;
  expect(items[4]?.text).toMatch(reason);
  const readManifest = () => Promise.reject(new KeyMissing('old'));
  const view = await readAttention({ ...deps, reportStore: Object.assign(Object.create(store), { readManifest }) });
  // Whether the persons are withdrawn is unknown.
  expect(view.items.filter(({ need }) => need === 'terminated')).toHaveLength(2);
  expect(view.degraded).toContain('store-unavailable');
});

test('an outage shows as degraded, and never as an empty list', async () => {
  const client = failingClient(server().client);
  const { deps, store } = useCaseDeps(client, { taskQueue: `queue-${++queues}` });
  await expect(readAttention(deps)).rejects.toMatchObject({ kind: 'unavailable', what: 'temporal' });
  await putMailboxRecord(store.shelf, NOTICE);
  expect(await readAttention(deps)).toMatchObject({
    items: [{ need: 'quarantine' }],
    degraded: ['temporal-unavailable'],
  });
  const failing = { ...store.shelf, get: () => Promise.reject(new StoreUnavailable('EIO', 'read')) };
  const reportStore = Object.assign(Object.create(store), { shelf: failing });
  const { degraded } = await readAttention({ ...deps, reportStore });
  expect(degraded).toEqual(['store-unavailable', 'temporal-unavailable']);
});
