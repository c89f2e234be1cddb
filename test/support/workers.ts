import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { createInternalActivities, createUpstreamActivities } from '../../src/activities';
import { createActivityMetrics } from '../../src/activities/metrics';
import type { RetentionSettings } from '../../src/activities/retention';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import type { Audit } from '../../src/observability/audit';
import type { ReportStore } from '../../src/report-store/port';
import { createApplicantRuns } from '../../src/temporal/notices';
import { createSweepSource } from '../../src/temporal/sweep-source';
import { activityQueues } from '../../src/temporal/workers';
import { manifestDeps, NO_RETENTION } from './activity-deps';
import type { FakeUpstream } from './fake-upstream';
import { WORKFLOW_BUNDLE } from './global-setup';
import { installRuntime } from './runtime';

/** Calls per second: no rate limit. */
const UNLIMITED = 1_000;

/** Starts the workers of a worker process over a fake upstream and a store; returns what stops them. */
export async function startWorkers(options: {
  /** Of the server; or an open connection. */
  readonly address: string | NativeConnection;
  readonly client: Client;
  readonly taskQueue: string;
  readonly upstream: FakeUpstream;
  readonly reportStore: ReportStore;
  readonly refreshForMs?: number;
  readonly dataConverter?: DataConverter;
  /** Default: off. */
  readonly retention?: RetentionSettings;
  /** Default: discarded. */
  readonly audit?: Pick<Audit, 'record'>;
  readonly registry?: Registry;
  readonly interceptors?: NonNullable<WorkerOptions['interceptors']>;
}): Promise<() => Promise<void>> {
  const { address, client, taskQueue, upstream, reportStore, refreshForMs = 30 * DAY_MS } = options;
  const { retention = NO_RETENTION, registry = new Registry(), dataConverter, interceptors } = options;
  installRuntime();
  const connection = typeof address === 'string' ? await NativeConnection.connect({ address }) : address;
  const runs = createApplicantRuns({ client, taskQueue, refreshForMs });
  const internalActivities = createInternalActivities({
    ...manifestDeps(reportStore),
    ...(options.audit && { audit: options.audit }),
    noticeEncryption: NO_ENCRYPTION,
    metrics: createActivityMetrics(registry),
    runs,
    sweepSource: createSweepSource({ client, taskQueue }),
    refreshForMs,
    policy: DEFAULT_POLICY,
    retention,
  });
  const upstreamActivities = createUpstreamActivities({ upstream, reportStore, timeoutMs: 200 });
  const common = { connection, ...(dataConverter && { dataConverter }), ...(interceptors && { interceptors }) };
  const workflowBundle = { codePath: WORKFLOW_BUNDLE };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue, workflowBundle, activities: internalActivities }),
    ...activityQueues(taskQueue, UNLIMITED).map((queue) =>
      Worker.create({ ...common, ...queue, activities: upstreamActivities }),
    ),
  ]);
  const running = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    if (typeof address === 'string') await connection.close();
  };
}
