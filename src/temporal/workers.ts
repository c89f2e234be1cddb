import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Logger } from '../observability/log';
import { sdkLogger } from '../observability/sdk-log';
import { upstreamTaskQueue } from '../workflows/contract';
import type { Deployment } from './deployment';

/** What the two workers of a process are made of. */
export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** The workflow code, bundled by the build. */
  readonly bundlePath: string;
  readonly localActivities: object;
  readonly upstreamActivities: object;
  readonly deployment: Deployment;
  /** The cap that the server puts on the upstream queue, for the whole fleet. */
  readonly maxCallsPerSecond: number;
}

/** How long activities in flight may go on after the drain began; what is cut off is retried by another worker. */
const DRAIN_MS = 5_000;
const FORCE_AFTER_MS = 20_000;
/** A drain that takes longer has failed. */
export const DRAINED_AFTER_MS = FORCE_AFTER_MS + 5_000;
/** Waits at upstream cost no CPU; more than this would only wait for the rate limit. */
const UPSTREAM_CALLS_AT_ONCE = 100;

/** Once per process, before anything of Temporal's: its log lines go through ours, and signals are left to our own drain. */
export function installRuntime(log: Logger): void {
  Runtime.install({
    logger: sdkLogger(log),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
}

/** Two workers: the workflows with what is local to us, and the activities that call upstream on their rate-capped queue. */
export async function createWorkers(options: WorkersOptions): Promise<{ run(): Promise<void>; shutdown(): void }> {
  const { connection, namespace, taskQueue } = options;
  const version = await versionOf(options);
  const common = { connection, namespace, ...version, shutdownGraceTime: DRAIN_MS, shutdownForceTime: FORCE_AFTER_MS };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle: { codePath: options.bundlePath },
      activities: options.localActivities,
    }),
    Worker.create({
      ...common,
      taskQueue: upstreamTaskQueue(taskQueue),
      activities: options.upstreamActivities,
      maxTaskQueueActivitiesPerSecond: options.maxCallsPerSecond,
      maxConcurrentActivityTaskExecutions: UPSTREAM_CALLS_AT_ONCE,
    }),
  ]);
  return {
    async run() {
      await Promise.all(workers.map((worker) => worker.run()));
    },
    shutdown() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

/** In a deployment, an applicant goes on with the code that is current: decision 0017. */
async function versionOf({ deployment, bundlePath }: WorkersOptions) {
  const buildId = deployment.buildId ?? (await buildIdOf(bundlePath));
  if (deployment.name === null) return { buildId };
  return {
    workerDeploymentOptions: {
      version: { deploymentName: deployment.name, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  } as const;
}

/** Which workflow code a worker runs. The SDK's own is 90 characters long and stands in every workflow task of every history. */
async function buildIdOf(bundlePath: string): Promise<string> {
  const bundle = await readFile(bundlePath);
  return createHash('sha256').update(bundle).digest('hex').slice(0, 12);
}
