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
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import { Followed, type Handle } from '../support/followed';
import { BY_NOTICES } from '../support/policies';
import type { FollowOptions, TimeSkipping, timeSkipping } from '../support/time-skipping';
import { activitiesOver, onTheClock } from './applicant';
import { Clock } from './clock';
import { SimulatedServer } from './server';
import { WorkflowCode } from './workflow-code';

/** After every date that the tests write down. */
const START_MS = Date.UTC(2027, 0, 1);
const MAILBOX_MOST_MS = 2 * DAY_MS;

let code: WorkflowCode | undefined;

/**
 * Applicants on the simulated server, followed as on the time-skipping one, but without a process, a worker or a call over the network: an applicant
 * costs milliseconds. An attempt that a test holds makes time stand still; everything else takes no time at all.
 */
export function simulated(): Omit<ReturnType<typeof timeSkipping>, 'deliver'> & Pick<TimeSkipping, 'deliver'> {
  let clock: Clock;
  let restore = () => {};
  let sequence = 0;
  let mailbox: SimulatedServer | undefined;
  beforeEach(() => {
    clock = new Clock(START_MS);
    restore = onTheClock(clock, () => 0);
  });
  afterEach(() => restore());

  const start = (
    activities: Record<string, unknown>,
    workflow: { readonly workflowId: string; readonly workflowType: string; readonly input: unknown },
    forgetAfterTasks: number | null = null,
  ) => {
    code ??= new WorkflowCode(['readEarlierRound', 'recordManifest']);
    const weather = { deaths: [], forgetAfterTasks, suggestAfter: null, luck: () => 0, callsMayBeHeld: true };
    return new SimulatedServer(code, clock, activities as never, weather, workflow);
  };
  const pass = async (ms: number) => {
    const untilMs = clock.nowMs + ms;
    await clock.runUntil(() => false, untilMs);
    clock.nowMs = Math.max(clock.nowMs, untilMs);
  };
  const env = { sleep: (ms: number | string) => pass(Number(ms)), currentTimeMs: async () => clock.nowMs };

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
    const server = start(activitiesOver(humanApi, store), workflow, options.forgetAfterTasks);
    return new Followed(env, handleOf(server, clock), clientUserId, humanApi, store, clock.nowMs, async () => {});
  };

  return {
    followOn,
    follow: (script, options) => followOn(new FakeUpstream(script), options),
    told: async (script, prepare) => {
      const humanApi = new FakeUpstream(script);
      prepare?.(humanApi);
      const followed = await followOn(humanApi, { policy: BY_NOTICES });
      await followed.tell(script);
      return followed;
    },
    deliver: async (humanApi, directory, humanId, notices, store = new FakeStore()) => {
      const mailboxMetrics = createMailboxMetrics(new Registry());
      const activities = {
        ...createUpstreamActivities({ humanApi, reportStore: store, timeoutMs: 0 }),
        ...createMailboxActivities({ directory, reportStore: store, seal: null, mailboxMetrics }),
      };
      const workflow = { workflowId: mailboxWorkflowId(humanId), workflowType: DELIVER_NOTICES, input: {} };
      const server = start(activities, workflow);
      mailbox = server;
      for (const notice of notices) server.signal(reportNoticeSignal.name, notice);
      await clock.runUntil(() => server.closed !== null, clock.nowMs + MAILBOX_MOST_MS);
      return server.closed?.result as DeliverNoticesResult;
    },
    post: async (notice: ReportNotice) => {
      mailbox?.signal(reportNoticeSignal.name, notice);
    },
    nowMs: env.currentTimeMs,
  };
}

/** What the tests use of a client's handle. */
function handleOf(server: SimulatedServer, clock: Clock): Handle {
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
      if (server.closed?.status !== 'COMPLETED') throw new Error(`expected a result, it is ${server.closed?.status}`);
      return server.closed.result;
    },
    fetchHistory: async () => {
      await clock.runDue();
      return { events: server.history.map((event) => ({ eventType: eventTypeOf(event) })) };
    },
  };
  void clock.runDue();
  return handle as unknown as Handle;
}

function eventTypeOf(event: string): temporal.api.enums.v1.EventType {
  const name = `EVENT_TYPE${event.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  return temporal.api.enums.v1.EventType[name as keyof typeof temporal.api.enums.v1.EventType];
}
