import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { createDeliveryActivities, createInternalActivities, createUpstreamActivities } from '../../src/activities';
import type { BatchDeps } from '../../src/activities/batch';
import { createActivityMetrics } from '../../src/activities/metrics';
import type { RetentionSettings } from '../../src/activities/retention';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { openEndpoints } from '../../src/events/endpoints';
import { openEventLogs } from '../../src/events/event-logs';
import type { EventRecorder } from '../../src/events/recorder';
import { createEventSender, type EventSender } from '../../src/events/sender';
import { type EventsSettings, NO_EVENTS as NO_ENDPOINTS } from '../../src/events/settings';
import type { Audit } from '../../src/observability/audit';
import type { ReportStore } from '../../src/report-store/port';
import { createDeliveries } from '../../src/temporal/deliveries';
import { createApplicantRuns } from '../../src/temporal/notices';
import type { Deployment } from '../../src/temporal/settings';
import { reportStuckCalls } from '../../src/temporal/stuck-calls';
import { createSweepSource } from '../../src/temporal/sweep-source';
import { activityQueues, createWorkers } from '../../src/temporal/workers';
import type { Upstream } from '../../src/upstream/port';
import { eventsTaskQueue } from '../../src/workflows/contract';
import { manifestDeps, NO_BATCHES, NO_RETENTION } from './activity-deps';
import { WORKFLOW_BUNDLE } from './global-setup';
import { installRuntime } from './runtime';

/** Calls per second: no rate limit. */
const UNLIMITED = 1_000;
/** The time limit of a call, which becomes part of the waits between calls. */
const UPSTREAM_TIMEOUT_MS = 200;

export interface WorkersOptions {
  /** Of the server; or an open connection. */
  readonly address: string | NativeConnection;
  readonly client: Client;
  readonly taskQueue: string;
  readonly upstream: Upstream;
  readonly reportStore: ReportStore;
  readonly refreshForMs?: number;
  readonly dataConverter?: DataConverter | undefined;
  /** Default: off. */
  readonly retention?: RetentionSettings;
  /** Default: no batch. */
  readonly batches?: BatchDeps['batches'];
  /** Default: discarded. */
  readonly audit?: Pick<Audit, 'record'>;
  /** Default: no endpoint. */
  readonly events?: EventRecorder;
  /** Default: no endpoint. */
  readonly deliveries?: { readonly settings: EventsSettings; readonly sender?: EventSender };
  readonly registry?: Registry;
  readonly maxCallsPerSecond?: number;
  readonly deployment?: Deployment;
  /** SDK options of the workflow worker, or of all workers, which the worker process does not set. Not with a deployment. */
  readonly workflows?: Partial<WorkerOptions> | undefined;
  readonly interceptors?: NonNullable<WorkerOptions['interceptors']>;
}

/** Starts the workers of a worker process; returns what stops them. */
export async function startWorkers(options: WorkersOptions): Promise<() => Promise<void>> {
  const { address } = options;
  installRuntime();
  const connection = typeof address === 'string' ? await NativeConnection.connect({ address }) : address;
  const workers = await createAll(options, connection);
  const running = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    if (typeof address === 'string') await connection.close();
  };
}

async function createAll(
  options: WorkersOptions,
  connection: NativeConnection,
): Promise<readonly { run(): Promise<void>; shutdown(): void }[]> {
  const { client, taskQueue, dataConverter, workflows, interceptors, maxCallsPerSecond = UNLIMITED } = options;
  const { internalActivities, upstreamActivities, deliveryActivities } = createActivities(options);
  if (!workflows && !interceptors) {
    const { deployment = { name: null, buildId: null } } = options;
    const common = { connection, namespace: 'default', client, taskQueue, bundlePath: WORKFLOW_BUNDLE, dataConverter };
    const activities = { internalActivities, upstreamActivities, deliveryActivities };
    return [await createWorkers({ ...common, ...activities, maxCallsPerSecond, deployment })];
  }
  if (options.deployment) throw new Error('expected no deployment of workers with SDK options: they have no version');
  const activity = [reportStuckCalls({ client, taskQueue }), ...(interceptors?.activity ?? [])];
  const common = {
    connection,
    ...(dataConverter && { dataConverter }),
    interceptors: { ...interceptors, activity },
  };
  const workflowBundle = { codePath: WORKFLOW_BUNDLE };
  return Promise.all([
    Worker.create({ ...common, taskQueue, workflowBundle, activities: internalActivities, ...workflows }),
    ...activityQueues(taskQueue, maxCallsPerSecond).map((queue) =>
      Worker.create({ ...common, ...queue, activities: upstreamActivities }),
    ),
    Worker.create({ ...common, taskQueue: eventsTaskQueue(taskQueue), activities: deliveryActivities }),
  ]);
}

function createActivities(options: WorkersOptions) {
  const { client, taskQueue, upstream, reportStore, refreshForMs = 30 * DAY_MS } = options;
  const { retention = NO_RETENTION, registry = new Registry() } = options;
  const logs = openEventLogs(reportStore.shelf, NO_ENCRYPTION);
  const endpoints = openEndpoints(reportStore.shelf);
  const deliveries = createDeliveries({ client, taskQueue });
  const internalActivities = createInternalActivities({
    ...manifestDeps(reportStore),
    ...(options.audit && { audit: options.audit }),
    ...(options.events && { events: options.events }),
    noticeEncryption: NO_ENCRYPTION,
    metrics: createActivityMetrics(registry),
    runs: createApplicantRuns({ client, taskQueue, refreshForMs }),
    sweepSource: createSweepSource({ client, taskQueue }),
    refreshForMs,
    policy: DEFAULT_POLICY,
    retention,
    logs,
    endpoints,
    deliveries,
    batches: options.batches ?? NO_BATCHES,
  });
  const settings = options.deliveries?.settings ?? NO_ENDPOINTS;
  const sender = options.deliveries?.sender ?? createEventSender(settings);
  const { requestEndpoint } = deliveries;
  const deliveryActivities = createDeliveryActivities({ settings, logs, endpoints, sender, requestEndpoint });
  const upstreamActivities = createUpstreamActivities({ upstream, reportStore, timeoutMs: UPSTREAM_TIMEOUT_MS });
  return { internalActivities, upstreamActivities, deliveryActivities };
}
