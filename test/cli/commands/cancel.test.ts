import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFound, NotNow } from '../../../src/use-cases/errors';
import { until } from '../../support/condition';
import { FakeStore } from '../../support/fake-store';
import { BY_NOTICES } from '../../support/policies';
import { FakePeople } from '../../workflows/fake-people';
import { useRealServer } from '../../workflows/real-server';
import { applicantView, CLOSED, createFakeFixture, tagged } from './fake-use-cases';
import { wrongUsageError } from './wrong-usage';

const TASK_QUEUE = 'cancel';
const NO_WORKER = 'no worker polls the task queue "unused"';
const CANCELLED = { open: false, stage: 'closed', outcome: 'cancelled' } as const;

const upstream = new FakePeople();
const server = useRealServer();
beforeAll(() => server().startWorkers({ taskQueue: TASK_QUEUE, upstream, store: new FakeStore() }));

/** A fixture with a real Temporal server. The use case `cancel` requests the cancellation from Temporal. */
async function setup(taskQueue = TASK_QUEUE) {
  const stopping = new AbortController();
  const { client } = server();
  const cancel = async (clientUserId: string) => {
    await client.workflow.getHandle(`applicant-${clientUserId}`).cancel();
    return { ...tagged({ clientUserId }), done: 'accepted' as const };
  };
  const show = async (clientUserId: string) => tagged({ clientUserId, ...CANCELLED });
  const context = { temporal: async () => client, taskQueue, signal: stopping.signal };
  return { ...(await createFakeFixture({ cancel, show }, context)), stopping };
}

async function startInvited(clientUserId: string) {
  const personUpstream = upstream.add(clientUserId, []);
  const handle = await server().startApplicant(TASK_QUEUE, clientUserId, BY_NOTICES);
  await until('the invitation', () => personUpstream.people[0]);
  return handle;
}

test('--wait waits until the applicant has closed', async () => {
  const { run, printed, messages, calls } = await setup();
  const handle = await startInvited('POL-1');
  expect(await run('cancel', 'POL-1', '--wait', '--json')).toBe(0);
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(printed()).toEqual([{ ...applicantView(CANCELLED), result: 'cancelled', etag: tagged(CANCELLED).etag }]);
  expect(calls[0]).toEqual(['cancel', 'POL-1', { reasonCode: 'other' }, { who: 'cli:tester' }]);
  expect(messages()).not.toMatch('no worker');
});

test('without --wait and without a worker, requests the cancel, explains what follows, and warns', async () => {
  const { run, messages } = await setup('unused');
  const handle = await server().startApplicant('unused', 'POL-2', BY_NOTICES);
  expect(await run('cancel', 'POL-2')).toBe(0);
  expect(messages()).toMatch('POL-2: cancel requested; the person is withdrawn at Human API, then');
  expect(messages()).toMatch(NO_WORKER);
  await handle.terminate();
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

test.each([
  [
    new NotNow('closed', applicantView(CLOSED)),
    'closed',
    'collected',
    'not cancelled: it has closed already (collected)',
  ],
  [new NotFound('none'), 'unknown', null, 'neither Temporal nor the report store has this applicant'],
] as const)(
  'a closed or unknown applicant: status 1, and how to withdraw the person: case %#',
  async (error, result, outcome, text) => {
    const { run, messages, printed } = await createFakeFixture({ cancel: () => Promise.reject(error) });
    expect(await run('cancel', 'POL-1')).toBe(1);
    expect(messages()).toContain(`POL-1: ${text}`);
    expect(messages()).toContain('chartway -- withdraw POL-1');
    expect(await run('cancel', 'POL-1', '--json')).toBe(1);
    expect(printed()).toMatchObject([{ clientUserId: 'POL-1', result, outcome }]);
  },
);

test('a repeat of a cancel succeeds', async () => {
  const cancel = async () => ({ ...tagged(CANCELLED), done: 'already' as const });
  const { run, messages } = await createFakeFixture({ cancel });
  expect(await run('cancel', 'POL-1')).toBe(0);
  expect(messages()).toContain('POL-1: cancelled; the person is withdrawn');
});

test('reads the note from a file and does not print it; a note that is too long is wrong usage', async () => {
  const cancel = async () => ({ ...tagged(CANCELLED), done: 'already' as const });
  const { run, messages, calls, folder, out } = await createFakeFixture({ cancel });
  const noteFile = join(folder, 'note.txt');
  await writeFile(noteFile, 'Zephyrina called.\n');
  const argv = ['cancel', 'POL-1', '--reason', 'applicant-withdrew', '--note-file'];
  expect(await run(...argv, noteFile, '--json')).toBe(0);
  expect(calls[0]?.[2]).toEqual({ reasonCode: 'applicant-withdrew', note: 'Zephyrina called.' });
  await writeFile(noteFile, 'x'.repeat(501));
  expect(await run(...argv, noteFile)).toBe(2);
  expect(await run(...argv, join(folder, 'Zephyrina'))).toBe(2);
  expect(messages()).toMatch(/a note of 1 to 500 characters, got 501\nexpected a readable file .* got ENOENT/);
  expect(messages() + out.join()).not.toContain('Zephyrina');
  expect(calls).toHaveLength(1);
});

test('an unknown reason is wrong usage', () => {
  expect(wrongUsageError(['cancel', 'POL-1', '--reason', 'robin'])).toMatch(/decision-made, applicant-withdrew/);
});
