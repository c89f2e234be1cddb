import { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { applicantWorkflowId, COLLECT_RECORDS, SEARCH_ATTRIBUTES } from '../../src/workflows/contract';
import { ApplicantUnderTest, applicantInput, type FollowOptions, type Handle } from './applicant-under-test';
import { FakeStore } from './fake-store';
import { type Change, FakeUpstream } from './fake-upstream';
import { installRuntime } from './runtime';
import { startWorkers } from './workers';

/**
 * Follows applicants on Temporal's time-skipping server, one server for the tests of a file. Its clock stops once a workflow is terminated while
 * an activity runs.
 */
export function useTimeSkipping() {
  let server: TimeSkipping | undefined;
  const open: ApplicantUnderTest[] = [];
  beforeAll(async () => {
    server = await TimeSkipping.start();
  });
  afterEach(async () => {
    for (const applicant of open.splice(0)) await applicant.stop();
  });
  afterAll(() => server?.stop());
  const started = () => {
    if (!server) throw new Error('expected the server to be used within a test');
    return server;
  };
  const followOn = async (upstream: FakeUpstream, options?: FollowOptions) => {
    const applicant = await started().follow(upstream, options);
    open.push(applicant);
    return applicant;
  };
  return {
    server: started,
    /** Follows an applicant; the times of the script count from the invitation. */
    follow: (script: readonly Change[], options?: FollowOptions) => followOn(new FakeUpstream(script), options),
    /** The same on an upstream that the test has prepared. */
    followOn,
    nowMs: () => started().env.currentTimeMs(),
  };
}

/** A Temporal server whose clock jumps over every wait. */
class TimeSkipping {
  private sequence = 0;

  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly client: Client,
  ) {}

  static async start(): Promise<TimeSkipping> {
    const path = process.env['TEMPORAL_TEST_SERVER_PATH'];
    if (!path)
      throw new Error('expected TEMPORAL_TEST_SERVER_PATH to name the time-skipping test server; `npm test` sets it');
    installRuntime();
    const env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
    const { connection } = env;
    const { IndexedValueType } = temporal.api.enums.v1;
    await connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(
        Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, IndexedValueType[`INDEXED_VALUE_TYPE_${type}`]]),
      ),
    });
    // Not env.client, whose result() makes the clock jump.
    return new TimeSkipping(env, new Client({ connection }));
  }

  async stop(): Promise<void> {
    await this.env.teardown();
  }

  /** Starts an applicant with its own workers. */
  async follow(upstream: FakeUpstream, options: FollowOptions = {}): Promise<ApplicantUnderTest> {
    this.sequence += 1;
    const { store = new FakeStore(), clientUserId = `POL-${this.sequence}` } = options;
    const taskQueue = `test-${this.sequence}`;
    const stopWorkers = await this.work(taskQueue, upstream, store);
    const startedAtMs = await this.env.currentTimeMs();
    const handle = (await this.client.workflow.start(COLLECT_RECORDS, {
      args: [applicantInput(clientUserId, options)],
      taskQueue,
      workflowId: applicantWorkflowId(clientUserId),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    })) as Handle;
    let stopped: Promise<unknown> | undefined;
    const stop = async () => {
      await handle.terminate().catch(() => {});
      await stopWorkers();
    };
    return new ApplicantUnderTest(this.env, handle, clientUserId, upstream, store, startedAtMs, async () => {
      stopped ??= stop();
      await stopped;
    });
  }

  /** Starts the workers of a worker process; returns what stops them. */
  work(taskQueue: string, upstream: FakeUpstream, reportStore: FakeStore) {
    const { client } = this;
    const address = this.env.nativeConnection;
    const interceptors = { activity: [this.correctAttemptTime()] };
    return startWorkers({ address, client, taskQueue, upstream, reportStore, interceptors });
  }

  /** Measured: for a retried attempt this server reports the time of the failure before; a real one reports the time of the attempt. */
  private correctAttemptTime(): ActivityInterceptorsFactory {
    return ({ info }) => ({
      inbound: {
        execute: async (input, next) => {
          Object.assign(info, { currentAttemptScheduledTimestampMs: await this.env.currentTimeMs() });
          return next(input);
        },
      },
    });
  }
}
