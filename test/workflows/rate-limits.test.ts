import { Registry } from 'prom-client';
import { DAY_MS, DEFAULT_POLICY, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { createNoticeSender } from '../../src/temporal/notices';
import { serveDuePollMetric } from '../../src/temporal/task-queues';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, row } from '../support/fake-upstream';
import { BY_NOTICES, fastPolls } from '../support/policies';
import { FakePeople } from './fake-people';
import { useRealServer } from './real-server';

const server = useRealServer();

const POLLED: Policy = {
  ...fastPolls(SECOND_MS),
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: SECOND_MS },
  wanted: { ccdraw: ['pdf'] },
};

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** Invites applicants that are polled every second; `countReads` returns the number of their polls. */
async function startPolled(upstream: FakePeople, taskQueue: string, ids: readonly string[]) {
  for (const id of ids) upstream.add(id, []);
  await Promise.all(ids.map((id) => server().startApplicant(taskQueue, id, POLLED)));
  const invited = () => ids.every((id) => upstream.upstreamOf(id).count('invite') > 0);
  await until('the invitations', invited);
  return { countReads: () => ids.reduce((sum, id) => sum + upstream.upstreamOf(id).count('readStatus'), 0) };
}

test('a deadline acts on time behind a full queue of polls and a file, and the metric shows the age of the polls', async () => {
  const taskQueue = 'full-queue';
  const [callsPerSecond, deadlineMs, crowd] = [10, 4 * SECOND_MS, names('POL', 100)];
  const upstream = new FakePeople();
  await server().startWorkers({ taskQueue, upstream, store: new FakeStore(), maxCallsPerSecond: callsPerSecond });
  const { countReads } = await startPolled(upstream, taskQueue, crowd);
  const invitations = upstream.calls.length;
  const scrape = async (queue: string) => {
    const registry = new Registry();
    serveDuePollMetric(registry, { client: server().client, taskQueue: queue });
    const metric = await registry.getSingleMetric('chartway_oldest_due_poll_age_seconds')?.get();
    return metric?.values[0]?.value ?? 0;
  };
  const age = await until('late polls', async () => {
    const seconds = await scrape(taskQueue);
    return seconds > 2 && seconds;
  });
  expect(age).toBeLessThan(100);
  expect(await scrape('idle')).toBe(0);
  // On average, because a busy machine delays calls that the server has released; the unused rate of a second carries over to the next.
  const polls = upstream.calls.slice(invitations);
  const seconds = ((polls.at(-1) ?? 0) - (polls[0] ?? 0)) / SECOND_MS;
  expect(polls.length).toBeLessThanOrEqual(callsPerSecond * (seconds + 2) + 2);

  const policy = { ...DEFAULT_POLICY, expiresMs: { invitation: deadlineMs, applicant: deadlineMs } };
  const late = upstream.add('LATE', []);
  const applicant = await server().startApplicant(taskQueue, 'LATE', policy);
  const { invitedAtMs } = await until('the invitation', () => late.people[0]);
  for (const id of names('FILE', 60)) {
    upstream.add(id, []);
    await server().startApplicant(taskQueue, id, POLLED, 10_000, { batch: true });
  }
  await until('the deadline', () => Date.now() >= invitedAtMs + deadlineMs);
  const countReadsUntil = async (what: string, check: () => boolean) => {
    const before = countReads();
    await until(what, check);
    return countReads() - before;
  };
  // Without priority, each of the two would wait for a hundred polls.
  const halfOfCrowd = crowd.length / 2;
  expect(await countReadsUntil('the read', () => late.count('readStatus') > 0)).toBeLessThan(halfOfCrowd);
  expect(await countReadsUntil('the withdrawal', () => late.count('withdraw') > 0)).toBeLessThan(halfOfCrowd);
  expect(await applicant.result()).toMatchObject({ outcome: 'expired', reason: 'invitation-expired' });
});

test('downloads that hang do not delay a withdrawal', async () => {
  const taskQueue = 'slow-downloads';
  const [upstream, ids] = [new FakePeople(), names('SLOW', 5)];
  await server().startWorkers({ taskQueue, upstream, store: new FakeStore() });
  const reports = Array.from({ length: 30 }, (_, index) => row(`r${index}`, 'ccdraw', 'A'));
  const script: readonly Change[] = [{ afterMs: 0, status: 'All Synced', reports }];
  const slow = ids.map((id) => upstream.add(id, script));
  const releases = slow.map((each) => each.hold('openReport'));
  const cancelled = upstream.add('CANCELLED', []);
  const applicant = await server().startApplicant(taskQueue, 'CANCELLED', POLLED);
  await until('an invitation', () => cancelled.people.length === 1);
  const applicants = await Promise.all(ids.map((id) => server().startApplicant(taskQueue, id, POLLED)));
  const countDownloads = () => slow.reduce((sum, each) => sum + each.count('openReport'), 0);
  await until('all slots to be taken', () => countDownloads() >= 50);
  await applicant.cancel();
  await until('the withdrawal', () => cancelled.people[0]?.deleted === true);
  expect(countDownloads()).toBe(50);
  for (const release of releases) release();
  await Promise.all(applicants.map((each) => each.result()));
  expect(countDownloads()).toBe(5 * 30);
});

test('the invitations of a file leave the polls their share of the calls', async () => {
  const taskQueue = 'file';
  const [upstream, rows] = [new FakePeople(), names('ROW', 60)];
  await server().startWorkers({ taskQueue, upstream, store: new FakeStore(), maxCallsPerSecond: 12 });
  const { countReads } = await startPolled(upstream, taskQueue, names('POLLED', 3));
  const upstreams = rows.map((id) => upstream.add(id, []));
  // The first poll of the rows is a day away.
  for (const id of rows) await server().startApplicant(taskQueue, id, DEFAULT_POLICY, 10_000, { batch: true });
  const countInvited = () => upstreams.filter(({ people }) => people.length === 1).length;
  const before = { reads: countReads(), invited: countInvited() };
  await until('twelve more polls', () => countReads() >= before.reads + 12);
  expect(countInvited()).toBeGreaterThan(0);
  expect(countInvited() - before.invited).toBeLessThan(rows.length / 2);
});

test('the notices of unknown persons delay neither polls nor an applicant', async () => {
  const taskQueue = 'unknown-persons';
  const [upstream, store, unknown] = [new FakePeople(), new FakeStore(), names('unknown', 150)];
  const sender = createNoticeSender({ client: server().client, taskQueue, refreshForMs: DAY_MS });
  await server().startWorkers({ taskQueue, upstream, store, maxCallsPerSecond: 12 });
  const { countReads } = await startPolled(upstream, taskQueue, names('KNOWN', 3));
  const reads = jest.spyOn(upstream, 'readStatus');
  const countLookUps = () => reads.mock.calls.filter(([id]) => id.startsWith('unknown-')).length;
  const untilMs = Date.now() + MINUTE_MS;
  await Promise.all(
    unknown.map((humanId) =>
      sender.send({ kind: 'report', humanId, reportId: 'r', type: null, updatedAt: null }, null, humanId, untilMs),
    ),
  );
  await until('the first look-up', () => countLookUps() > 0);
  const before = countReads();
  const policy: Policy = { ...POLLED, pollMs: BY_NOTICES.pollMs };
  const personUpstream = upstream.add('NEW', [
    { afterMs: 0, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] },
  ]);
  const applicant = await server().startApplicant(taskQueue, 'NEW', policy);
  const { humanId } = await until('an invitation', () => personUpstream.people[0]);
  const notice = { kind: 'status', clientUserId: 'NEW', humanId, status: 'All Synced' } as const;
  await sender.send({ ...notice, updatedAt: new Date().toISOString() }, null, 'all-synced');
  expect(await applicant.result()).toEqual({ outcome: 'collected', reason: null, documents: 1 });
  await until('twenty polls', () => countReads() >= before + 20);
  expect(countLookUps()).toBeLessThan(unknown.length);
});

test('twelve polls that find nothing add no event to the history', async () => {
  const taskQueue = 'quiet';
  const upstream = new FakePeople();
  await server().startWorkers({ taskQueue, upstream, store: new FakeStore() });
  const { countReads } = await startPolled(upstream, taskQueue, ['QUIET']);
  await until('the first poll', () => countReads() > 0);
  const handle = server().client.workflow.getHandle('applicant-QUIET');
  const before = (await handle.fetchHistory()).events?.length;
  await until('twelve more polls', () => countReads() > 12);
  expect((await handle.fetchHistory()).events?.length).toBe(before);
});
