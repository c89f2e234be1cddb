import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  statusNoticeSignal,
  upstreamTaskQueue,
} from '../../src/workflows/contract';
import { T0, truthOf } from '../domain/model/upstream';
import { FakeStore } from '../support/fake-store';
import { createActivities, useVirtualTime } from './applicant';
import { Clock, seededRandom } from './clock';
import { SimulatedServer } from './server';
import { SimulatedUpstream } from './simulated-upstream';
import { WorkflowCode } from './workflow-code';

const APPLICANTS = 250;
/** Applicants with a notice during the outage. */
const NOTIFIED = 25;
const CALLS_PER_SECOND = 2.5;
const OUTAGE = { fromMs: T0 + 2 * HOUR_MS, untilMs: T0 + 4 * HOUR_MS };
const ALL_SYNCED_MS = T0 + 3 * HOUR_MS;
const TEST_TIMEOUT_MS = 300_000;

/** While a person syncs, the status is polled every ten minutes. */
const POLICY: Policy = {
  ...DEFAULT_POLICY,
  pollMs: { ...DEFAULT_POLICY.pollMs, invited: HOUR_MS },
  wanted: { ccdraw: ['pdf'] },
};
const REPORT = { id: 'r1', type: 'ccdraw', organization: null, offered: ['pdf'], fault: 'none' } as const;
const STATUSES = [
  { atMs: T0, status: 'Invited' },
  { atMs: T0 + HOUR_MS / 2, status: 'Syncing' },
  { atMs: ALL_SYNCED_MS, status: 'All Synced' },
];
const TRUTH = { ...truthOf(STATUSES, [{ ...REPORT, versionsAtMs: [ALL_SYNCED_MS] }]), outages: [OUTAGE] };

/** The server's rate limit: one activity every 0.4 s, in the order in which they are due. */
class CappedQueue {
  longestWaitMs = 0;
  private nextMs = 0;

  constructor(private readonly clock: Clock) {}

  startsAtMs(taskQueue: string): number {
    if (taskQueue !== upstreamTaskQueue('simulated')) return 0;
    const atMs = Math.max(this.clock.nowMs, this.nextMs);
    this.nextMs = atMs + SECOND_MS / CALLS_PER_SECOND;
    this.longestWaitMs = Math.max(this.longestWaitMs, atMs - this.clock.nowMs);
    return atMs;
  }
}

let restore = () => {};
afterEach(() => restore());

/** All applicants on one clock and one queue. */
function setup() {
  const clock = new Clock(T0 - SECOND_MS);
  const random = seededRandom(7);
  restore = useVirtualTime(clock, random);
  const code = new WorkflowCode(['recordManifest']);
  const queue = new CappedQueue(clock);
  const applicants = Array.from({ length: APPLICANTS }, (_, index) => {
    const clientUserId = `POL-${index}`;
    const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
    const upstream = new SimulatedUpstream(clock, TRUTH, { failing: 0, commitMs: 0, skewMs: 0, random }, details);
    const startsAtMs = (taskQueue: string) => queue.startsAtMs(taskQueue);
    const plan = { deaths: [], forgetAfterTasks: null, suggestAfter: null, random, startsAtMs };
    const input = { details, detailsDigest: 'digest', policy: POLICY };
    const workflow = { workflowId: applicantWorkflowId(clientUserId), workflowType: COLLECT_RECORDS, input };
    return {
      upstream,
      server: new SimulatedServer(code, clock, createActivities(upstream, new FakeStore()), plan, workflow),
    };
  });
  for (const { server } of applicants.slice(0, NOTIFIED)) {
    clock.at(ALL_SYNCED_MS + random() * MINUTE_MS, () => {
      const updatedAt = new Date(ALL_SYNCED_MS).toISOString();
      server.signal(statusNoticeSignal.name, { humanId: 'h-1', status: 'All Synced', updatedAt });
    });
  }
  return { clock, queue, applicants };
}

test(
  `an upstream outage of two hours loses none of ${APPLICANTS} applicants and causes no rush after it`,
  async () => {
    const { clock, queue, applicants } = setup();
    /** The longest wait in the queue until then. */
    const longestWaitMs = async (untilMs: number) => {
      queue.longestWaitMs = 0;
      await clock.runUntil(() => false, untilMs);
      return queue.longestWaitMs;
    };
    await clock.runUntil(() => false, OUTAGE.fromMs);
    expect(applicants.filter(({ server }) => server.closed)).toHaveLength(0);
    // 250 retries a minute exceed the rate limit until every applicant has slowed down. The waits in the queue do not count as outage, so that
    // takes longer than a quarter of an hour.
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
