import { Registry } from 'prom-client';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { serveDuePollMetric } from '../../src/temporal/task-queues';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TASK_QUEUE = 'crowd';
const CROWD = Array.from({ length: 100 }, (_, at) => `POL-${at}`);
const BATCH = Array.from({ length: 60 }, (_, at) => `ROW-${at}`);
const CALLS_A_SECOND = 10;
const DEADLINE_MS = 4 * SECOND_MS;
const TASK_TIMEOUT_MS = 10_000;
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 120_000;

/** Ten times as many polls are due as the rate lets through. */
const CROWD_POLICY: Policy = { ...DEFAULT_POLICY, pollMs: { ...DEFAULT_POLICY.pollMs, invited: SECOND_MS } };
const POLICY: Policy = { ...DEFAULT_POLICY, expiresMs: { invitation: DEADLINE_MS, applicant: DEADLINE_MS } };

const humanApi = new FakePeople();
let server: RealServer;

beforeAll(async () => {
  server = await RealServer.start();
  await server.startWorkers({
    taskQueue: TASK_QUEUE,
    humanApi,
    store: new FakeStore(),
    maxCallsPerSecond: CALLS_A_SECOND,
  });
  for (const id of [...CROWD, ...BATCH, 'LATE-1']) humanApi.add(id, []);
  for (const id of CROWD) await server.startApplicant(TASK_QUEUE, id, CROWD_POLICY);
  await until('everyone to be invited', STEP_TIMEOUT_MS, () => CROWD.every(isInvited));
}, TEST_TIMEOUT_MS);
afterAll(() => server?.stop(), STEP_TIMEOUT_MS);

function isInvited(id: string): boolean {
  return humanApi.upstreamOf(id).count('invite') > 0;
}

/** How often the crowd has been asked for. */
function polls(): number {
  return CROWD.reduce((sum, id) => sum + humanApi.upstreamOf(id).count('readStatus'), 0);
}

/** The metric as a worker with this task queue serves it. */
async function scrape(taskQueue: string): Promise<number | undefined> {
  const registry = new Registry();
  serveDuePollMetric(registry, { client: server.client, taskQueue });
  const metric = await registry.getSingleMetric('chartway_oldest_due_poll_age_seconds')?.get();
  return metric?.values[0]?.value;
}

test(
  'the age of the oldest due poll shows how late polls are',
  async () => {
    const age = await until('polls to be a cadence late', STEP_TIMEOUT_MS, async () => {
      const seconds = await scrape(TASK_QUEUE);
      return seconds !== undefined && seconds > 2 && seconds;
    });
    // Each of the crowd waits for all others.
    expect(age).toBeLessThan(100);
    expect(await scrape('idle')).toBe(0);
  },
  TEST_TIMEOUT_MS,
);

test(
  'a deadline acts on time behind a full queue of polls and a batch',
  async () => {
    const applicant = await server.startApplicant(TASK_QUEUE, 'LATE-1', POLICY);
    await until('the invitation', STEP_TIMEOUT_MS, () => isInvited('LATE-1'));
    for (const id of BATCH) await server.startApplicant(TASK_QUEUE, id, CROWD_POLICY, TASK_TIMEOUT_MS, { batch: true });
    const [{ invitedAtMs } = { invitedAtMs: Number.NaN }] = humanApi.upstreamOf('LATE-1').people;
    await until('the deadline', STEP_TIMEOUT_MS, () => Date.now() >= invitedAtMs + DEADLINE_MS);
    const pollsBefore = polls();
    expect(await applicant.result()).toMatchObject({ outcome: 'expired', reason: 'invitation-expired' });
    // The read and the withdrawal take a second or two. A poll would wait until each of the crowd had been asked for.
    expect(polls() - pollsBefore).toBeLessThan(CROWD.length / 2);
  },
  TEST_TIMEOUT_MS,
);
