import { Client, Connection } from '@temporalio/client';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import type { Policy } from '../../src/domain/policy';
import type { ReportStore } from '../../src/report-store/port';
import { applicantWorkflowId, COLLECT_RECORDS, type CollectRecordsInput } from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { installRuntime } from '../support/runtime';
import { APPLICANTS_ATTRIBUTES, startTemporalServer } from '../support/temporal-server';
import { startWorkers, type WorkersOptions } from '../support/workers';

type WorkerSetup = Omit<WorkersOptions, 'address' | 'client' | 'dataConverter' | 'reportStore'> & {
  readonly store: ReportStore;
};

/** A Temporal dev server, for tests of many applicants in real time. */
export class RealServer {
  private readonly stops: (() => Promise<void>)[] = [];

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
  async startWorkers({ store: reportStore, ...setup }: WorkerSetup): Promise<void> {
    const { native: address, client, dataConverter } = this;
    this.stops.push(await startWorkers({ address, client, dataConverter, reportStore, ...setup }));
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
    await Promise.all(this.stops.map((stop) => stop()));
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
