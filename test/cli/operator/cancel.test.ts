import { readCommandLine } from '../../../src/cli/operator/command-line';
import { runOperator } from '../../../src/cli/operator/run';
import { until } from '../../support/condition';
import { FakeStore } from '../../support/fake-store';
import { BY_NOTICES } from '../../support/policies';
import { FakePeople } from '../../workflows/fake-people';
import { RealServer } from '../../workflows/real-server';
import { operatorOf } from './fixture';

const TASK_QUEUE = 'cancel';
const UNATTENDED = 'no worker takes work from the task queue "nobody"';
const TIMEOUT_MS = 60_000;

const humanApi = new FakePeople();
let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
  await server.startWorkers({ taskQueue: TASK_QUEUE, humanApi, store: new FakeStore() });
}, TIMEOUT_MS);
afterAll(() => server?.stop(), TIMEOUT_MS);

async function setup(taskQueue = TASK_QUEUE) {
  const stopping = new AbortController();
  const { client } = server;
  const fixture = await operatorOf({ temporal: async () => client, taskQueue, signal: stopping.signal });
  const run = (...argv: string[]) => {
    const { act, json } = readCommandLine(argv);
    fixture.out.length = 0;
    return runOperator(act, { ...fixture.operator, json });
  };
  return { ...fixture, run, stopping, printed: () => fixture.out.map((line) => JSON.parse(line)) };
}

async function invited(clientUserId: string) {
  const upstream = humanApi.add(clientUserId, []);
  const handle = await server.startApplicant(TASK_QUEUE, clientUserId, BY_NOTICES);
  await until('an invitation', TIMEOUT_MS, () => upstream.people[0]);
  return { upstream, handle };
}

test(
  'an open applicant is withdrawn and closes as cancelled; a second cancel is told of the first',
  async () => {
    const { run, printed, said, audited } = await setup();
    const { upstream, handle } = await invited('POL-1');
    expect(await run('cancel', 'POL-1', '--wait', '--json')).toBe(0);
    expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'cancelled', outcome: 'cancelled' }]);
    expect(upstream.people).toMatchObject([{ deleted: true }]);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(audited).toEqual([{ who: 'cli:tester', did: 'cancel', clientUserId: 'POL-1' }]);
    expect(said()).not.toMatch('no worker');
    expect(await run('cancel', 'POL-1')).toBe(1);
    expect(said()).toMatch('POL-1: not cancelled, for it is closed already (cancelled)');
    expect(await run('cancel', 'POL-1', '--json')).toBe(1);
    expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'closed', outcome: 'cancelled' }]);
  },
  TIMEOUT_MS,
);

test(
  'without --wait the request is made, and what follows is said',
  async () => {
    const { run, said } = await setup();
    const { upstream, handle } = await invited('POL-2');
    expect(await run('cancel', 'POL-2')).toBe(0);
    expect(said()).toMatch('POL-2: the cancel is requested; the person is withdrawn at Human API, then');
    await expect(handle.result()).rejects.toThrow();
    expect(upstream.people).toMatchObject([{ deleted: true }]);
  },
  TIMEOUT_MS,
);

test('an applicant whom Temporal does not know is told, with what can be done', async () => {
  const { run, said, printed } = await setup();
  expect(await run('cancel', 'POL-404')).toBe(1);
  expect(said()).toMatch('POL-404: Temporal knows no such applicant');
  expect(said()).toMatch('chartway -- withdraw POL-404');
  expect(await run('cancel', 'POL-404', '--json')).toBe(1);
  expect(printed()).toEqual([{ clientUserId: 'POL-404', result: 'unknown', outcome: null }]);
});

test('what cannot be recorded is not done', async () => {
  const { operator } = await setup();
  const { handle } = await invited('POL-3');
  const audit = async () => ({ record: () => Promise.reject(new Error('disk full')) });
  const { act } = readCommandLine(['cancel', 'POL-3']);
  await expect(runOperator(act, { ...operator, audit })).rejects.toThrow('disk full');
  const { events } = await handle.fetchHistory();
  expect(events?.some(({ workflowExecutionCancelRequestedEventAttributes: asked }) => asked)).toBe(false);
  await handle.terminate();
});

test.each([[['sweep']], [['withdraw', 'POL-9']]])(
  'where no worker is there, who waits for %j is told so at once, and can stop waiting',
  async (argv) => {
    const { run, said, stopping } = await setup('nobody');
    const running = run(...argv);
    await until('word of it', TIMEOUT_MS, () => said().includes(UNATTENDED));
    stopping.abort();
    expect(await running).toBe(130);
  },
  TIMEOUT_MS,
);

test('a cancel where no worker is there is requested, and who asked for it is told', async () => {
  const { run, said } = await setup('nobody');
  const handle = await server.startApplicant('nobody', 'POL-10', BY_NOTICES);
  expect(await run('cancel', 'POL-10')).toBe(0);
  expect(said()).toMatch(UNATTENDED);
  const { events } = await handle.fetchHistory();
  expect(events?.some(({ workflowExecutionCancelRequestedEventAttributes: asked }) => asked)).toBe(true);
  await handle.terminate();
});
