import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, DOWN, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];

/** The run is Canceled, and its search attributes and its manifest show the outcome. */
async function expectCancelled(applicant: ApplicantUnderTest): Promise<void> {
  expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes).toMatchObject({ ApplicantOutcome: ['cancelled'], ApplicantStage: ['closed'] });
  expect(applicant.manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator', closedAt: expect.any(String) });
  expect(applicant.upstream.people.every(({ deleted }) => deleted)).toBe(true);
}

describe('a cancel before the invitation', () => {
  test.each([
    [null, 'cancelled'],
    ['collected', 'collected'],
  ] as const)(
    'while a manifest with the outcome %s is read: the outcome is %s, and upstream is not called',
    async (recorded, outcome) => {
      const store = new FakeStore();
      store.addManifest('POL-read', { outcome: recorded });
      const release = store.hold();
      const applicant = await follow([], { policy: BY_NOTICES, store, clientUserId: 'POL-read' });
      await store.waitForCall();
      applicant.handle.cancel();
      release();
      await applicant.waitForEnd(MINUTE_MS);
      expect([applicant.manifest.outcome, applicant.routes()]).toEqual([outcome, []]);
    },
  );

  test('in a back-off: no one is invited', async () => {
    const upstream = new FakeUpstream([]);
    const upAgainMs = (await nowMs()) + HOUR_MS;
    upstream.faults.push({ route: 'findPeople', error: DOWN, when: (atMs) => atMs < upAgainMs });
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.skip(40 * SECOND_MS);
    await applicant.handle.cancel();
    await expectCancelled(applicant);
    expect(upstream.count('findPeople')).toBeGreaterThan(1);
    expect(upstream.count('invite')).toBe(0);
  });
});

describe('a cancel during the invitation', () => {
  test.each(['findPeople', 'invite'] as const)(
    'while %s is in flight: a created person is withdrawn',
    async (route) => {
      const upstream = new FakeUpstream([]);
      const release = upstream.hold(route);
      const applicant = await followOn(upstream, { policy: BY_NOTICES });
      await upstream.waitForCall(route);
      await applicant.handle.cancel();
      release();
      await expectCancelled(applicant);
      const { people } = upstream;
      if (route === 'invite') expect([people.length, applicant.manifest.humanId]).toEqual([1, applicant.humanId]);
    },
  );

  test.each([
    ['at once', 0],
    ['40 s later', 40 * SECOND_MS],
  ])(
    'after a create without an answer that is visible %s: the person is found and withdrawn',
    async (_when, delayMs) => {
      const upstream = new FakeUpstream([]);
      upstream.commitDelayMs = delayMs;
      upstream.faults.push({ route: 'invite', error: DOWN, times: 1, after: true });
      const upAgainMs = (await nowMs()) + HOUR_MS;
      const when = (atMs: number) => delayMs === 0 && upstream.people.length > 0 && atMs < upAgainMs;
      upstream.faults.push({ route: 'findPeople', error: DOWN, when });
      const applicant = await followOn(upstream, { policy: BY_NOTICES });
      await applicant.skip(5 * SECOND_MS);
      await applicant.handle.cancel();
      await expectCancelled(applicant);
      expect([upstream.count('invite'), upstream.people.length]).toEqual([1, 1]);
    },
  );

  test('after the answer: a person who is gone is looked up for half a minute', async () => {
    const upstream = new FakeUpstream([]);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    for (const person of upstream.people) person.deleted = true;
    await applicant.handle.cancel();
    await expectCancelled(applicant);
    const calls = upstream.calls.slice(upstream.calls.findIndex(({ route }) => route === 'withdraw'));
    expect(new Set(calls.slice(1).map(({ route }) => route))).toEqual(new Set(['findPeople']));
    expect((calls.at(-1)?.atMs ?? Infinity) - (calls[0]?.atMs ?? 0)).toBeLessThan(45 * SECOND_MS);
  });
});

describe('a cancel after the invitation', () => {
  test('does not wait for a poll in flight', async () => {
    const upstream = new FakeUpstream([]);
    const applicant = await followOn(upstream);
    await applicant.waitForInvitation();
    const release = upstream.hold('readStatus');
    const skipping = applicant.skip(7 * HOUR_MS);
    await upstream.waitForCall('readStatus');
    await applicant.handle.cancel();
    await upstream.waitForCall('withdraw');
    release();
    await skipping;
    await expectCancelled(applicant);
  });

  test('does not wait for the last list before the conclusion, and its answer changes nothing', async () => {
    const upstream = new FakeUpstream(ALL_SYNCED);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices(ALL_SYNCED);
    await applicant.skip(5 * MINUTE_MS);
    const listed = upstream.count('listReports');
    const release = upstream.hold('listReports');
    const skipping = applicant.skip(10 * MINUTE_MS);
    await upstream.waitForCall('listReports', listed + 1);
    await applicant.handle.cancel();
    await upstream.waitForCall('withdraw');
    release();
    await skipping;
    await expectCancelled(applicant);
    expect(applicant.manifest.documents).toHaveLength(3);
  });

  test('during an outage: the withdrawal is retried until it succeeds', async () => {
    const upstream = new FakeUpstream([]);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const upAgainMs = (await nowMs()) + 3 * HOUR_MS;
    upstream.faults.push({ route: 'withdraw', error: DOWN, when: (atMs) => atMs < upAgainMs });
    await applicant.handle.cancel();
    await applicant.skip(2 * HOUR_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, waitingFor: expect.stringContaining('withdraw') });
    await expectCancelled(applicant);
  });

  test.each([
    ['in a back-off', false],
    ['in flight', true],
  ])(
    'while a download is %s: it ends, the manifest records what is stored, then the person is withdrawn',
    async (_how, isHeld) => {
      const upstream = new FakeUpstream(ALL_SYNCED);
      if (!isHeld) upstream.faults.push({ route: 'openReport', error: DOWN, target: 'u-A.json' });
      const release = isHeld ? upstream.hold('openReport') : () => {};
      const applicant = await followOn(upstream, { policy: BY_NOTICES });
      await applicant.sendNotices(ALL_SYNCED);
      const skipping = applicant.skip(40 * SECOND_MS);
      await (isHeld ? upstream.waitForCall('openReport', 3) : skipping);
      await applicant.handle.cancel();
      expect(upstream.count('withdraw')).toBe(isHeld ? 0 : 1);
      release();
      await skipping;
      await expectCancelled(applicant);
      expect(applicant.manifest.documents).toHaveLength(isHeld ? 0 : 2);
      expect(applicant.routes().at(-1)).toBe('withdraw');
    },
  );

  test('during the withdrawal of another outcome keeps that outcome', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Declined' }];
    const upstream = new FakeUpstream(script);
    const release = upstream.hold('withdraw');
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices(script);
    await upstream.waitForCall('withdraw');
    await applicant.handle.cancel();
    release();
    expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('declined');
    expect([upstream.count('withdraw'), applicant.manifest.outcome]).toEqual([1, 'declined']);
  });
});
