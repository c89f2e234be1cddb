import { Client, Connection } from '@temporalio/client';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createTurnActivities } from '../../src/activities';
import { createInvitationActivities } from '../../src/activities/invitation';
import { createManifestActivities } from '../../src/activities/manifests';
import { createPersonActivities } from '../../src/activities/person';
import { createReportActivities } from '../../src/activities/reports';
import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import type { Policy } from '../../src/domain/policy';
import type { ReportStore } from '../../src/report-store/port';
import { activityQueues, createWorkers } from '../../src/temporal/workers';
import type { Upstream } from '../../src/upstream/port';
import { applicantWorkflowId, COLLECT_RECORDS, type CollectRecordsInput } from '../../src/workflows/contract';
import { manifestDeps } from '../support/activity-deps';
import type { Handle } from '../support/applicant-under-test';
import { WORKFLOW_BUNDLE } from '../support/global-setup';
import { installRuntime } from '../support/runtime';
import { APPLICANTS_ATTRIBUTES, startTemporalServer } from '../support/temporal-server';

/** `internalActivities`: in addition to those of the manifests. `workflows`: options of a separate workflow worker. */
export interface WorkerSetup {
  readonly taskQueue: string;
  readonly upstream: Upstream;
  readonly store: ReportStore;
  readonly maxCallsPerSecond?: number;
  readonly internalActivities?: object;
  readonly workflows?: Partial<WorkerOptions>;
}

/** Calls per second: no rate limit. */
const UNLIMITED = 1_000;

/** A Temporal dev server, for tests of many applicants in real time. */
export class RealServer {
  private readonly running: { worker: { shutdown(): void }; ended: Promise<void> }[] = [];

  private constructor(
    readonly client: Client,
    private readonly native: NativeConnection,
    private readonly dataConverter: DataConverter | undefined,
    private readonly stopServer: () => Promise<void>,
  ) {}

  /** `codec`: of the client and every worker. */
  static async start(codec?: PayloadCodec): Promise<RealServer> {
    installRuntime();
    const server = await startTemporalServer({ searchAttributes: APPLICANTS_ATTRIBUTES });
    const { address, namespace } = server;
    const dataConverter = codec && { payloadCodecs: [codec] };
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, namespace, ...(dataConverter && { dataConverter }) });
    const native = await NativeConnection.connect({ address });
    return new RealServer(client, native, dataConverter, () => server.stop());
  }

  /** Starts the workers of a worker process. */
  async startWorkers({
    taskQueue,
    upstream,
    store,
    workflows,
    maxCallsPerSecond = UNLIMITED,
    ...more
  }: WorkerSetup): Promise<void> {
    const deps = { ...manifestDeps(store), upstream, timeoutMs: 1_000 };
    const internalActivities = { ...createManifestActivities(deps), ...more.internalActivities };
    const upstreamActivities = {
      ...createWithdrawalActivities(deps),
      ...createInvitationActivities(deps),
      ...createPersonActivities(deps),
      ...createReportActivities(deps),
      ...createTurnActivities(),
    };
    const { native: connection } = this;
    if (!workflows) {
      const activities = { internalActivities, upstreamActivities, maxCallsPerSecond };
      const deployment = { name: null, buildId: null };
      const common = { connection, namespace: 'default', taskQueue, bundlePath: WORKFLOW_BUNDLE, deployment };
      return this.run(await createWorkers({ ...common, ...activities, dataConverter: this.dataConverter }));
    }
    const workflowBundle = { codePath: WORKFLOW_BUNDLE };
    this.run(
      await Worker.create({ connection, taskQueue, workflowBundle, activities: internalActivities, ...workflows }),
    );
    for (const queue of activityQueues(taskQueue, maxCallsPerSecond)) {
      this.run(await Worker.create({ connection, ...queue, activities: upstreamActivities }));
    }
  }

  private run(worker: Worker | Awaited<ReturnType<typeof createWorkers>>): void {
    this.running.push({ worker, ended: worker.run() });
  }

  /** `taskTimeoutMs`: the SDK's core repeats a failed task after this time. */
  async startApplicant(
    taskQueue: string,
    clientUserId: string,
    policy: Policy,
    taskTimeoutMs = 10_000,
    more: Partial<CollectRecordsInput> = {},
  ): Promise<Handle> {
    const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
    const input: CollectRecordsInput = { details, detailsDigest: 'digest', policy, ...more };
    const workflowId = applicantWorkflowId(clientUserId);
    const options = { args: [input], taskQueue, workflowId, workflowTaskTimeout: taskTimeoutMs };
    return (await this.client.workflow.start(COLLECT_RECORDS, options)) as Handle;
  }

  async stop(): Promise<void> {
    for (const { worker } of this.running) worker.shutdown();
    await Promise.all(this.running.map(({ ended }) => ended));
    await this.client.connection.close();
    await this.native.close();
    await this.stopServer();
  }
}

/** One server for the tests of a file. */
export function useRealServer(codec?: PayloadCodec): () => RealServer {
  let server: RealServer | undefined;
  beforeAll(async () => {
    server = await RealServer.start(codec);
  });
  afterAll(() => server?.stop());
  return () => {
    if (!server) throw new Error('expected the server to be used within a test');
    return server;
  };
}
