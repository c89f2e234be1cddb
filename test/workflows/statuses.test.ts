import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { NotFound } from '../../src/upstream/errors';
import type { CollectRecordsResult } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { type Change, DOWN, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn } = useSimulation();

const ENGAGED: Change = { afterMs: HOUR_MS, status: 'Engaged' };

interface Row {
  readonly rule: string;
  readonly script: readonly Change[];
  readonly result: CollectRecordsResult;
  /** In ms after the start: [earliest, latest]. */
  readonly closesBetween: readonly [number, number];
}

const TABLE: readonly Row[] = [
  {
    rule: 'Invited: the invitation expires after 30 days',
    script: [],
    result: { outcome: 'expired', reason: 'invitation-expired', documents: 0 },
    closesBetween: [30 * DAY_MS, 30 * DAY_MS + MINUTE_MS],
  },
  {
    rule: 'All Synced: the applicant is collected once no report is added for ten minutes',
    script: [ENGAGED, { afterMs: 3 * HOUR_MS, status: ' all  SYNCED ', reports: provider('A') }],
    result: { outcome: 'collected', reason: null, documents: 3 },
    closesBetween: [3 * HOUR_MS + 10 * MINUTE_MS, 6 * HOUR_MS + 11 * MINUTE_MS],
  },
  {
    rule: 'Declined: nothing is fetched',
    script: [ENGAGED, { afterMs: 3 * HOUR_MS, status: 'Declined', reports: provider('A') }],
    result: { outcome: 'declined', reason: 'declined', documents: 0 },
    closesBetween: [3 * HOUR_MS, 6 * HOUR_MS + MINUTE_MS],
  },
];

describe.each([
  ['by polls', false],
  ['by notices', true],
])('a status that is known %s', (_how, byNotices) => {
  test.each(TABLE)('$rule', async ({ script, result, closesBetween: [earliestMs, latestMs] }) => {
    const policy = byNotices ? BY_NOTICES : DEFAULT_POLICY;
    const applicant = await follow(script, { policy, forgetAfterTasks: 3 });
    if (byNotices) await applicant.sendNotices(script);
    const end = await applicant.waitForEnd();
    expect(end).toMatchObject({ status: 'COMPLETED', result });
    expect(end.afterMs).toBeGreaterThanOrEqual(earliestMs);
    expect(end.afterMs).toBeLessThanOrEqual(latestMs);
    const routes = applicant.routes();
    expect(routes.filter((route) => route === 'invite')).toHaveLength(1);
    expect(routes.slice(-8)).toContain('readStatus');
    // At most one withdrawal, as the last call.
    const withdrawnAt = result.outcome === 'collected' ? -1 : routes.length - 1;
    expect([routes.indexOf('withdraw'), routes.lastIndexOf('withdraw')]).toEqual([withdrawnAt, withdrawnAt]);
    const { clientUserId, humanId, manifest } = applicant;
    const { outcome, reason, documents: length } = result;
    const closed = { closedAt: expect.any(String), documents: { length } };
    expect(manifest).toMatchObject({ clientUserId, humanId, outcome, reason, ...closed });
  });
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
    const finding = new FakeUpstream([]);
    finding.faults.push({ route: 'readStatus', error: new NotFound(facts(404)) });
    const unavailable = new FakeUpstream(GONE);
    const when = () => unavailable.people.length > 0;
    unavailable.faults.push({ route: 'findPeople', error: DOWN, when });
    for (const upstream of [finding, unavailable]) {
      const applicant = await followOn(upstream);
      await applicant.skipTo(25 * HOUR_MS);
      expect(await applicant.state()).toMatchObject({ outcome: null });
      // At the cadence of polls.
      if (upstream === finding) expect(finding.count('readStatus')).toBe(4);
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
