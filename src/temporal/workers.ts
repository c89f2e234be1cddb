import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { type ActivityInterceptorsFactory, type NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { isUndecodable } from '../domain/encryption';
import type { Logger } from '../observability/log';
import { sdkLogger } from '../observability/sdk-log';
import { downloadTaskQueue, turnTaskQueue, upstreamTaskQueue } from '../workflows/contract';
import type { Deployment } from './deployment';
import { PLAIN_FAILURES } from './failure-converter';

/** What the workers of a process are made of. */
export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** The workflow code, bundled by the build. */
  readonly bundlePath: string;
  readonly inHouseActivities: object;
  readonly upstreamActivities: object;
  readonly deployment: Deployment;
  /** None: nothing is encrypted. */
  readonly dataConverter?: DataConverter | undefined;
  /** Calls to Human API per second, of the whole fleet: the server caps the task queues by it. */
  readonly maxCallsPerSecond: number;
}

/** How long activities in flight may go on after the drain began; what is cut off is retried by another worker. */
const DRAIN_MS = 5_000;
const FORCE_AFTER_MS = 20_000;
/** A drain that takes longer has failed. */
export const DRAINED_AFTER_MS = FORCE_AFTER_MS + 5_000;
/** Waits at upstream cost no CPU; more than this would only wait for the rate limit. */
const UPSTREAM_SLOTS = 100;
/** Half of the connections to the data host: the lists of reports need the others. */
const DOWNLOAD_SLOTS = 50;
/** A turn does nothing and takes no time: one is enough, two keep the queue going while one is answered. */
const TURN_SLOTS = 2;
/** Requests that wait at the server for a task. More of them changed nothing on two cores (measured); a turn is taken in milliseconds. */
const CALL_POLLS = 5;
const TURN_POLLS = 1;
/** Of the calls per second. An applicant whose reports come has about three downloads among ten calls, one who is only polled has none. */
const DOWNLOAD_SHARE = 1 / 4;
/** An invitation makes three calls at most, so that these leave half of the rate to everything else. */
const BATCH_SHARE = 1 / 6;
/** A look-up makes one call. Made-up notices cause most of them. */
const LOOKUP_SHARE = 1 / 10;
/**
 * How long one activation of a workflow may take. Where it takes longer the SDK cuts it off, and Node does not survive that: the process ends with
 * "async hook stack has become corrupted" (sdk-typescript issue 939), and with it everybody's. By default it is 5 s, which thousands of signals to one
 * applicant take on a busy machine. The option is not in the SDK's public type.
 */
const LONG_ACTIVATIONS = { isolateExecutionTimeout: 60_000 };

/** Once per process, before anything of Temporal's: its log lines go through ours, and signals are left to our own drain. */
export function installRuntime(log: Logger): void {
  Runtime.install({
    logger: sdkLogger(log),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
}

/** A worker for the workflows with what is done in house, and one for each task queue of {@link callQueues}. */
export async function createWorkers(options: WorkersOptions): Promise<{ run(): Promise<void>; shutdown(): void }> {
  const { connection, namespace, taskQueue, dataConverter } = options;
  const bundle = await readFile(options.bundlePath, 'utf8');
  const common = {
    ...{ connection, namespace, ...versionOf(options.deployment, bundle) },
    ...{ shutdownGraceTime: DRAIN_MS, shutdownForceTime: FORCE_AFTER_MS },
    ...(dataConverter && { dataConverter }),
    interceptors: { activity: [refuseUndecodable] },
  };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle: { code: dataConverter?.failureConverterPath ? bundle : `${SHOW_FAILURES}${bundle}` },
      activities: options.inHouseActivities,
      ...LONG_ACTIVATIONS,
    }),
    ...callQueues(taskQueue, options.maxCallsPerSecond).map((queue) =>
      Worker.create({ ...common, ...queue, activities: options.upstreamActivities }),
    ),
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

/**
 * The task queues of the activities that call upstream, and of the turns before some of them, with their shares (decision 0032). The server keeps
 * each rate over all workers; the slots are those of one process.
 */
export function callQueues(taskQueue: string, maxCallsPerSecond: number) {
  const queue = (name: string, share: number, slots: number, polls: number) => ({
    taskQueue: name,
    maxTaskQueueActivitiesPerSecond: maxCallsPerSecond * share,
    maxConcurrentActivityTaskExecutions: slots,
    maxConcurrentActivityTaskPolls: polls,
  });
  return [
    queue(upstreamTaskQueue(taskQueue), 1 - DOWNLOAD_SHARE, UPSTREAM_SLOTS, CALL_POLLS),
    queue(downloadTaskQueue(taskQueue), DOWNLOAD_SHARE, DOWNLOAD_SLOTS, CALL_POLLS),
    queue(turnTaskQueue(taskQueue, 'batch'), BATCH_SHARE, TURN_SLOTS, TURN_POLLS),
    queue(turnTaskQueue(taskQueue, 'lookups'), LOOKUP_SHARE, TURN_SLOTS, TURN_POLLS),
  ];
}

/** Before the bundle's first line, which is none of ours: the places of all that may fail stay true. */
const SHOW_FAILURES = `globalThis.${PLAIN_FAILURES}=true;`;

/**
 * What an activity was told and cannot be read is nothing to act upon: it fails visibly and is retried, for a key may have been wrong. What an
 * attempt before left as its progress is no such reason: it counts as none, as after an attempt that died silently.
 */
const refuseUndecodable: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      if (isUndecodable(info.heartbeatDetails)) Object.assign(info, { heartbeatDetails: undefined });
      if (!input.args.some(isUndecodable)) return next(input);
      throw ApplicationFailure.retryable('what this activity was told cannot be decoded', 'Undecodable');
    },
  },
});

/** In a deployment, an applicant goes on with the code that is current: decision 0017. */
function versionOf(deployment: Deployment, bundle: string) {
  const buildId = deployment.buildId ?? buildIdOf(bundle);
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
function buildIdOf(bundle: string): string {
  return createHash('sha256').update(bundle).digest('hex').slice(0, 12);
}
