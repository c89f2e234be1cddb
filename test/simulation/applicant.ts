import { createInvitationActivities } from '../../src/activities/invitation';
import { createManifestActivities } from '../../src/activities/manifests';
import { createPersonActivities } from '../../src/activities/person';
import { createReportActivities } from '../../src/activities/reports';
import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import { MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
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
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import type { Activities } from './attempts';
import { Clock, chance } from './clock';
import { type Closed, SimulatedServer } from './server';
import { UpstreamOfOne } from './upstream-of-one';
import type { WorkflowCode } from './workflow-code';

/** All that happens around one applicant, in one plain value, so that fast-check can make it smaller. */
export interface Story {
  readonly truth: Truth;
  readonly deliveries: readonly Delivery[];
  readonly cancelAtMs: number | null;
  /** Another way to say it: once the history has so many events. */
  readonly cancelAtEvent?: number;
  readonly deaths: readonly { readonly atMs: number; readonly downMs: number }[];
  readonly forgetAfterTasks: number | null;
  readonly suggestAfter: number | null;
  readonly failing: number;
  readonly commitMs: number;
  readonly skewMs: number;
  readonly seed: number;
  /** How long an upstream activity waits in its queue, scheduled at the given time; not at all where nothing is said. */
  readonly queuedForMs?: (atMs: number, luck: () => number) => number;
  /** Whatever else is signalled, as it is. */
  readonly signals?: readonly { readonly atMs: number; readonly name: string; readonly args: readonly unknown[] }[];
}

/** How it came out. */
export interface Lived {
  readonly closed: Closed;
  /** The types of the events, in order. */
  readonly history: readonly string[];
  readonly upstream: UpstreamOfOne;
  readonly manifest: Manifest | null;
}

const UPSTREAM_QUEUE = upstreamTaskQueue('simulated');
export const CLIENT_USER_ID = 'POL-1';
const DETAILS = { clientUserId: CLIENT_USER_ID, clientUserEmail: 'pol-1@example.org' };

/** Lets one applicant live, from the start of the workflow to its close. `between` may change what the activities answer. */
export async function live(
  code: WorkflowCode,
  story: Story,
  policy: Policy,
  untilMs: number,
  between: (activities: Activities) => Activities = (activities) => activities,
): Promise<Lived> {
  const clock = new Clock(T0 - SECOND_MS);
  const luck = chance(story.seed);
  const { truth, failing, commitMs, skewMs, deaths, forgetAfterTasks, suggestAfter, cancelAtEvent } = story;
  const upstream = new UpstreamOfOne(clock, truth, { failing, commitMs, skewMs, luck }, DETAILS);
  const store = new FakeStore();
  const restore = onTheClock(clock, luck);
  try {
    const activities = between(activitiesOver(upstream, store));
    const queuedForMs = story.queuedForMs ?? (() => 0);
    const letInAtMs = (taskQueue: string) =>
      taskQueue === UPSTREAM_QUEUE ? clock.nowMs + queuedForMs(clock.nowMs, luck) : 0;
    const weather = {
      deaths,
      forgetAfterTasks,
      suggestAfter,
      luck,
      letInAtMs,
      ...(cancelAtEvent && { cancelAtEvent }),
    };
    const input = { details: DETAILS, detailsDigest: 'digest', policy };
    const begun = { workflowId: `applicant-${CLIENT_USER_ID}`, workflowType: COLLECT_RECORDS, input };
    const server = new SimulatedServer(code, clock, activities, weather, begun);
    for (const delivery of story.deliveries) clock.at(delivery.atMs, () => deliver(server, upstream, delivery, skewMs));
    for (const { atMs, name, args } of story.signals ?? []) clock.at(atMs, () => void server.signal(name, ...args));
    if (story.cancelAtMs !== null) clock.at(story.cancelAtMs, () => server.cancel());
    const ended = await clock.runUntil(() => server.closed !== null, untilMs);
    if (!ended || !server.closed) throw new Error(`still open at ${new Date(clock.nowMs).toISOString()}`);
    const { closed } = server;
    // What was in flight at the end may still have an effect.
    await clock.runUntil(() => false, closed.atMs + 10 * MINUTE_MS);
    return { closed, upstream, history: server.history, manifest: store.manifests.get(CLIENT_USER_ID) ?? null };
  } finally {
    restore();
  }
}

/** The real ones. */
export function activitiesOver(humanApi: Upstream, reportStore: ReportStore): Activities {
  const deps = { upstream: humanApi, reportStore, timeoutMs: 0, digestKeys: DIGEST_KEYS };
  return {
    ...createInvitationActivities(deps),
    ...createPersonActivities(deps),
    ...createReportActivities(deps),
    ...createWithdrawalActivities(deps),
    ...createManifestActivities(deps),
  } as unknown as Activities;
}

/** What the webhook makes of a notice: nobody is told of a person before they were invited. */
function deliver(server: SimulatedServer, upstream: UpstreamOfOne, delivery: Delivery, skewMs: number): void {
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

/** Activities measure with the machine's clock and wait by chance: here both are the simulation's. */
export function onTheClock(clock: Clock, luck: () => number): () => void {
  const { performance } = globalThis;
  const { random } = Math;
  Object.defineProperty(globalThis, 'performance', {
    configurable: true,
    writable: true,
    value: { now: () => clock.nowMs },
  });
  Math.random = luck;
  // Most of what an activity throws is thrown in passing: where it was thrown nobody asks, and to know it costs more than all the rest.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  return () => {
    Error.stackTraceLimit = stackTraceLimit;
    Object.defineProperty(globalThis, 'performance', { configurable: true, writable: true, value: performance });
    Math.random = random;
  };
}
