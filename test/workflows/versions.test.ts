import { NativeConnection } from '@temporalio/worker';
import { createInvitationActivities } from '../../src/activities/invitation';
import { createManifestActivities } from '../../src/activities/manifests';
import { createPersonActivities } from '../../src/activities/person';
import { createReportActivities } from '../../src/activities/reports';
import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import { DEFAULT_POLICY, SECOND_MS } from '../../src/domain/policy';
import { createWorkers } from '../../src/temporal/workers';
import { applicantWorkflowId, COLLECT_RECORDS } from '../../src/workflows/contract';
import { manifestDeps } from '../support/activity-deps';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, provider } from '../support/fake-upstream';
import { WORKFLOW_BUNDLE } from '../support/global-setup';
import { installRuntime } from '../support/runtime';
import { useTemporalServer } from '../support/temporal-server';

const DEPLOYMENT = 'chartway';
const TASK_QUEUE = 'versions';
const APPLICANTS_PER_VERSION = 10;
const POLICY = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, invited: SECOND_MS },
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: 3 * SECOND_MS },
};

const temporal = useTemporalServer();

test('two worker versions at once bring every applicant to the same end while the current version changes', async () => {
  installRuntime();
  const { client, address } = temporal();
  const native = await NativeConnection.connect({ address });
  const upstream = new FakeUpstream([{ afterMs: 4 * SECOND_MS, status: 'All Synced', reports: provider('A') }]);
  const reportStore = new FakeStore();
  const deps = { ...manifestDeps(reportStore), upstream, timeoutMs: 1_000 };
  const work = (buildId: string) =>
    createWorkers({
      ...{ connection: native, namespace: 'default', taskQueue: TASK_QUEUE, bundlePath: WORKFLOW_BUNDLE },
      deployment: { name: DEPLOYMENT, buildId },
      internalActivities: createManifestActivities(deps),
      upstreamActivities: {
        ...createInvitationActivities(deps),
        ...createPersonActivities(deps),
        ...createReportActivities(deps),
        ...createWithdrawalActivities(deps),
      },
      maxCallsPerSecond: 200,
    });
  const makeCurrent = (buildId: string) =>
    until(`version ${buildId} to be current`, async () =>
      client.workflowService
        .setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName: DEPLOYMENT, buildId })
        .then(() => true)
        .catch(() => false),
    );
  const start = (clientUserId: string) =>
    client.workflow.start(COLLECT_RECORDS, {
      args: [
        {
          details: { clientUserId, clientUserEmail: `${clientUserId}@example.org` },
          detailsDigest: 'd',
          policy: POLICY,
        },
      ],
      ...{ taskQueue: TASK_QUEUE, workflowId: applicantWorkflowId(clientUserId) },
    });
  const startSome = (prefix: string) =>
    Promise.all(Array.from({ length: APPLICANTS_PER_VERSION }, (_, index) => start(`${prefix}-${index}`)));
  const versions = [await work('one'), await work('two')];
  const running = versions.map((workers) => workers.run());

  await makeCurrent('one');
  const early = await startSome('early');
  await until('the first to be invited', () => upstream.people.length === APPLICANTS_PER_VERSION);
  await makeCurrent('two');
  const all = [...early, ...(await startSome('late'))];
  for (const applicant of all) {
    expect(await applicant.result()).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  }
  expect(upstream.people).toHaveLength(2 * APPLICANTS_PER_VERSION);
  const [first] = early;
  const { events } = (await first?.fetchHistory()) ?? {};
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: task }) => task?.deploymentVersion?.buildId ?? [],
  );
  expect([...new Set(builds)]).toEqual(['one', 'two']);

  for (const workers of versions) workers.shutdown();
  await Promise.all(running);
  await native.close();
});
