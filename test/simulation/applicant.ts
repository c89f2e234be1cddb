import { createUpstreamActivities } from '../../src/activities';
import { createEventActivities } from '../../src/activities/events';
import { createManifestActivities } from '../../src/activities/manifests';
import { createWithdrawalRecordActivities } from '../../src/activities/withdrawal';
import { DEFAULT_POLICY, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import type { Manifest, ReportStore } from '../../src/report-store/port';
import type { Upstream } from '../../src/upstream/port';
import {
  COLLECT_RECORDS,
  reportNoticeSignal,
  statusNoticeSignal,
  upstreamTaskQueue,
} from '../../src/workflows/contract';
import type { Delivery } from '../domain/model/life';
import { T0, type Truth } from '../domain/model/upstream';
import { manifestDeps, NO_EVENTS, NO_RUNS } from '../support/activity-deps';
import { FakeStore } from '../support/fake-store';
import type { Activities } from './attempts';
import { Clock, seededRandom } from './clock';
import { type CancelWay, type ClosedRun, SimulatedServer } from './server';
import { SimulatedUpstream } from './simulated-upstream';
import type { WorkflowCode } from './workflow-code';

/** Everything that happens to one applicant, as a plain value that fast-check can shrink. */
export interface SimulationCase {
  readonly truth: Truth;
  readonly deliveries: readonly Delivery[];
  readonly cancelAtMs: number | null;
  /** An alternative to `cancelAtMs`: the cancel comes with this event of the history. */
  readonly cancelAtEvent?: number;
  readonly cancelBy?: CancelWay;
  readonly deaths: readonly { readonly atMs: number; readonly downMs: number }[];
  readonly forgetAfterTasks: number | null;
  readonly suggestAfter: number | null;
  readonly failing: number;
  readonly commitMs: number;
  readonly skewMs: number;
  readonly seed: number;
  /** How long an upstream activity that is scheduled at `atMs` waits in its queue; default 0. */
  readonly queueDelayMs?: (atMs: number, random: () => number) => number;
  /** Further signals, sent as they are. */
  readonly signals?: readonly { readonly atMs: number; readonly name: string; readonly args: readonly unknown[] }[];
}

/** The end of a simulated applicant. */
export interface SimulationResult {
  readonly closed: ClosedRun;
  /** The types of the events, in order. */
  readonly history: readonly string[];
  readonly upstream: SimulatedUpstream;
  readonly manifest: Manifest | null;
}

/** A case without faults; add a truth and deliveries. */
export const NO_FAULTS: Omit<SimulationCase, 'truth' | 'deliveries'> = {
  cancelAtMs: null,
  deaths: [],
  forgetAfterTasks: null,
  suggestAfter: null,
  failing: 0,
  commitMs: 0,
  skewMs: 0,
  seed: 1,
};

const UPSTREAM_QUEUE = upstreamTaskQueue('simulated');
export const CLIENT_USER_ID = 'POL-1';
const DETAILS = { clientUserId: CLIENT_USER_ID, clientUserEmail: 'pol-1@example.org' };

/** Runs one applicant from the start of the workflow to its close. `wrapActivities` can change the answers of activities. */
export async function simulate(
  code: WorkflowCode,
  testCase: SimulationCase,
  policy: Policy,
  untilMs: number,
  wrapActivities: (activities: Activities) => Activities = (activities) => activities,
): Promise<SimulationResult> {
  const clock = new Clock(T0 - SECOND_MS);
  const random = seededRandom(testCase.seed);
  const { truth, failing, commitMs, skewMs, deaths, forgetAfterTasks, suggestAfter, cancelAtEvent, cancelBy } =
    testCase;
  const upstream = new SimulatedUpstream(clock, truth, { failing, commitMs, skewMs, random }, DETAILS);
  const store = new FakeStore();
  const restore = useVirtualTime(clock, random);
  try {
    const activities = wrapActivities(createActivities(upstream, store));
    const queuedForMs = testCase.queueDelayMs ?? (() => 0);
    const startsAtMs = (taskQueue: string) =>
      taskQueue === UPSTREAM_QUEUE ? clock.nowMs + queuedForMs(clock.nowMs, random) : 0;
    const plan = { deaths, forgetAfterTasks, suggestAfter, cancelAtEvent, cancelBy, random, startsAtMs };
    const input = { details: DETAILS, detailsDigest: 'digest', policy };
    const workflow = { workflowId: `applicant-${CLIENT_USER_ID}`, workflowType: COLLECT_RECORDS, input };
    const server = new SimulatedServer(code, clock, activities, plan, workflow);
    for (const delivery of testCase.deliveries)
      clock.at(delivery.atMs, () => deliver(server, upstream, delivery, skewMs));
    for (const { atMs, name, args } of testCase.signals ?? []) clock.at(atMs, () => void server.signal(name, ...args));
    if (testCase.cancelAtMs !== null) clock.at(testCase.cancelAtMs, () => server.cancel());
    const ended = await clock.runUntil(() => server.closed !== null, untilMs);
    if (!ended || !server.closed)
      throw new Error(`expected the workflow to close, it is open at ${new Date(clock.nowMs).toISOString()}`);
    const { closed } = server;
    // A call in flight at the end can still have an effect.
    await clock.runUntil(() => false, closed.atMs + 10 * MINUTE_MS);
    return { closed, upstream, history: server.history, manifest: store.manifests.get(CLIENT_USER_ID) ?? null };
  } finally {
    restore();
  }
}

/** The real activities of an applicant. */
export function createActivities(
  upstream: Upstream,
  reportStore: ReportStore,
  { runs = NO_RUNS, events = NO_EVENTS } = {},
): Activities {
  const deps = { ...manifestDeps(reportStore), upstream, runs, events, policy: DEFAULT_POLICY, timeoutMs: 0 };
  return {
    ...createUpstreamActivities(deps),
    ...createManifestActivities(deps),
    ...createEventActivities(deps),
    ...createWithdrawalRecordActivities(deps),
  } as unknown as Activities;
}

/** Sends a notice as the webhook does; upstream sends none before the invitation. */
function deliver(server: SimulatedServer, upstream: SimulatedUpstream, delivery: Delivery, skewMs: number): void {
  const humanId = upstream.created.at(-1)?.humanId;
  if (humanId === undefined) return;
  if ('reportId' in delivery) {
    const { reportId, updatedAt } = delivery;
    server.signal(reportNoticeSignal.name, { humanId, reportId, type: null, updatedAt });
    return;
  }
  const { status, updatedAtMs } = delivery;
  const updatedAt = updatedAtMs === null ? null : new Date(updatedAtMs + skewMs).toISOString();
  server.signal(statusNoticeSignal.name, { humanId, status, updatedAt });
}

/** Replaces `performance` and `Math.random`, which activities use, by those of the simulation; returns what restores them. */
export function useVirtualTime(clock: Clock, random: () => number): () => void {
  const { performance } = globalThis;
  const originalRandom = Math.random;
  Object.defineProperty(globalThis, 'performance', {
    configurable: true,
    writable: true,
    value: { now: () => clock.nowMs },
  });
  Math.random = random;
  // Activities throw often and no test reads the stacks, which would cost most of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  return () => {
    Error.stackTraceLimit = stackTraceLimit;
    Object.defineProperty(globalThis, 'performance', { configurable: true, writable: true, value: performance });
    Math.random = originalRandom;
  };
}
