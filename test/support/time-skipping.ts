import { Client, type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { type ActivityInterceptorsFactory, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createLocalActivities, createUpstreamActivities } from '../../src/activities';
import type { ApplicantDirectory } from '../../src/activities/mailbox';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import type { Manifest } from '../../src/report-store/port';
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
import { FakeHumanApi, type Route, type Turn } from './fake-human-api';
import { FakeStore } from './fake-store';
import { WORKFLOW_BUNDLE } from './global-setup';

/** Upstream's time-out as the workers of these tests have it. */
export const TIMEOUT_MS = 200;

/**
 * Ways to follow applicants, each until the end of its test. A test has a server of its own: the clock of this server stands still for ever
 * once a workflow was terminated with an activity under way.
 */
export function timeSkipping(): {
  /** Upstream's clock is the server's; the script begins with the invitation. */
  follow(script: readonly Turn[], options?: FollowOptions): Promise<Followed>;
  /** The same with an upstream that the test has prepared. */
  followOn(humanApi: FakeHumanApi, options?: FollowOptions): Promise<Followed>;
  nowMs(): Promise<number>;
} {
  let server: TimeSkipping | undefined;
  const open: Followed[] = [];
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
  const followOn = async (humanApi: FakeHumanApi, options?: FollowOptions) => {
    const followed = await started().follow(humanApi, options);
    open.push(followed);
    return followed;
  };
  return {
    followOn,
    follow: (script, options) => followOn(new FakeHumanApi(script), options),
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
  async follow(humanApi: FakeHumanApi, options: FollowOptions = {}): Promise<Followed> {
    this.sequence += 1;
    const { store = new FakeStore(), directory = NO_DIRECTORY, maxCachedWorkflows } = options;
    const clientUserId = options.clientUserId ?? `POL-${this.sequence}`;
    const taskQueue = `test-${this.sequence}`;
    const common = { connection: this.env.nativeConnection, interceptors: { activity: [this.trueTimeOfAttempts()] } };
    const workers = await Promise.all([
      Worker.create({
        ...common,
        taskQueue,
        workflowBundle: { codePath: WORKFLOW_BUNDLE },
        activities: createLocalActivities({ reportStore: store, digestSecret: 'test', directory }),
        ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
      }),
      Worker.create({
        ...common,
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
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    };
    return new Followed(this.env, handle, clientUserId, humanApi, store, startedAtMs, async () => {
      stopped ??= stop();
      await stopped;
    });
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

type Handle = WorkflowHandle<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>;

export interface FollowOptions {
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

/** How an applicant ended, and when (ms after the start of its first run, by the server's clock). */
interface End {
  readonly status: string;
  readonly result: CollectRecordsResult | null;
  readonly afterMs: number;
}

/** One applicant under way. */
export class Followed {
  constructor(
    private readonly env: TestWorkflowEnvironment,
    readonly handle: Handle,
    readonly clientUserId: string,
    readonly humanApi: FakeHumanApi,
    readonly store: FakeStore,
    private readonly startedAtMs: number,
    readonly stop: () => Promise<void>,
  ) {}

  async state(): Promise<ApplicantState> {
    return this.handle.query(stateQuery);
  }

  /** Lets the server's clock run on. */
  async pass(ms: number): Promise<void> {
    await this.env.sleep(ms);
  }

  /** Lets time pass to so long after the invitation. */
  async passTo(afterInvitationMs: number): Promise<void> {
    await this.invited();
    const aheadMs = this.invitedAtMs + afterInvitationMs - (await this.env.currentTimeMs());
    if (aheadMs > 0) await this.pass(aheadMs);
  }

  /** Lets a second pass at a time until the invitation is answered. */
  async invited(): Promise<void> {
    await this.until((state) => state.humanId !== null, SECOND_MS);
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

  /** How the applicant ends; looked at every `stepMs` of virtual time. */
  async end(stepMs = 6 * HOUR_MS, mostMs = 200 * DAY_MS): Promise<End> {
    for (let passedMs = 0; passedMs <= mostMs; passedMs += stepMs) {
      const about = await this.handle.describe();
      if (about.status.name !== 'RUNNING' && about.status.name !== 'CONTINUED_AS_NEW') {
        const result = about.status.name === 'COMPLETED' ? await this.handle.result() : null;
        const closed = about.closeTime?.getTime() ?? Number.NaN;
        return { status: about.status.name, result, afterMs: closed - this.startedAtMs };
      }
      await this.pass(stepMs);
    }
    throw new Error(`still open after ${mostMs} ms: ${JSON.stringify(await this.state())}`);
  }

  get humanId(): string {
    return this.person.humanId;
  }

  get invitedAtMs(): number {
    return this.person.invitedAtMs;
  }

  private get person(): FakeHumanApi['people'][number] {
    const person = this.humanApi.people.find(({ clientUserId }) => clientUserId === this.clientUserId);
    if (!person) throw new Error('nobody was invited');
    return person;
  }

  get manifest(): Manifest {
    const manifest = this.store.manifests.get(this.clientUserId);
    if (!manifest) throw new Error('no manifest was written');
    return manifest;
  }

  /**
   * Sends the notices that upstream would send of a life like this, each at its time. It must not be a moment at which a timer of the
   * workflow fires: where that one is cancelled by the notice, this server refuses the workflow task for good.
   */
  async tell(script: readonly Turn[]): Promise<void> {
    for (const { afterMs, status, reports = [] } of script) {
      await this.passTo(afterMs);
      if (status !== undefined) await this.statusNotice(status, afterMs);
      for (const { id, updatedAt } of reports) await this.reportNotice(id, updatedAt);
    }
  }

  /** Sends a status notice; `updatedAt` in ms after the invitation. */
  async statusNotice(status: string, updatedAfterMs: number, humanId = this.humanId): Promise<void> {
    const updatedAt = new Date(this.invitedAtMs + updatedAfterMs).toISOString();
    await this.handle.signal(statusNoticeSignal, { humanId, status, updatedAt });
  }

  async reportNotice(
    reportId: string,
    updatedAt: string | null = '2026-01-01T00:00:00.000Z',
    humanId = this.humanId,
  ): Promise<void> {
    await this.handle.signal(reportNoticeSignal, { humanId, reportId, type: null, updatedAt });
  }

  /**
   * Requests the cancel and waits, in real time, until the workflow has passed it on to its activity: where that one ends at the same
   * moment, this server refuses the workflow task for good.
   */
  async cancelInFlight(): Promise<void> {
    await this.handle.cancel();
    const { EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: requested } = temporal.api.enums.v1.EventType;
    for (const untilMs = performance.now() + 10_000; performance.now() < untilMs; ) {
      const { events } = await this.handle.fetchHistory();
      if (events?.some(({ eventType }) => eventType === requested)) return;
    }
    throw new Error('the cancel request never reached an activity');
  }

  /** How many events the history has. */
  async events(): Promise<number> {
    return (await this.handle.fetchHistory()).events?.length ?? 0;
  }

  /** What upstream was asked, in order; `since` in ms after the invitation. */
  routes(sinceMs = Number.NEGATIVE_INFINITY): Route[] {
    const fromMs = Number.isFinite(sinceMs) ? this.invitedAtMs + sinceMs : sinceMs;
    return this.humanApi.calls.filter(({ atMs }) => atMs >= fromMs).map(({ route }) => route);
  }
}

/** A policy by which polling comes too late for everything that a notice tells. */
export const BY_NOTICES: Policy = {
  ...DEFAULT_POLICY,
  pollMs: {
    invited: 60 * DAY_MS,
    engaged: 60 * DAY_MS,
    syncing: 60 * DAY_MS,
    attention: 60 * DAY_MS,
    someSynced: 60 * DAY_MS,
    disconnected: 60 * DAY_MS,
  },
};
