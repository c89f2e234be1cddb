import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { People } from './people';
import { RealServer } from './real-server';

const CROWD = 60;
const BATCH = 60;
const CALLS_A_SECOND = 10;
const DEADLINE_MS = 4 * SECOND_MS;
const TASK_TIMEOUT_MS = 10_000;
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 120_000;

/** Six times as many polls are due as the rate lets through. */
const CROWD_POLICY: Policy = { ...DEFAULT_POLICY, pollMs: { ...DEFAULT_POLICY.pollMs, invited: SECOND_MS } };
const POLICY: Policy = { ...DEFAULT_POLICY, expiresMs: { invitation: DEADLINE_MS, applicant: DEADLINE_MS } };

let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, STEP_TIMEOUT_MS);
afterAll(() => server?.stop(), STEP_TIMEOUT_MS);

test(
  'a deadline acts on time behind a full queue of polls and a batch',
  async () => {
    const [humanApi, store] = [new People(), new FakeStore()];
    await server.work({ taskQueue: 'crowd', humanApi, store, maxCallsPerSecond: CALLS_A_SECOND });
    const crowd = Array.from({ length: CROWD }, (_, at) => `POL-${at}`);
    const batch = Array.from({ length: BATCH }, (_, at) => `ROW-${at}`);
    for (const id of [...crowd, ...batch, 'LATE-1']) humanApi.add(id, []);
    for (const id of crowd) await server.begin('crowd', id, CROWD_POLICY);
    const isInvited = (id: string) => humanApi.life(id).count('invite') > 0;
    await until('everyone to be invited', STEP_TIMEOUT_MS, () => crowd.every(isInvited));

    const applicant = await server.begin('crowd', 'LATE-1', POLICY);
    await until('the invitation', STEP_TIMEOUT_MS, () => isInvited('LATE-1'));
    for (const id of batch) await server.begin('crowd', id, CROWD_POLICY, TASK_TIMEOUT_MS, { batch: true });
    const [{ invitedAtMs } = { invitedAtMs: Number.NaN }] = humanApi.life('LATE-1').people;
    await until('the deadline', STEP_TIMEOUT_MS, () => Date.now() >= invitedAtMs + DEADLINE_MS);

    const callsBefore = humanApi.calls.length;
    expect(await applicant.result()).toMatchObject({ outcome: 'expired', reason: 'invitation-expired' });
    // The read and the withdrawal, and what the others called in the seconds that these took: not the crowd, once around.
    expect(humanApi.calls.length - callsBefore).toBeLessThan(CROWD / 2);
  },
  TEST_TIMEOUT_MS,
);
