import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { NotFound, Unavailable } from '../../src/upstream/errors';
import type { CollectRecordsResult } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn } = useSimulation();

const SYNCING: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Engaged' },
  { afterMs: 2 * HOUR_MS, status: 'Syncing' },
];

interface Row {
  readonly rule: string;
  readonly script: readonly Change[];
  readonly result: CollectRecordsResult;
  readonly isWithdrawn: boolean;
  /** In ms after the start: [earliest, latest]. */
  readonly closesBetween: readonly [number, number];
}

const TABLE: readonly Row[] = [
  {
    rule: 'Invited: the invitation expires after 30 days',
    script: [],
    result: { outcome: 'expired', reason: 'invitation-expired', documents: 0 },
    isWithdrawn: true,
    closesBetween: [30 * DAY_MS, 30 * DAY_MS + MINUTE_MS],
  },
  {
    rule: 'Syncing: at the deadline the listed reports are collected',
    script: [...SYNCING, { afterMs: DAY_MS, reports: provider('A') }],
    result: { outcome: 'partial', reason: 'deadline', documents: 3 },
    isWithdrawn: true,
    closesBetween: [90 * DAY_MS, 90 * DAY_MS + MINUTE_MS],
  },
  {
    rule: 'Some Synced: the applicant is partial a day after the first one',
    script: [
      { afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') },
      { afterMs: 8 * HOUR_MS, status: 'Syncing' },
      { afterMs: 16 * HOUR_MS, status: 'Some Synced', reports: provider('B') },
    ],
    result: { outcome: 'partial', reason: null, documents: 6 },
    isWithdrawn: false,
    closesBetween: [25 * HOUR_MS, 30 * HOUR_MS + MINUTE_MS],
  },
  {
    rule: 'All Synced: the applicant is collected once no report is added for ten minutes',
    script: [...SYNCING, { afterMs: 3 * HOUR_MS, status: ' all  SYNCED ', reports: provider('A') }],
    result: { outcome: 'collected', reason: null, documents: 3 },
    isWithdrawn: false,
    closesBetween: [3 * HOUR_MS + 10 * MINUTE_MS, 6 * HOUR_MS + 11 * MINUTE_MS],
  },
  {
    rule: 'Declined: nothing is fetched',
    script: [
      { afterMs: HOUR_MS, status: 'Engaged' },
      { afterMs: 3 * HOUR_MS, status: 'Declined', reports: provider('A') },
    ],
    result: { outcome: 'declined', reason: 'declined', documents: 0 },
    isWithdrawn: true,
    closesBetween: [3 * HOUR_MS, 6 * HOUR_MS + MINUTE_MS],
  },
  {
    rule: 'Error: after an hour the listed reports are collected',
    script: [...SYNCING, { afterMs: 3 * HOUR_MS, status: 'Error', reports: provider('A') }],
    result: { outcome: 'failed', reason: 'upstream-error', documents: 3 },
    isWithdrawn: true,
    closesBetween: [4 * HOUR_MS, 7 * HOUR_MS + MINUTE_MS],
  },
  {
    rule: 'Disconnected without reports: the applicant waits for the next connection',
    script: [
      ...SYNCING,
      { afterMs: 3 * HOUR_MS, status: 'Disconnected' },
      { afterMs: 30 * HOUR_MS, status: 'Syncing' },
      { afterMs: 40 * HOUR_MS, status: 'All Synced', reports: provider('A') },
    ],
    result: { outcome: 'collected', reason: null, documents: 3 },
    isWithdrawn: false,
    closesBetween: [40 * HOUR_MS, 44 * HOUR_MS],
  },
];

describe.each([
  ['by polls', false],
  ['by notices', true],
])('a status that is known %s', (_how, byNotices) => {
  test.each(TABLE)('$rule', async ({ script, result, isWithdrawn, closesBetween: [earliestMs, latestMs] }) => {
    const policy = byNotices ? BY_NOTICES : DEFAULT_POLICY;
    const applicant = await follow(script, { policy, forgetAfterTasks: 3 });
    if (byNotices) await applicant.sendNotices(script);
    const end = await applicant.waitForEnd();
    expect(end).toMatchObject({ status: 'COMPLETED', result });
    expect(end.afterMs).toBeGreaterThanOrEqual(earliestMs);
    expect(end.afterMs).toBeLessThanOrEqual(latestMs);
    expectReadBeforeClose(applicant, isWithdrawn);
    const { clientUserId, humanId, manifest } = applicant;
    const { outcome, reason } = result;
    expect(manifest).toMatchObject({ clientUserId, humanId, outcome, reason, closedAt: expect.any(String) });
    expect(manifest.documents).toHaveLength(result.documents);
  });
});

/** One invitation, at most one withdrawal as the last call, and a read shortly before the close. */
function expectReadBeforeClose(applicant: ApplicantUnderTest, isWithdrawn: boolean): void {
  const routes = applicant.routes();
  expect(routes.filter((route) => route === 'invite')).toHaveLength(1);
  expect(routes.filter((route) => route === 'withdraw')).toHaveLength(isWithdrawn ? 1 : 0);
  if (isWithdrawn) expect(routes.at(-1)).toBe('withdraw');
  expect(routes.slice(-8)).toContain('readStatus');
}

test.each([
  ['Engaged', 'engaged'],
  ['Syncing', 'syncing'],
  ['Attn Required', 'attention'],
  ['Some Synced', 'collecting'],
  ['All Synced', 'collecting'],
  ['Disconnected', 'attention'],
  ['Pondering', 'invited'],
])('the status %s shows as the stage %s', async (status, stage) => {
  const applicant = await follow([{ afterMs: HOUR_MS, status }], { policy: BY_NOTICES });
  await applicant.skipTo(HOUR_MS);
  expect((await applicant.state()).stage).toBe('invited');
  await applicant.sendStatusNotice(status, HOUR_MS);
  expect(await applicant.state()).toMatchObject({ stage, status });
});

describe('a person who is deleted upstream', () => {
  const GONE: readonly Change[] = [{ afterMs: HOUR_MS, gone: true }];

  test('ends the applicant after two reads and look-ups, five minutes apart', async () => {
    const applicant = await follow(GONE);
    expect(await applicant.waitForEnd()).toMatchObject({
      status: 'COMPLETED',
      result: { outcome: 'cancelled', reason: 'deleted-upstream', documents: 0 },
    });
    expect(applicant.manifest).toMatchObject({ outcome: 'cancelled', reason: 'deleted-upstream' });
    expect(applicant.routes(MINUTE_MS)).toEqual(['readStatus', 'findPeople', 'readStatus', 'findPeople']);
    const [first, second] = applicant.upstream.callsTo('readStatus').map(({ atMs }) => atMs);
    expect((second ?? 0) - (first ?? 0)).toBe(5 * MINUTE_MS);
  });

  test('is followed again if the second read finds the person', async () => {
    const applicant = await follow([...GONE, { afterMs: 6 * HOUR_MS + 2 * MINUTE_MS, status: 'Declined' }]);
    expect((await applicant.waitForEnd()).result).toMatchObject({ outcome: 'declined' });
  });

  test('is not assumed while look-ups find the person, or fail', async () => {
    const found = new FakeUpstream([]);
    found.faults.push({ route: 'readStatus', error: new NotFound(facts(404)) });
    const unavailable = new FakeUpstream(GONE);
    const when = () => unavailable.people.length > 0;
    unavailable.faults.push({ route: 'findPeople', error: new Unavailable(facts(503), 'scripted'), when });
    for (const upstream of [found, unavailable]) {
      const applicant = await followOn(upstream);
      await applicant.skipTo(25 * HOUR_MS);
      expect(await applicant.state()).toMatchObject({ outcome: null });
      // At the cadence of polls.
      if (upstream === found) expect(found.count('readStatus')).toBe(4);
    }
  });

  test('is followed under another humanId if upstream has moved the person', async () => {
    const upstream = new FakeUpstream([]);
    const applicant = await followOn(upstream);
    await applicant.waitForInvitation();
    const [old] = upstream.people;
    if (!old) throw new Error('expected an invited person');
    old.deleted = true;
    const moved = upstream.addPerson(applicant.clientUserId, old.email, old.invitedAtMs);
    const state = await applicant.skipUntil(({ humanId }) => humanId === moved.humanId);
    expect(state.outcome).toBeNull();
    expect((await applicant.handle.describe()).searchAttributes['HumanId']).toEqual([moved.humanId]);
  });
});
