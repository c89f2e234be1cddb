import { Client, type WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createLocalActivities, createUpstreamActivities } from '../../src/activities';
import type { ApplicantDirectory } from '../../src/activities/mailbox';
import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy } from '../../src/domain/policy';
import {
  type ApplicantState,
  applicantWorkflowId,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  type CollectRecordsResult,
  reportNoticeSignal,
  SEARCH_ATTRIBUTES,
  stateQuery,
  statusNoticeSignal,
  upstreamTaskQueue,
} from '../../src/workflows/contract';
import type { FakeHumanApi } from './fake-human-api';
import { FakeStore } from './fake-store';
import { WORKFLOW_BUNDLE } from './global-setup';

/** Upstream's time-out as the workers of these tests have it. */
export const TIMEOUT_MS = 2_000;

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
    Runtime.install({ logger: new DefaultLogger('ERROR') });
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
  async follow(humanApi: FakeHumanApi, options: FollowOptions = {}): Promise<Followed> {
    this.sequence += 1;
    const { store = new FakeStore(), directory = NO_DIRECTORY, maxCachedWorkflows } = options;
    const clientUserId = options.clientUserId ?? `POL-${this.sequence}`;
    const taskQueue = `test-${this.sequence}`;
    const common = { connection: this.env.nativeConnection, workflowBundle: { codePath: WORKFLOW_BUNDLE } };
    const workers = await Promise.all([
      Worker.create({
        ...common,
        taskQueue,
        activities: createLocalActivities({ reportStore: store, digestSecret: 'test', directory }),
        ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
      }),
      Worker.create({
        connection: this.env.nativeConnection,
        taskQueue: upstreamTaskQueue(taskQueue),
        activities: createUpstreamActivities({ humanApi, reportStore: store, timeoutMs: TIMEOUT_MS }),
      }),
    ]);
    const running = workers.map((worker) => worker.run());
    const input: CollectRecordsInput = {
      details: { clientUserId, clientUserEmail: `${clientUserId}@example.org` },
      detailsDigest: 'digest',
      policy: options.policy ?? DEFAULT_POLICY,
      ...options.input,
    };
    const handle = (await this.client.workflow.start(COLLECT_RECORDS, {
      args: [input],
      taskQueue,
      workflowId: applicantWorkflowId(clientUserId),
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    })) as Handle;
    return new Followed(this.env, handle, clientUserId, humanApi, store, async () => {
      await handle.terminate().catch(() => {});
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    });
  }
}

type Handle = WorkflowHandle<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>;

interface FollowOptions {
  readonly clientUserId?: string;
  readonly store?: FakeStore;
  readonly directory?: ApplicantDirectory;
  readonly policy?: Policy;
  readonly input?: Partial<CollectRecordsInput>;
  readonly maxCachedWorkflows?: number;
}

const NO_DIRECTORY: ApplicantDirectory = {
  findByHumanId: async () => null,
  deliverReportNotice: async () => 'closed-or-unknown',
};

/** One applicant under way. */
export class Followed {
  constructor(
    private readonly env: TestWorkflowEnvironment,
    readonly handle: Handle,
    readonly clientUserId: string,
    readonly humanApi: FakeHumanApi,
    readonly store: FakeStore,
    readonly stop: () => Promise<void>,
  ) {}

  async state(): Promise<ApplicantState> {
    return this.handle.query(stateQuery);
  }

  /** Lets the server's clock run on. */
  async pass(ms: number): Promise<void> {
    await this.env.sleep(ms);
  }

  /** Lets time pass in steps until `holds`, up to a limit of virtual time. */
  async until(
    holds: (state: ApplicantState) => boolean,
    stepMs = MINUTE_MS,
    mostMs = 24 * HOUR_MS,
  ): Promise<ApplicantState> {
    for (let passedMs = 0; passedMs <= mostMs; passedMs += stepMs) {
      const state = await this.state();
      if (holds(state)) return state;
      await this.pass(stepMs);
    }
    throw new Error(`not so after ${mostMs} ms: ${JSON.stringify(await this.state())}`);
  }

  /** How the applicant ends, and when by the server's clock (ms after its start, to `stepMs`). */
  async end(
    stepMs = HOUR_MS,
    mostMs = 200 * 24 * HOUR_MS,
  ): Promise<{ status: string; result: CollectRecordsResult | null; afterMs: number }> {
    for (let passedMs = 0; passedMs <= mostMs; passedMs += stepMs) {
      const about = await this.handle.describe();
      if (about.status.name !== 'RUNNING' && about.status.name !== 'CONTINUED_AS_NEW') {
        const result = about.status.name === 'COMPLETED' ? await this.handle.result() : null;
        const closed = about.closeTime?.getTime() ?? Number.NaN;
        return { status: about.status.name, result, afterMs: closed - about.startTime.getTime() };
      }
      await this.pass(stepMs);
    }
    throw new Error(`still open after ${mostMs} ms: ${JSON.stringify(await this.state())}`);
  }

  get humanId(): string {
    const person = this.humanApi.people.find(({ clientUserId }) => clientUserId === this.clientUserId);
    if (!person) throw new Error('nobody was invited');
    return person.humanId;
  }

  /** Sends a status notice; `updatedAt` in ms after the invitation. */
  async statusNotice(status: string, updatedAfterMs: number, humanId = this.humanId): Promise<void> {
    const invitedAtMs = this.humanApi.people[0]?.invitedAtMs ?? 0;
    const updatedAt = new Date(invitedAtMs + updatedAfterMs).toISOString();
    await this.handle.signal(statusNoticeSignal, { humanId, status, updatedAt });
  }

  async reportNotice(reportId: string, updatedAt = '2026-01-01T00:00:00.000Z'): Promise<void> {
    await this.handle.signal(reportNoticeSignal, { humanId: this.humanId, reportId, type: null, updatedAt });
  }

  async events(): Promise<string[]> {
    const history = await this.handle.fetchHistory();
    return (history.events ?? []).map((event) => String(event.eventType));
  }
}
