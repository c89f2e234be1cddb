import { DAY_MS, DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, provider } from '../support/fake-upstream';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TEST_TIMEOUT_MS = 120_000;
const STEP_TIMEOUT_MS = 60_000;

/** Notices do not come: what is known is polled for, every second, and every window is short. */
const POLICY: Policy = {
  ...DEFAULT_POLICY,
  pollMs: {
    ...{ invited: SECOND_MS, engaged: SECOND_MS, syncing: SECOND_MS },
    ...{ attention: SECOND_MS, someSynced: SECOND_MS, disconnected: SECOND_MS },
  },
  settleMs: { allSynced: 3 * SECOND_MS, someSynced: 4 * SECOND_MS, error: 2 * SECOND_MS },
  expiresMs: { invitation: 8 * SECOND_MS, applicant: DAY_MS },
};

const at = (seconds: number, status: string, reports: Change['reports'] = []): Change => ({
  ...{ afterMs: seconds * SECOND_MS, status, reports },
});

/** Every way to end. Each leads there however late it is looked at, for a busy machine is. */
const COURSES: Readonly<Record<string, readonly Change[]>> = {
  collected: [at(1, 'Syncing'), at(2, 'All Synced', provider('A'))],
  several: [at(2, 'All Synced', [...provider('A'), ...provider('B')])],
  partial: [at(2, 'Some Synced', provider('A'))],
  declined: [at(1, 'Engaged'), at(3, 'Declined')],
  failed: [at(2, 'Error', provider('A'))],
  gone: [at(1, 'Engaged'), { afterMs: 3 * SECOND_MS, gone: true }],
  expired: [],
  cancelled: [at(1, 'Syncing')],
};

/** In how little a worker may work. One slot alone the SDK takes only without a cache; with one, two are the fewest. */
const WORKERS = {
  usual: {},
  'cache of two, two slots': { maxCachedWorkflows: 2, maxConcurrentWorkflowTaskExecutions: 2 },
  'no cache, one slot': { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskExecutions: 1 },
};

let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, TEST_TIMEOUT_MS);
afterAll(() => server?.stop(), TEST_TIMEOUT_MS);

/** Lets one applicant of each course live at once on one worker; how each ended, and what is stored. */
async function liveAll(worker: keyof typeof WORKERS): Promise<unknown> {
  const [humanApi, store] = [new FakePeople(), new FakeStore()];
  const taskQueue = worker.replaceAll(/\W+/g, '-');
  await server.startWorkers({ taskQueue, humanApi, store, workflows: WORKERS[worker] });
  const endings = Object.entries(COURSES).map(async ([course, script]) => {
    const clientUserId = `${taskQueue}-${course}`;
    const { people } = humanApi.add(clientUserId, script);
    const applicant = await server.startApplicant(taskQueue, clientUserId, POLICY);
    if (course === 'cancelled') {
      await until('an invitation', STEP_TIMEOUT_MS, () => people.length === 1);
      await applicant.cancel();
    }
    await applicant.result().catch(() => {});
    const { outcome, reason, documents = [], missing } = store.manifests.get(clientUserId) ?? {};
    const files = documents.map(({ file, sha256, superseded }) => ({ file, sha256, superseded }));
    files.sort((a, b) => a.file.localeCompare(b.file));
    const { status } = await applicant.describe();
    return [
      course,
      { status: status.name, outcome, reason, files, missing, left: people.map(({ deleted }) => !deleted) },
    ];
  });
  return Object.fromEntries(await Promise.all(endings));
}

test(
  'a worker with next to no memory and one task at a time brings every course to the end that the usual one brings it to',
  async () => {
    const [usual, ...others] = await Promise.all(
      (Object.keys(WORKERS) as (keyof typeof WORKERS)[]).map((worker) => liveAll(worker)),
    );
    expect(usual).toMatchObject({
      collected: { outcome: 'collected', files: { length: 3 }, left: [true] },
      several: { outcome: 'collected', files: { length: 6 } },
      partial: { outcome: 'partial', files: { length: 3 }, left: [true] },
      declined: { outcome: 'declined', files: [], left: [false] },
      failed: { outcome: 'failed', files: { length: 3 }, left: [false] },
      gone: { outcome: 'cancelled', reason: 'deleted-upstream' },
      expired: { outcome: 'expired', left: [false] },
      cancelled: { status: 'CANCELLED', outcome: 'cancelled', reason: 'operator', left: [false] },
    });
    for (const other of others) expect(other).toEqual(usual);
  },
  TEST_TIMEOUT_MS,
);
