import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  statusNoticeSignal,
  upstreamTaskQueue,
} from '../../src/workflows/contract';
import { T0, type Truth } from '../domain/model/upstream';
import { FakeStore } from '../support/fake-store';
import { activitiesOver, onTheClock } from './applicant';
import { Clock, chance } from './clock';
import { SimulatedServer } from './server';
import { UpstreamOfOne } from './upstream-of-one';
import { WorkflowCode } from './workflow-code';

const APPLICANTS = 1_000;
/** Whose notices come, in the midst of the outage. */
const TOLD = 100;
const CALLS_A_SECOND = 10;
const OUTAGE = { fromMs: T0 + 2 * HOUR_MS, untilMs: T0 + 4 * HOUR_MS };
const ALL_SYNCED_MS = T0 + 3 * HOUR_MS;
const TEST_TIMEOUT_MS = 300_000;

/** Everybody is at work, and asked for every ten minutes. */
const POLICY: Policy = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, invited: HOUR_MS },
  wanted: { ccdraw: ['pdf'] },
};
const TRUTH: Truth = {
  statuses: [
    { atMs: T0, status: 'Invited' },
    { atMs: T0 + HOUR_MS / 2, status: 'Syncing' },
    { atMs: ALL_SYNCED_MS, status: 'All Synced' },
  ],
  reports: [
    { id: 'r1', type: 'ccdraw', organization: null, versionsAtMs: [ALL_SYNCED_MS], offered: ['pdf'], fault: 'none' },
  ],
  ...{ goneAtMs: null, outages: [OUTAGE], lagMs: 0, dated: true },
};

/** The server's cap: one activity every tenth of a second, in the order in which they were due. */
class CappedQueue {
  longestWaitMs = 0;
  private nextMs = 0;

  constructor(private readonly clock: Clock) {}

  letInAtMs(taskQueue: string): number {
    if (taskQueue !== upstreamTaskQueue('simulated')) return 0;
    const atMs = Math.max(this.clock.nowMs, this.nextMs);
    this.nextMs = atMs + SECOND_MS / CALLS_A_SECOND;
    this.longestWaitMs = Math.max(this.longestWaitMs, atMs - this.clock.nowMs);
    return atMs;
  }
}

let restore = () => {};
afterEach(() => restore());

/** All of them on one clock and one queue. */
function setup() {
  const clock = new Clock(T0 - SECOND_MS);
  const luck = chance(7);
  restore = onTheClock(clock, luck);
  const code = new WorkflowCode(['recordManifest']);
  const queue = new CappedQueue(clock);
  const applicants = Array.from({ length: APPLICANTS }, (_, at) => {
    const clientUserId = `POL-${at}`;
    const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
    const upstream = new UpstreamOfOne(clock, TRUTH, { failing: 0, commitMs: 0, skewMs: 0, luck }, details);
    const letInAtMs = (taskQueue: string) => queue.letInAtMs(taskQueue);
    const weather = { deaths: [], forgetAfterTasks: null, suggestAfter: null, luck, letInAtMs };
    const input = { details, detailsDigest: 'digest', policy: POLICY };
    const begun = { workflowId: applicantWorkflowId(clientUserId), workflowType: COLLECT_RECORDS, input };
    return {
      upstream,
      server: new SimulatedServer(code, clock, activitiesOver(upstream, new FakeStore()), weather, begun),
    };
  });
  for (const { server } of applicants.slice(0, TOLD)) {
    clock.at(ALL_SYNCED_MS + luck() * MINUTE_MS, () => {
      const updatedAt = new Date(ALL_SYNCED_MS).toISOString();
      server.signal(statusNoticeSignal.name, { humanId: 'h-1', status: 'All Synced', updatedAt });
    });
  }
  return { clock, queue, applicants };
}

test(
  `two hours in which upstream is away lose none of ${APPLICANTS} applicants, and bring no stampede after them`,
  async () => {
    const { clock, queue, applicants } = setup();
    /** How long the queue lets anybody wait until then, at most. */
    const longestWaitMs = async (untilMs: number) => {
      queue.longestWaitMs = 0;
      await clock.runUntil(() => false, untilMs);
      return queue.longestWaitMs;
    };
    await clock.runUntil(() => false, OUTAGE.fromMs);
    expect(applicants.filter(({ server }) => server.closed)).toHaveLength(0);
    // A thousand who try again every minute are more than ten calls a second: they wait for each other, until all know that it is a long one.
    // Their waits in the queue do not count as outage, so that takes longer than the quarter of an hour.
    expect(await longestWaitMs(OUTAGE.fromMs + 45 * MINUTE_MS)).toBeLessThan(2 * MINUTE_MS);
    expect(await longestWaitMs(OUTAGE.untilMs)).toBeLessThan(20 * SECOND_MS);
    expect(await longestWaitMs(OUTAGE.untilMs + HOUR_MS)).toBeLessThan(30 * SECOND_MS);
    for (const { server, upstream } of applicants) {
      expect(server.closed).toMatchObject({ result: { outcome: 'collected', reason: null, documents: 1 } });
      expect(upstream.created).toHaveLength(1);
    }
  },
  TEST_TIMEOUT_MS,
);
