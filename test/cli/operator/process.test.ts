import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { openMailboxQuarantine } from '../../../src/report-store/mailbox-quarantine';
import { createLazyClient } from '../../../src/temporal/connection';
import { serializeNotices } from '../../../src/upstream/notices';
import { until } from '../../support/condition';
import { ensureBuilt, killLeftOvers, runProcess, startProcess } from '../../support/processes';
import { freePort, startTemporalServer, type TemporalServer } from '../../support/temporal-server';
import { signedHeaders } from '../../webhook/signed';
import { statusNotification } from '../../webhook/webhook-fixture';
import { REPORT } from './fixture';

let server: TemporalServer;
let client: Client;
let folder: string;
beforeAll(async () => {
  [server] = await Promise.all([startTemporalServer(), ensureBuilt()]);
  client = createLazyClient({ namespace: 'default', connection: { address: server.address } });
  folder = await mkdtemp(join(tmpdir(), 'chartway-operator-'));
}, 270_000);
afterAll(async () => {
  await killLeftOvers();
  await client?.connection.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const env = () => ({
  ...{ TEMPORAL_ADDRESS: server.address, WEBHOOK_SPOOL: join(folder, 'spool'), REPORT_STORE: join(folder, 'reports') },
  ...{ TASK_QUEUE: 'operator', LOG_LEVEL: 'error' },
});

async function chartway(...args: string[]) {
  const { status, lines, said } = await runProcess('chartway', folder, env(), [...args, '--json']);
  return { status, said, printed: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** The signals that a workflow of this id holds in its newest run. */
async function signalsOf(workflowId: string): Promise<number> {
  const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}

test('the webhook takes what is signed and sets aside what is not, until an operator replays it', async () => {
  // Nobody works on it: what it is told waits in its history.
  await client.workflow.start('collectRecords', { taskQueue: 'nobody', workflowId: 'applicant-POL-20417' });
  const webhook = await startProcess('webhook', folder, {
    ...env(),
    ...{
      WEBHOOK_PORT: '0',
      WEBHOOK_SECRET: 'hush-hush-hush-hush',
      WEBHOOK_SIGNATURE: 'verify',
      HUMAN_API_CLIENT_SECRET: 'new',
    },
    WEBHOOK_SIGNATURE_SECRETS: 'client-secret',
  });
  const post = async (notice: object, sign: boolean) => {
    const body = JSON.stringify(notice);
    const headers = sign ? signedHeaders(body) : {};
    const answer = await fetch(`${webhook.addresses[0]}/notifications/hush-hush-hush-hush`, {
      method: 'POST',
      body,
      headers,
    });
    return [answer.status, await answer.json()];
  };
  expect(await post(statusNotification({ value: 'Engaged' }), true)).toEqual([200, { accepted: 1, ignored: 0 }]);
  expect(await post(statusNotification({ value: 'Declined' }), false)).toEqual([200, { accepted: 0, ignored: 1 }]);
  // If Temporal does not answer within 2 s, the webhook spools the notice and delivers it later.
  await until('the signal', 30_000, async () => (await signalsOf('applicant-POL-20417')) === 1);

  const listed = await chartway('quarantine', 'list');
  expect(listed).toMatchObject({
    status: 0,
    printed: [{ why: 'signature', kind: 'status', clientUserId: 'POL-20417', detail: 'missing' }],
  });
  const [{ id } = {}] = listed.printed;
  expect((await chartway('quarantine', 'show', String(id))).printed).toMatchObject([
    { notices: [{ status: 'Declined' }] },
  ]);
  expect(await chartway('quarantine', 'replay', '--all')).toMatchObject({
    status: 0,
    printed: [{ id, result: 'replayed', taken: 1, by: { applicant: 1 } }],
  });
  expect(await signalsOf('applicant-POL-20417')).toBe(2);
  expect((await chartway('quarantine', 'list')).printed).toEqual([]);
  expect(await webhook.end()).toBe(0);
}, 60_000);

test('a mailbox that found nobody is opened anew by a replay, though its first run had the same notice', async () => {
  const store = createFolderStore(join(folder, 'reports'));
  await store.init();
  const { shelf } = store;
  const mailboxes = openMailboxQuarantine({ shelf, seal: null });
  const setAside = (key: string) =>
    mailboxes.put({ key, atMs: 1_000, humanId: 'h-2', notices: 1, content: serializeNotices([REPORT]) });
  const mailbox = client.workflow.getHandle('notices-h-2');

  await setAside('run 1');
  expect(await chartway('quarantine', 'replay', '--all', '--why', 'nobody')).toMatchObject({ status: 0 });
  const first = await mailbox.describe();
  await mailbox.terminate();
  await setAside('run 2');
  expect(await chartway('quarantine', 'replay', '--all', '--why', 'nobody')).toMatchObject({ status: 0 });
  const second = await mailbox.describe();
  expect(second.runId).not.toBe(first.runId);
  expect(second.status.name).toBe('RUNNING');
  expect(await signalsOf('notices-h-2')).toBe(1);
  expect(await mailboxes.list()).toEqual([]);
}, 60_000);

test('without Temporal, a command says so within seconds and ends with 1', async () => {
  const nowhere = { ...env(), TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
  const { status, said } = await runProcess('chartway', folder, nowhere, ['cancel', 'POL-1']);
  expect(status).toBe(1);
  expect(said).toMatch(/expected a Temporal server at 127\.0\.0\.1:\d+, none answered within \d+ s; start one/);
}, 60_000);

test('wrong usage and configuration end with 2, help with 0, and neither needs anything to run', async () => {
  const run = (args: string[], more = {}) => runProcess('chartway', folder, { ...env(), ...more }, args);
  const wrong = [[], ['quarantine'], ['quarantine', 'drop'], ['quarantine', 'replay', 'id', '--all'], ['nothing']];
  for (const args of wrong) expect(await run(args)).toMatchObject({ status: 2, lines: [] });
  expect(await run(['quarantine', 'list'], { POLL_INVITED: 'often' })).toMatchObject({ status: 2 });
  const help = await run(['quarantine', '--help'], { POLL_INVITED: 'often' });
  expect(help.status).toBe(0);
  expect(help.lines.join('\n')).toMatch(/list[\s\S]*show[\s\S]*replay[\s\S]*drop/);
}, 60_000);
