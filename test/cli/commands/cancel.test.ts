import { until } from '../../support/condition';
import { FakeStore } from '../../support/fake-store';
import { BY_NOTICES } from '../../support/policies';
import { FakePeople } from '../../workflows/fake-people';
import { useRealServer } from '../../workflows/real-server';
import { createFixture } from './fixture';

const TASK_QUEUE = 'cancel';
const NO_WORKER = 'no worker polls the task queue "unused"';

const upstream = new FakePeople();
const server = useRealServer();
beforeAll(() => server().startWorkers({ taskQueue: TASK_QUEUE, upstream, store: new FakeStore() }));

async function setup(taskQueue = TASK_QUEUE) {
  const stopping = new AbortController();
  const { client } = server();
  const fixture = await createFixture({ temporal: async () => client, taskQueue, signal: stopping.signal });
  return { ...fixture, stopping };
}

async function startInvited(clientUserId: string) {
  const personUpstream = upstream.add(clientUserId, []);
  const handle = await server().startApplicant(TASK_QUEUE, clientUserId, BY_NOTICES);
  await until('the invitation', () => personUpstream.people[0]);
  return { personUpstream, handle };
}

test('withdraws an open applicant, which closes as cancelled; a second cancel reports that', async () => {
  const { run, printed, messages, audited } = await setup();
  const { personUpstream, handle } = await startInvited('POL-1');
  expect(await run('cancel', 'POL-1', '--wait', '--json')).toBe(0);
  expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'cancelled', outcome: 'cancelled' }]);
  expect(personUpstream.people).toMatchObject([{ deleted: true }]);
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(audited).toEqual([{ who: 'cli:tester', did: 'cancel', clientUserId: 'POL-1' }]);
  expect(messages()).not.toMatch('no worker');
  expect(await run('cancel', 'POL-1')).toBe(1);
  expect(messages()).toMatch('POL-1: not cancelled: it has closed already (cancelled)');
  expect(await run('cancel', 'POL-1', '--json')).toBe(1);
  expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'closed', outcome: 'cancelled' }]);
});

test('without --wait, requests the cancel and explains what follows', async () => {
  const { run, messages } = await setup();
  const { personUpstream, handle } = await startInvited('POL-2');
  expect(await run('cancel', 'POL-2')).toBe(0);
  expect(messages()).toMatch('POL-2: cancel requested; the person is withdrawn at Human API, then');
  await expect(handle.result()).rejects.toThrow();
  expect(personUpstream.people).toMatchObject([{ deleted: true }]);
});

test('reports an applicant that Temporal does not have, and what to do', async () => {
  const { run, messages, printed } = await setup();
  expect(await run('cancel', 'POL-404')).toBe(1);
  expect(messages()).toMatch('POL-404: Temporal has no such applicant');
  expect(messages()).toMatch('chartway -- withdraw POL-404');
  expect(await run('cancel', 'POL-404', '--json')).toBe(1);
  expect(printed()).toEqual([{ clientUserId: 'POL-404', result: 'unknown', outcome: null }]);
});

test.each([[['sweep']], [['withdraw', 'POL-9']]])(
  'without a worker, %j warns at once, and the user can stop the wait',
  async (argv) => {
    const { run, messages, stopping } = await setup('unused');
    const running = run(...argv);
    await until('the warning', () => messages().includes(NO_WORKER));
    stopping.abort();
    expect(await running).toBe(130);
  },
);

test('without a worker, requests the cancel and warns', async () => {
  const { run, messages } = await setup('unused');
  const handle = await server().startApplicant('unused', 'POL-10', BY_NOTICES);
  expect(await run('cancel', 'POL-10')).toBe(0);
  expect(messages()).toMatch(NO_WORKER);
  const { events } = await handle.fetchHistory();
  expect(events?.some(({ workflowExecutionCancelRequestedEventAttributes: request }) => request)).toBe(true);
  await handle.terminate();
});
