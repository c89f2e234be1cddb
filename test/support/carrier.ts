import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { createInternalActivities, createUpstreamActivities } from '../../src/activities';
import { createMailboxMetrics } from '../../src/activities/mailbox';
import type { RetentionSettings } from '../../src/activities/retention';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import type { ReportStore } from '../../src/report-store/port';
import { createApplicantRuns } from '../../src/temporal/notices';
import { createSweepSource } from '../../src/temporal/sweep-source';
import { activityQueues } from '../../src/temporal/workers';
import { DIGEST_KEYS } from './fake-store';
import type { FakeUpstream } from './fake-upstream';
import { WORKFLOW_BUNDLE } from './global-setup';
import { noRetention } from './retention';

/** Calls per second: no rate limit. */
const UNLIMITED = 1_000;

/** Starts the workers of a carrier on a real server, with the test's upstream and store; resolves to a function that stops them. */
export async function startCarrier(options: {
  readonly address: string;
  readonly client: Client;
  readonly taskQueue: string;
  readonly humanApi: FakeUpstream;
  readonly reportStore: ReportStore;
  readonly refreshForMs: number;
  readonly dataConverter?: DataConverter;
  /** By default, nothing is erased by age. */
  readonly retention?: RetentionSettings;
}): Promise<() => Promise<void>> {
  const { address, client, taskQueue, humanApi, reportStore, refreshForMs, retention = noRetention() } = options;
  const converter = options.dataConverter && { dataConverter: options.dataConverter };
  installRuntime();
  const connection = await NativeConnection.connect({ address });
  const runs = createApplicantRuns({ client, taskQueue, refreshForMs });
  const internalActivities = createInternalActivities({
    reportStore,
    digestKeys: DIGEST_KEYS,
    seal: null,
    mailboxMetrics: createMailboxMetrics(new Registry()),
    directory: runs,
    runs,
    sweepSource: createSweepSource({ client, taskQueue }),
    refreshForMs,
    policy: DEFAULT_POLICY,
    retention,
  });
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue,
      workflowBundle: { codePath: WORKFLOW_BUNDLE },
      activities: internalActivities,
      ...converter,
    }),
    ...activityQueues(taskQueue, UNLIMITED).map((queue) =>
      Worker.create({
        connection,
        ...queue,
        activities: createUpstreamActivities({ upstream: humanApi, reportStore, timeoutMs: 200 }),
        ...converter,
      }),
    ),
  ]);
  const running = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  };
}

let installed = false;

/** Once per process. The SDK would log each start and stop, and each task that fails on purpose. */
function installRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}
