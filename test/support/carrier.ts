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
import { callQueues } from '../../src/temporal/workers';
import { DIGEST_KEYS } from './fake-store';
import type { FakeUpstream } from './fake-upstream';
import { WORKFLOW_BUNDLE } from './global-setup';
import { noRetention } from './retention';

/** Calls per second: no rate limit. */
const UNLIMITED = 1_000;

/** The workers of a carrier on a real server, over an upstream and a store of the test's own; resolves to what stops them. */
export async function startCarrier(options: {
  readonly address: string;
  readonly client: Client;
  readonly taskQueue: string;
  readonly humanApi: FakeUpstream;
  readonly reportStore: ReportStore;
  readonly refreshForMs: number;
  /** What the worker of the workflows converts by, and the other. */
  readonly dataConverter?: DataConverter;
  /** Nothing is erased by age, unless a test is about it. */
  readonly retention?: RetentionSettings;
}): Promise<() => Promise<void>> {
  const { address, client, taskQueue, humanApi, reportStore, refreshForMs, retention = noRetention() } = options;
  const converting = options.dataConverter && { dataConverter: options.dataConverter };
  installRuntime();
  const connection = await NativeConnection.connect({ address });
  const runs = createApplicantRuns({ client, taskQueue, refreshForMs });
  const inHouse = createInternalActivities({
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
      activities: inHouse,
      ...converting,
    }),
    ...callQueues(taskQueue, UNLIMITED).map((queue) =>
      Worker.create({
        connection,
        ...queue,
        activities: createUpstreamActivities({ upstream: humanApi, reportStore, timeoutMs: 200 }),
        ...converting,
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

/** Once a process; what the SDK says of each start and stop, and of tasks that are to fail, would fill the screen. */
function installRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}
