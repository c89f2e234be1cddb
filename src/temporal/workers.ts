import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { type ActivityInterceptorsFactory, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { isUndecodable } from '../domain/encryption';
import type { Logger } from '../observability/log';
import { sdkLogger } from '../observability/sdk-log';
import { downloadTaskQueue, eventsTaskQueue, turnTaskQueue, upstreamTaskQueue } from '../workflows/contract';
import { probeNamespace, type ReachOptions, waitUntilReachable } from './connection';
import { PLAIN_FAILURES } from './failure-converter';
import { grpcProxy } from './grpc-proxy';
import type { Deployment, TemporalSettings } from './settings';
import { reportStuckCalls } from './stuck-calls';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** The workflow code, bundled by the build. */
  readonly bundlePath: string;
  readonly internalActivities: object;
  readonly upstreamActivities: object;
  readonly deliveryActivities: object;
  readonly deployment: Deployment;
  /** Undefined: nothing is encrypted. */
  readonly dataConverter?: DataConverter | undefined;
  /** Sends the signals about stuck calls. */
  readonly client: Client;
  /** Calls to Human API per second, of the whole fleet: the server limits the task queues by it. */
  readonly maxCallsPerSecond: number;
}

/** How long activities may run after the drain has started. Another worker retries interrupted ones. */
const DRAIN_MS = 5_000;
const FORCE_AFTER_MS = 20_000;
/** A drain that takes longer has failed. */
export const DRAINED_AFTER_MS = FORCE_AFTER_MS + 5_000;
/** The most concurrent deliveries of a process. */
const DELIVERY_SLOTS = 50;
/** Waiting for upstream costs no CPU; more slots would only wait for the rate limit. */
const UPSTREAM_SLOTS = 100;
/** Half of the connections to the data host; the lists of reports need the other half. */
const DOWNLOAD_SLOTS = 50;
/** A turn takes milliseconds: with two slots, one can start while the other one ends. */
const TURN_SLOTS = 2;
/** Concurrent polls. More made no difference on two cores (measured); a turn is taken in milliseconds. */
const CALL_POLLS = 5;
const TURN_POLLS = 1;
/** The share of the calls per second. About three of ten calls of an applicant with reports are downloads; an applicant that is only polled has none. */
const DOWNLOAD_SHARE = 1 / 4;
/** An invitation makes at most three calls, so that invitations of files leave half of the rate to other work. */
const BATCH_SHARE = 1 / 6;
/** A look-up makes one call. Forged notices cause most look-ups. */
const LOOKUP_SHARE = 1 / 10;
/**
 * The time limit of one activation of a workflow. When the SDK enforces it, the whole process crashes with "async hook stack has become corrupted"
 * (sdk-typescript issue 939). Its default of 5 s is too short for thousands of signals to one applicant on a busy machine. The option is not in
 * the SDK's public type.
 */
const LONG_ACTIVATIONS = { isolateExecutionTimeout: 60_000 };

/** Call once per process, before any other use of the SDK: its log lines go to our log, and our own drain handles signals. */
export function installRuntime(log: Logger): void {
  Runtime.install({
    logger: sdkLogger(log),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
}

/** Connects to a server that answers for the namespace. @throws TemporalUnreachable; TemporalRejected; the signal's reason */
export function connectWorker(settings: TemporalSettings, options: ReachOptions): Promise<NativeConnection> {
  const proxy = grpcProxy(settings.connection.address);
  return waitUntilReachable(settings, options, async () => {
    const connection = await NativeConnection.connect({ ...settings.connection, ...(proxy && { proxy }) });
    try {
      await probeNamespace(connection, settings.namespace);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  });
}

/** One worker for the workflows and the internal activities, and one for each task queue of {@link activityQueues}. */
export async function createWorkers(options: WorkersOptions): Promise<{ run(): Promise<void>; shutdown(): void }> {
  const { connection, namespace, taskQueue, dataConverter } = options;
  const bundle = await readFile(options.bundlePath, 'utf8');
  const common = {
    connection,
    namespace,
    ...versionOf(options.deployment, bundle),
    shutdownGraceTime: DRAIN_MS,
    shutdownForceTime: FORCE_AFTER_MS,
    ...(dataConverter && { dataConverter }),
    interceptors: { activity: [reportStuckCalls({ client: options.client, taskQueue }), rejectUndecodable] },
  };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle: { code: dataConverter?.failureConverterPath ? bundle : `${PLAIN_FAILURES_PRELUDE}${bundle}` },
      activities: options.internalActivities,
      ...LONG_ACTIVATIONS,
    }),
    ...activityQueues(taskQueue, options.maxCallsPerSecond).map((queue) =>
      Worker.create({ ...common, ...queue, activities: options.upstreamActivities }),
    ),
    Worker.create({
      ...common,
      // A receiver that fails does not make a call stuck.
      interceptors: { activity: [rejectUndecodable] },
      taskQueue: eventsTaskQueue(taskQueue),
      maxConcurrentActivityTaskExecutions: DELIVERY_SLOTS,
      activities: options.deliveryActivities,
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

/**
 * The task queues of the activities that call upstream, and of the turns before some of them, with their shares of the rate (decision 0032). The
 * server enforces each rate for all workers together; the slots are per process.
 */
export function activityQueues(taskQueue: string, maxCallsPerSecond: number) {
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

/** Prepended to the first line of the bundle, so that the line numbers in stack traces stay true. */
const PLAIN_FAILURES_PRELUDE = `globalThis.${PLAIN_FAILURES}=true;`;

/**
 * An activity whose input cannot be decoded fails visibly and is retried, because a key may be wrong. Undecodable progress of an earlier attempt is
 * dropped instead, as after an attempt that was killed.
 */
const rejectUndecodable: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      if (isUndecodable(info.heartbeatDetails)) Object.assign(info, { heartbeatDetails: undefined });
      if (!input.args.some(isUndecodable)) return next(input);
      throw ApplicationFailure.retryable('the input of this activity cannot be decoded', 'Undecodable');
    },
  },
});

/** In a deployment, an applicant continues with the current code: decision 0017. */
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

/** A digest of the workflow code. The SDK's default has 90 characters, and every workflow task in every history repeats it. */
function buildIdOf(bundle: string): string {
  return createHash('sha256').update(bundle).digest('hex').slice(0, 12);
}
