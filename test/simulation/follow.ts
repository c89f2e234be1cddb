import { temporal } from '@temporalio/proto';
import { Registry } from 'prom-client';
import { createUpstreamActivities } from '../../src/activities';
import { createMailboxActivities, createMailboxMetrics } from '../../src/activities/mailbox';
import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  DELIVER_NOTICES,
  type DeliverNoticesResult,
  mailboxWorkflowId,
  reportNoticeSignal,
} from '../../src/workflows/contract';
import { ApplicantUnderTest, type Handle } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import type { FollowOptions, TimeSkipping, timeSkipping } from '../support/time-skipping';
import { createActivities, useVirtualTime } from './applicant';
import { Clock } from './clock';
import { SimulatedServer } from './server';
import { WorkflowCode } from './workflow-code';

/** Later than every date in the tests. */
const START_MS = Date.UTC(2027, 0, 1);
const MAX_MAILBOX_MS = 2 * DAY_MS;

let code: WorkflowCode | undefined;

/**
 * Follows applicants on the simulated server: the same workflow and activities as on the time-skipping server, without processes, workers or network.
 * An applicant costs milliseconds. Calls take no virtual time, and the clock stops while a test holds one.
 */
export function useSimulation(): Omit<ReturnType<typeof timeSkipping>, 'deliver'> & Pick<TimeSkipping, 'deliver'> {
  let clock: Clock;
  let restore = () => {};
  let sequence = 0;
  let mailbox: SimulatedServer | undefined;
  beforeEach(() => {
    clock = new Clock(START_MS);
    restore = useVirtualTime(clock, () => 0);
  });
  afterEach(() => restore());

  const start = (
    activities: Record<string, unknown>,
    workflow: { readonly workflowId: string; readonly workflowType: string; readonly input: unknown },
    forgetAfterTasks: number | null = null,
  ) => {
    code ??= new WorkflowCode(['readEarlierRound', 'recordManifest']);
    const plan = { deaths: [], forgetAfterTasks, suggestAfter: null, random: () => 0, callsMayBeHeld: true };
    return new SimulatedServer(code, clock, activities as never, plan, workflow);
  };
  const skip = async (ms: number) => {
    const untilMs = clock.nowMs + ms;
    await clock.runUntil(() => false, untilMs);
    clock.nowMs = Math.max(clock.nowMs, untilMs);
  };
  const env = { sleep: (ms: number | string) => skip(Number(ms)), currentTimeMs: async () => clock.nowMs };

  const followOn = async (humanApi: FakeUpstream, options: FollowOptions = {}) => {
    sequence += 1;
    const { store = new FakeStore(), clientUserId = `POL-${sequence}` } = options;
    const input: CollectRecordsInput = {
      details: { clientUserId, clientUserEmail: `${clientUserId}@example.org` },
      detailsDigest: 'digest',
      policy: { ...(options.policy ?? DEFAULT_POLICY), refreshCheckAfterMs: [] },
      ...options.input,
    };
    const workflow = { workflowId: applicantWorkflowId(clientUserId), workflowType: COLLECT_RECORDS, input };
    const server = start(createActivities(humanApi, store), workflow, options.forgetAfterTasks);
    return new ApplicantUnderTest(
      env,
      createHandle(server, clock),
      clientUserId,
      humanApi,
      store,
      clock.nowMs,
      async () => {},
    );
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
    deliver: async (humanApi, directory, humanId, notices, store = new FakeStore()) => {
      const mailboxMetrics = createMailboxMetrics(new Registry());
      const activities = {
        ...createUpstreamActivities({ upstream: humanApi, reportStore: store, timeoutMs: 0 }),
        ...createMailboxActivities({ directory, reportStore: store, seal: null, mailboxMetrics }),
      };
      const workflow = { workflowId: mailboxWorkflowId(humanId), workflowType: DELIVER_NOTICES, input: {} };
      const server = start(activities, workflow);
      mailbox = server;
      for (const notice of notices) server.signal(reportNoticeSignal.name, notice);
      await clock.runUntil(() => server.closed !== null, clock.nowMs + MAX_MAILBOX_MS);
      return server.closed?.result as DeliverNoticesResult;
    },
    post: async (notice: ReportNotice) => {
      mailbox?.signal(reportNoticeSignal.name, notice);
    },
    nowMs: env.currentTimeMs,
  };
}

/** The part of a client's handle that the tests use. */
function createHandle(server: SimulatedServer, clock: Clock): Handle {
  const named = (definition: string | { readonly name: string }) =>
    typeof definition === 'string' ? definition : definition.name;
  const handle = {
    query: async (definition: string | { readonly name: string }, ...args: unknown[]) => {
      await clock.runDue();
      return server.query(named(definition), ...args);
    },
    signal: async (definition: string | { readonly name: string }, ...args: unknown[]) => {
      server.signal(named(definition), ...args);
      void clock.runDue();
    },
    cancel: async () => {
      server.cancel();
      await clock.runDue();
    },
    describe: async () => {
      await clock.runDue();
      const { closed, runId, searchAttributes } = server;
      return {
        status: { name: closed?.status ?? 'RUNNING' },
        closeTime: closed && new Date(closed.atMs),
        runId,
        searchAttributes,
      };
    },
    result: async () => {
      if (server.closed?.status !== 'COMPLETED')
        throw new Error(`expected the workflow to complete, its status is ${server.closed?.status}`);
      return server.closed.result;
    },
    fetchHistory: async () => {
      await clock.runDue();
      return { events: server.history.map((event) => ({ eventType: toEventType(event) })) };
    },
  };
  void clock.runDue();
  return handle as unknown as Handle;
}

function toEventType(event: string): temporal.api.enums.v1.EventType {
  const name = `EVENT_TYPE${event.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  return temporal.api.enums.v1.EventType[name as keyof typeof temporal.api.enums.v1.EventType];
}
