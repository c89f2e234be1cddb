import { Client } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { type ActivityInterceptorsFactory, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { Registry } from 'prom-client';
import { createInternalActivities, createUpstreamActivities } from '../../src/activities';
import { type ApplicantDirectory, createMailboxMetrics } from '../../src/activities/mailbox';
import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, DEFAULT_POLICY, MINUTE_MS, type Policy } from '../../src/domain/policy';
import { createApplicantRuns } from '../../src/temporal/notices';
import { createSweepSource } from '../../src/temporal/sweep-source';
import { callQueues } from '../../src/temporal/workers';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  DELIVER_NOTICES,
  type DeliverNoticesResult,
  mailboxWorkflowId,
  reportNoticeSignal,
  SEARCH_ATTRIBUTES,
} from '../../src/workflows/contract';
import { ApplicantUnderTest, type Handle } from './applicant-under-test';
import { DIGEST_KEYS, FakeStore } from './fake-store';
import { type Change, FakeUpstream } from './fake-upstream';
import { WORKFLOW_BUNDLE } from './global-setup';
import { BY_NOTICES } from './policies';
import { noRetention } from './retention';

/** Upstream's time-out as the workers of these tests have it. */
export const TIMEOUT_MS = 200;
/** Calls per second: no rate limit. */
const UNLIMITED = 1_000;

/**
 * Ways to follow applicants, each until the end of its test. A test has a server of its own: the clock of this server stands still for ever
 * once a workflow was terminated with an activity under way.
 */
export function timeSkipping(): {
  /** Upstream's clock is the server's; the script begins with the invitation. */
  follow(script: readonly Change[], options?: FollowOptions): Promise<ApplicantUnderTest>;
  /** The same with an upstream that the test has prepared. */
  followOn(humanApi: FakeUpstream, options?: FollowOptions): Promise<ApplicantUnderTest>;
  /** An applicant whose life is told by notices alone, on an upstream that the test prepares. */
  told(script: readonly Change[], prepare?: (humanApi: FakeUpstream) => void): Promise<ApplicantUnderTest>;
  /** A mailbox to its end. */
  deliver: TimeSkipping['deliver'];
  /** One more notice to the open mailbox of its person. */
  post(notice: ReportNotice): Promise<void>;
  nowMs(): Promise<number>;
} {
  let server: TimeSkipping | undefined;
  const open: ApplicantUnderTest[] = [];
  beforeEach(async () => {
    server = await TimeSkipping.start();
  });
  afterEach(async () => {
    for (const followed of open.splice(0)) await followed.stop();
    await server?.stop();
  });
  const started = () => {
    if (!server) throw new Error('the test server is there from the first test on, not earlier');
    return server;
  };
  const followOn = async (humanApi: FakeUpstream, options?: FollowOptions) => {
    const followed = await started().follow(humanApi, options);
    open.push(followed);
    return followed;
  };
  return {
    followOn,
    follow: (script, options) => followOn(new FakeUpstream(script), options),
    told: async (script, prepare) => {
      const humanApi = new FakeUpstream(script);
      prepare?.(humanApi);
      const followed = await followOn(humanApi, { policy: BY_NOTICES });
      await followed.sendNotices(script);
      return followed;
    },
    deliver: (...mail) => started().deliver(...mail),
    post: (notice) => {
      const { workflow } = started().client;
      return workflow.getHandle(mailboxWorkflowId(notice.humanId)).signal(reportNoticeSignal, notice);
    },
    nowMs: () => started().env.currentTimeMs(),
  };
}

/** A Temporal server whose clock jumps over every wait, and the real workflow and activities upon it. */
export class TimeSkipping {
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
    const { KEYWORD, DATETIME } = { KEYWORD: 2, DATETIME: 6 };
    await connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(
        Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, type === 'KEYWORD' ? KEYWORD : DATETIME]),
      ),
    });
    // Not env.client: its result() makes the clock jump on.
    return new TimeSkipping(env, new Client({ connection }));
  }

  async stop(): Promise<void> {
    await this.env.teardown();
  }

  /** Starts one applicant with workers of its own, and hands over the means to watch it. */
  async follow(humanApi: FakeUpstream, options: FollowOptions = {}): Promise<ApplicantUnderTest> {
    this.sequence += 1;
    const { store = new FakeStore(), directory = NO_DIRECTORY, maxCachedWorkflows, codec } = options;
    const clientUserId = options.clientUserId ?? `POL-${this.sequence}`;
    const taskQueue = `test-${this.sequence}`;
    const stopWorkers = await this.work(taskQueue, humanApi, { store, directory, maxCachedWorkflows, codec });
    const input: CollectRecordsInput = {
      details: { clientUserId, clientUserEmail: `${clientUserId}@example.org` },
      detailsDigest: 'digest',
      policy: { ...(options.policy ?? DEFAULT_POLICY), refreshCheckAfterMs: options.refreshCheckAfterMs ?? [] },
      ...options.input,
    };
    const startedAtMs = await this.env.currentTimeMs();
    const handle = (await this.client.workflow.start(COLLECT_RECORDS, {
      args: [input],
      taskQueue,
      workflowId: applicantWorkflowId(clientUserId),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    })) as Handle;
    let stopped: Promise<unknown> | undefined;
    const stop = async () => {
      await handle.terminate().catch(() => {});
      await stopWorkers();
    };
    return new ApplicantUnderTest(this.env, handle, clientUserId, humanApi, store, startedAtMs, async () => {
      stopped ??= stop();
      await stopped;
    });
  }

  /** Lets a notice reach a mailbox that has workers of its own; resolves to how the mailbox ended. */
  async deliver(
    humanApi: FakeUpstream,
    directory: ApplicantDirectory,
    humanId: string,
    notices: readonly ReportNotice[],
    store = new FakeStore(),
  ): Promise<DeliverNoticesResult> {
    this.sequence += 1;
    const taskQueue = `test-${this.sequence}`;
    const [first, ...rest] = notices;
    if (!first) throw new Error('a mailbox is opened by a notice');
    const handle = await this.client.workflow.signalWithStart(DELIVER_NOTICES, {
      args: [{}],
      taskQueue,
      workflowId: mailboxWorkflowId(humanId),
      signal: reportNoticeSignal,
      signalArgs: [first],
    });
    for (const notice of rest) await handle.signal(reportNoticeSignal, notice);
    const stopWorkers = await this.work(taskQueue, humanApi, { store, directory });
    for (let passedMs = 0; passedMs < 2 * DAY_MS; passedMs += 30 * MINUTE_MS) {
      const { name } = (await handle.describe()).status;
      if (name !== 'RUNNING' && name !== 'CONTINUED_AS_NEW') break;
      await this.env.sleep(30 * MINUTE_MS);
    }
    await stopWorkers();
    return handle.result();
  }

  /** The workers that the worker process has; resolves to what stops them. */
  async work(
    taskQueue: string,
    humanApi: FakeUpstream,
    { store, directory, maxCachedWorkflows, codec }: WorkOptions,
  ): Promise<() => Promise<void>> {
    const common = { connection: this.env.nativeConnection, interceptors: { activity: [this.trueTimeOfAttempts()] } };
    const workers = await Promise.all([
      Worker.create({
        ...common,
        taskQueue,
        workflowBundle: { codePath: WORKFLOW_BUNDLE },
        activities: createInternalActivities({
          reportStore: store,
          digestKeys: DIGEST_KEYS,
          directory,
          seal: null,
          mailboxMetrics: createMailboxMetrics(new Registry()),
          runs: createApplicantRuns({ client: this.client, taskQueue, refreshForMs: 30 * DAY_MS }),
          sweepSource: createSweepSource({ client: this.client, taskQueue }),
          refreshForMs: 30 * DAY_MS,
          policy: DEFAULT_POLICY,
          retention: noRetention(),
        }),
        ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
        ...(codec && { dataConverter: { payloadCodecs: [codec] } }),
      }),
      ...callQueues(taskQueue, UNLIMITED).map((queue) =>
        Worker.create({
          ...common,
          ...queue,
          activities: createUpstreamActivities({ upstream: humanApi, reportStore: store, timeoutMs: TIMEOUT_MS }),
        }),
      ),
    ]);
    const running = workers.map((worker) => worker.run());
    return async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    };
  }

  /** This server gives a retried attempt the time of the failure before; the real one gives the attempt's own (both measured). */
  private trueTimeOfAttempts(): ActivityInterceptorsFactory {
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

let installed = false;

/** Once a process. The core is silent but for errors: it warns at each start that this server may lose heartbeat details (it does not). */
function installRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}

export interface FollowOptions {
  readonly clientUserId?: string;
  readonly store?: FakeStore;
  readonly directory?: ApplicantDirectory;
  readonly policy?: Policy;
  /** None where nothing is said: this server begins a delayed run at once, and its clock waits for one whose workers were stopped. */
  readonly refreshCheckAfterMs?: readonly number[];
  readonly input?: Partial<CollectRecordsInput>;
  readonly maxCachedWorkflows?: number;
  /** Only the simulated server: the workflow is forgotten after so many tasks, and replayed for the next one. */
  readonly forgetAfterTasks?: number;
  /** Codec of the workflow worker; it must not change the payloads. */
  readonly codec?: PayloadCodec;
}

interface WorkOptions {
  readonly store: FakeStore;
  readonly directory: ApplicantDirectory;
  readonly maxCachedWorkflows?: number | undefined;
  readonly codec?: PayloadCodec | undefined;
}

const NO_DIRECTORY: ApplicantDirectory = {
  findByHumanId: async () => null,
  deliverReportNotice: async () => 'closed-or-unknown',
};
