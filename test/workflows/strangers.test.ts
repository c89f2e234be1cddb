import { Registry } from 'prom-client';
import { createMailboxActivities, createMailboxMetrics } from '../../src/activities/mailbox';
import { DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { createApplicantRuns, createNoticeSender } from '../../src/temporal/notices';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TASK_QUEUE = 'strangers';
/** Upstream is asked for each of them once in the first seconds: half a minute's worth of calls. */
const STRANGERS = 300;
const CALLS_PER_SECOND = 10;
/** Measured: 118 with the priorities, 573 without them. Those already handed out, and what is left of the rate, go on meanwhile. */
const ASKED_MEANWHILE = STRANGERS;
const TIMEOUT_MS = 120_000;

let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, TIMEOUT_MS);
afterAll(() => server?.stop(), TIMEOUT_MS);

/** Mailboxes of people whom nobody knows, and a worker that has to find that out. */
async function setup() {
  const [humanApi, store] = [new FakePeople(), new FakeStore()];
  const deps = { client: server.client, taskQueue: TASK_QUEUE, refreshForMs: 60_000 };
  const sender = createNoticeSender(deps);
  const asked = jest.spyOn(humanApi, 'readStatus');
  const inHouseActivities = createMailboxActivities({
    ...{
      directory: createApplicantRuns(deps),
      reportStore: store,
      seal: null,
      mailboxMetrics: createMailboxMetrics(new Registry()),
    },
  });
  await server.startWorkers({
    taskQueue: TASK_QUEUE,
    humanApi,
    store,
    inHouseActivities,
    maxCallsPerSecond: CALLS_PER_SECOND,
  });
  return { humanApi, sender, asked };
}

test(
  'report notices of people whom nobody knows hold up no applicant',
  async () => {
    const { humanApi, sender, asked } = await setup();
    await Promise.all(
      Array.from({ length: STRANGERS }, (_, at) =>
        sender.send(
          { kind: 'report', humanId: `stranger-${at}`, reportId: 'r', type: null, updatedAt: null },
          null,
          `request-${at}`,
        ),
      ),
    );
    await until('the first to be asked for', TIMEOUT_MS, () => asked.mock.calls.length > 0);
    const policy: Policy = {
      ...BY_NOTICES,
      pollMs: { ...DEFAULT_POLICY.pollMs },
      settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: SECOND_MS },
      wanted: { ccdraw: ['pdf'] },
    };
    const upstream = humanApi.add('POL-1', [{ afterMs: 0, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] }]);
    const applicant = await server.startApplicant(TASK_QUEUE, 'POL-1', policy);
    const { humanId } = await until('an invitation', TIMEOUT_MS, () => upstream.people[0]);
    const updatedAt = new Date().toISOString();
    await sender.send(
      { kind: 'status', clientUserId: 'POL-1', humanId, status: 'All Synced', updatedAt },
      null,
      'all-synced',
    );
    expect(await applicant.result()).toEqual({ outcome: 'collected', reason: null, documents: 1 });
    const strangers = asked.mock.calls.filter(([id]) => id.startsWith('stranger-')).length;
    expect(strangers).toBeLessThan(ASKED_MEANWHILE);
  },
  TIMEOUT_MS,
);
