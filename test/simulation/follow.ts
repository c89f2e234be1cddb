import { Registry } from 'prom-client';
import type { ApplicantRuns } from '../../src/activities/applicant-runs';
import { createMailboxActivities } from '../../src/activities/mailbox';
import { createActivityMetrics } from '../../src/activities/metrics';
import { createRefreshActivities } from '../../src/activities/refresh';
import { createWithdrawalRecordActivities } from '../../src/activities/withdrawal';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import type { EventRecorder } from '../../src/events/recorder';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  REFRESH_REPORTS,
  refreshWorkflowId,
  reportNoticeSignal,
  scheduleChecksSignal,
} from '../../src/workflows/contract';
import { NO_EVENTS, NO_RUNS } from '../support/activity-deps';
import { ApplicantUnderTest, applicantInput, type FollowOptions, type Handle } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { createActivities, useVirtualTime } from './applicant';
import type { Activities } from './attempts';
import { Clock } from './clock';
import { SimulatedServer } from './server';
import { WorkflowCode } from './workflow-code';

/** Later than every date in the tests. */
const START_MS = Date.UTC(2027, 0, 1);

let code: WorkflowCode | undefined;

interface Workflow {
  readonly workflowType: string;
  readonly workflowId: string;
  readonly input?: unknown;
}

/** What the activities of a workflow other than an applicant call. */
export interface Services {
  readonly upstream: FakeUpstream;
  readonly store: FakeStore;
  readonly runs?: ApplicantRuns;
  /** Default: no endpoint. */
  readonly events?: EventRecorder;
}

/**
 * Follows applicants on the simulated server: the same workflows and activities as on the time-skipping server, without processes, workers or network.
 * An applicant costs milliseconds. Calls take no virtual time, and the clock stops while a test holds one.
 */
export function useSimulation() {
  const servers = new Map<string, SimulatedServer>();
  let clock = new Clock(START_MS);
  let restore = () => {};
  let sequence = 0;
  beforeEach(() => {
    clock = new Clock(START_MS);
    servers.clear();
    restore = useVirtualTime(clock, () => 0);
  });
  afterEach(() => restore());

  const skip = async (ms: number) => {
    const untilMs = clock.nowMs + ms;
    await clock.runUntil(() => false, untilMs);
    clock.nowMs = Math.max(clock.nowMs, untilMs);
  };
  const env = { sleep: (ms: number | string) => skip(Number(ms)), currentTimeMs: async () => clock.nowMs };

  const start = (
    workflow: Workflow & { readonly input: unknown },
    activities: Activities,
    forgetAfterTasks: number | null = null,
  ) => {
    code ??= new WorkflowCode(['readEarlierRound', 'recordManifest', 'recordEvents']);
    const plan = { deaths: [], forgetAfterTasks, suggestAfter: null, random: () => 0, callsMayBeHeld: true };
    const server = new SimulatedServer(code, clock, activities, plan, workflow);
    servers.set(workflow.workflowId, server);
    return server;
  };

  const findOpen = (workflowId: string) => {
    const server = servers.get(workflowId);
    return server?.closed === null ? server : null;
  };
  /** Signals a workflow, and starts it if it does not run. */
  const sendWithStart = (workflow: Workflow, signal: { readonly name: string }, arg: unknown, services: Services) => {
    const server =
      findOpen(workflow.workflowId) ?? start({ input: {}, ...workflow }, createAllActivities(withRuns(services)));
    server.signal(signal.name, arg);
    return server;
  };
  /** Unless the test has other `runs`, applicants and refreshes of this server signal each other. */
  const withRuns = (services: Services) => {
    const toRefresh = async (clientUserId: string, signal: { readonly name: string }, arg: unknown) => {
      const workflow = { workflowType: REFRESH_REPORTS, workflowId: refreshWorkflowId(clientUserId) };
      sendWithStart(workflow, signal, arg, services);
    };
    const runs: ApplicantRuns = {
      ...NO_RUNS,
      openSinceMs: async (clientUserId) => findOpen(applicantWorkflowId(clientUserId))?.startedAtMs ?? null,
      deliverToOpenRun: async (clientUserId, notice) => {
        const isTaken = findOpen(applicantWorkflowId(clientUserId))?.signal(reportNoticeSignal.name, notice);
        return isTaken ? 'taken' : 'closed-or-unknown';
      },
      deliverToRefresh: (clientUserId, notice) => toRefresh(clientUserId, reportNoticeSignal, notice),
      scheduleChecks: (clientUserId, schedule) => toRefresh(clientUserId, scheduleChecksSignal, schedule),
    };
    return { runs, events: NO_EVENTS, ...services };
  };

  const followOn = async (upstream: FakeUpstream, options: FollowOptions = {}) => {
    sequence += 1;
    const { store = new FakeStore(), clientUserId = `POL-${sequence}`, forgetAfterTasks, events } = options;
    const workflowId = applicantWorkflowId(clientUserId);
    const workflow = { workflowType: COLLECT_RECORDS, workflowId, input: applicantInput(clientUserId, options) };
    const server = start(
      workflow,
      createAllActivities(withRuns({ upstream, store, ...(events && { events }) })),
      forgetAfterTasks,
    );
    const handle = createHandle(server, clock);
    return new ApplicantUnderTest(env, handle, clientUserId, upstream, store, clock.nowMs, async () => {});
  };

  return {
    /** Follows an applicant; the times of the script count from the invitation. */
    follow: (script: readonly Change[], options?: FollowOptions) => followOn(new FakeUpstream(script), options),
    /** The same on an upstream that the test has prepared. */
    followOn,
    /** Follows an applicant whose changes are reported by notices alone, up to the last of them. */
    async followByNotices(script: readonly Change[], prepare?: (upstream: FakeUpstream) => void) {
      const upstream = new FakeUpstream(script);
      prepare?.(upstream);
      const applicant = await followOn(upstream, { policy: BY_NOTICES });
      await applicant.sendNotices(script);
      return applicant;
    },
    /** Starts a mailbox, a refresh or a withdrawal. */
    startWorkflow: (workflow: Workflow, services: Services) =>
      createHandle(start({ input: {}, ...workflow }, createAllActivities(withRuns(services))), clock),
    /** Signals a mailbox or a refresh, and starts it if it does not run. */
    signalWithStart: (...args: Parameters<typeof sendWithStart>): Handle => createHandle(sendWithStart(...args), clock),
    /** A workflow that was started; null if it was not. */
    find(workflowId: string): Handle | null {
      const server = servers.get(workflowId);
      return server ? createHandle(server, clock) : null;
    },
    /** Waits until a mailbox, a refresh or a withdrawal closes, and returns its result. */
    async waitForResult<R>(workflowId: string): Promise<R> {
      const server = servers.get(workflowId);
      await clock.runUntil(() => server?.closed !== null, clock.nowMs + 3 * DAY_MS);
      if (server?.closed?.status !== 'COMPLETED') throw new Error(`expected ${workflowId} to complete`);
      return server.closed.result as R;
    },
    nowMs: env.currentTimeMs,
    skip,
  };
}

function createAllActivities({ upstream, store: reportStore, runs, events }: Required<Services>): Activities {
  const deps = {
    reportStore,
    runs,
    refreshForMs: 30 * DAY_MS,
    policy: DEFAULT_POLICY,
    noticeEncryption: NO_ENCRYPTION,
    events,
  };
  return {
    ...createActivities(upstream, reportStore, { runs, events }),
    ...createMailboxActivities({ ...deps, metrics: createActivityMetrics(new Registry()) }),
    ...createRefreshActivities(deps),
    ...createWithdrawalRecordActivities(deps),
  } as Activities;
}

/** `runValidator` false: as in a replay; only the simulated server has it. */
interface UpdateOptions {
  readonly args?: readonly unknown[];
  readonly runValidator?: boolean;
}

/** The part of a client's handle that the tests use. */
function createHandle(server: SimulatedServer, clock: Clock): Handle {
  type Definition = string | { readonly name: string };
  const toName = (definition: Definition) => (typeof definition === 'string' ? definition : definition.name);
  clock.runDueSoon();
  const handle = {
    query: async (definition: Definition, ...args: unknown[]) => {
      await clock.runDue();
      return server.query(toName(definition), ...args);
    },
    signal: async (definition: Definition, ...args: unknown[]) => {
      server.signal(toName(definition), ...args);
      clock.runDueSoon();
    },
    executeUpdate: async (definition: Definition, { args = [], runValidator = true }: UpdateOptions) => {
      const ended = server.update(toName(definition), args, runValidator);
      clock.runDueSoon();
      return ended;
    },
    cancel: async () => {
      server.cancel();
      await clock.runDue();
    },
    describe: async () => {
      await clock.runDue();
      const { closed, runId, searchAttributes, pendingActivities } = server;
      const closeTime = closed && new Date(closed.atMs);
      const status = { name: closed?.status ?? 'RUNNING' };
      return { status, closeTime, runId, searchAttributes, raw: { pendingActivities } };
    },
    result: async () => server.closed?.result,
    fetchHistory: async () => {
      await clock.runDue();
      return { events: server.history };
    },
  };
  return handle as unknown as Handle;
}
