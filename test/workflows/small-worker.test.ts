import { DAY_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, provider } from '../support/fake-upstream';
import { fastPolls } from '../support/policies';
import { FakePeople } from './fake-people';
import { useRealServer } from './real-server';

const server = useRealServer();

/** Polls every second, without notices; every window is short. */
const POLICY: Policy = {
  ...fastPolls(SECOND_MS),
  settleMs: { allSynced: 3 * SECOND_MS, someSynced: 4 * SECOND_MS, error: 2 * SECOND_MS },
  expiresMs: { invitation: 8 * SECOND_MS, applicant: DAY_MS },
};

const at = (seconds: number, status: string, reports: Change['reports'] = []): Change => ({
  afterMs: seconds * SECOND_MS,
  status,
  reports,
});

/** Every outcome; a late poll does not change it. */
const SCRIPTS: Readonly<Record<string, readonly Change[]>> = {
  collected: [at(1, 'Syncing'), at(2, 'All Synced', provider('A'))],
  several: [at(2, 'All Synced', [...provider('A'), ...provider('B')])],
  partial: [at(2, 'Some Synced', provider('A'))],
  declined: [at(1, 'Engaged'), at(3, 'Declined')],
  failed: [at(2, 'Error', provider('A'))],
  gone: [at(1, 'Engaged'), { afterMs: 3 * SECOND_MS, gone: true }],
  expired: [],
  cancelled: [at(1, 'Syncing')],
};

/** The SDK accepts a single slot only without a cache. */
const WORKERS = {
  usual: undefined,
  'cache of two, two slots': { maxCachedWorkflows: 2, maxConcurrentWorkflowTaskExecutions: 2 },
  'no cache, one slot': { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskExecutions: 1 },
};

/** Runs one applicant of each script at once on one worker; returns their ends and what is stored. */
async function runAll(worker: keyof typeof WORKERS): Promise<unknown> {
  const [upstream, store] = [new FakePeople(), new FakeStore()];
  const taskQueue = worker.replaceAll(/\W+/g, '-');
  await server().startWorkers({ taskQueue, upstream, store, workflows: WORKERS[worker] });
  const ends = Object.entries(SCRIPTS).map(async ([name, script]) => {
    const clientUserId = `${taskQueue}-${name}`;
    const { people } = upstream.add(clientUserId, script);
    const applicant = await server().startApplicant(taskQueue, clientUserId, POLICY);
    if (name === 'cancelled') {
      await until('an invitation', () => people.length === 1);
      await applicant.cancel();
    }
    await applicant.result().catch(() => {});
    const { outcome, reason, documents = [], missing } = store.manifests.get(clientUserId) ?? {};
    const files = documents.map(({ file, sha256, superseded }) => ({ file, sha256, superseded }));
    files.sort((a, b) => a.file.localeCompare(b.file));
    const { status } = await applicant.describe();
    return [
      name,
      { status: status.name, outcome, reason, files, missing, remaining: people.map(({ deleted }) => !deleted) },
    ];
  });
  return Object.fromEntries(await Promise.all(ends));
}

test('a worker with a small cache and few slots brings every script to the same end as the usual worker', async () => {
  const [usual, ...others] = await Promise.all(
    (Object.keys(WORKERS) as (keyof typeof WORKERS)[]).map((worker) => runAll(worker)),
  );
  expect(usual).toMatchObject({
    collected: { outcome: 'collected', files: { length: 3 }, remaining: [true] },
    several: { outcome: 'collected', files: { length: 6 } },
    partial: { outcome: 'partial', files: { length: 3 }, remaining: [true] },
    declined: { outcome: 'declined', files: [], remaining: [false] },
    failed: { outcome: 'failed', files: { length: 3 }, remaining: [false] },
    gone: { outcome: 'cancelled', reason: 'deleted-upstream' },
    expired: { outcome: 'expired', remaining: [false] },
    cancelled: { status: 'CANCELLED', outcome: 'cancelled', reason: 'operator', remaining: [false] },
  });
  for (const other of others) expect(other).toEqual(usual);
});
