import { DEFAULT_POLICY, SECOND_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, provider } from '../support/fake-upstream';
import { useRealServer } from './real-server';

const DEPLOYMENT = 'chartway';
const TASK_QUEUE = 'versions';
const APPLICANTS_PER_VERSION = 10;
const POLICY = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, invited: SECOND_MS },
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: 3 * SECOND_MS },
};

const server = useRealServer();

test('two worker versions at once bring every applicant to the same end while the current version changes', async () => {
  const { workflowService } = server().client;
  const upstream = new FakeUpstream([{ afterMs: 4 * SECOND_MS, status: 'All Synced', reports: provider('A') }]);
  const store = new FakeStore();
  for (const buildId of ['one', 'two']) {
    const deployment = { name: DEPLOYMENT, buildId };
    await server().startWorkers({ taskQueue: TASK_QUEUE, upstream, store, deployment });
  }
  const makeCurrent = (buildId: string) =>
    until(`version ${buildId} to be current`, async () =>
      workflowService
        .setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName: DEPLOYMENT, buildId })
        .then(() => true)
        .catch(() => false),
    );
  const startSome = (prefix: string) =>
    Promise.all(
      Array.from({ length: APPLICANTS_PER_VERSION }, (_, index) =>
        server().startApplicant(TASK_QUEUE, `${prefix}-${index}`, POLICY),
      ),
    );

  await makeCurrent('one');
  const early = await startSome('early');
  await until('the first to be invited', () => upstream.people.length === APPLICANTS_PER_VERSION);
  await makeCurrent('two');
  for (const applicant of [...early, ...(await startSome('late'))]) {
    expect(await applicant.result()).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  }
  expect(upstream.people).toHaveLength(2 * APPLICANTS_PER_VERSION);
  const { events } = (await early[0]?.fetchHistory()) ?? {};
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: task }) => task?.deploymentVersion?.buildId ?? [],
  );
  expect([...new Set(builds)]).toEqual(['one', 'two']);
});
