import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { cancelApplicantSignal, finishNowUpdate, NOT_NOW } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { type ApplicantUnderTest, MAX_SIGNALS_IN_STEP } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, DOWN, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const SYNCING: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }];
const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const DECLINED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Declined' }];
const REQUEST = { reasonCode: 'decision-made' } as const;

const finish = (applicant: ApplicantUnderTest, request: unknown = REQUEST, options = {}) =>
  applicant.handle.executeUpdate(finishNowUpdate, { args: [request as typeof REQUEST], ...options });

const cancel = (applicant: ApplicantUnderTest) =>
  applicant.handle.signal(cancelApplicantSignal, { reasonCode: 'other' });
const refusal = (message: string) => ({ type: NOT_NOW, message });

async function expectFinished(applicant: ApplicantUnderTest, outcome: 'collected' | 'partial', documents: number) {
  const { status, result } = await applicant.waitForEnd(MINUTE_MS);
  expect([status, result]).toEqual(['COMPLETED', { outcome, reason: 'finished', documents }]);
  expect(applicant.upstream.people).toMatchObject([{ deleted: true }]);
}

describe('finishNow', () => {
  test('downloads what is listed now, withdraws the person and concludes collected', async () => {
    const applicant = await follow(SYNCING, { policy: BY_NOTICES });
    await applicant.sendNotices([{ afterMs: HOUR_MS, status: 'Syncing' }]);
    const atMs = await nowMs();
    await finish(applicant);
    await expectFinished(applicant, 'collected', 3);
    expect(await nowMs()).toBeLessThan(atMs + 5 * MINUTE_MS);
    expect(applicant.routes()).toEqual([
      'findPeople',
      'invite',
      'listReports',
      ...Array(3).fill('openReport'),
      'withdraw',
    ]);
    const { timeline } = await applicant.state();
    expect(timeline.entries).toContainEqual(
      expect.objectContaining({ kind: 'finish-requested', source: 'operator', data: REQUEST }),
    );
  });

  test('concludes partial without reports', async () => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    await finish(applicant);
    await expectFinished(applicant, 'partial', 0);
  });

  test('does not wait for the settle window; downloads in flight end, and a list follows', async () => {
    const upstream = new FakeUpstream(ALL_SYNCED);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    upstream.faults.push({ route: 'openReport', error: DOWN, times: 3 });
    await applicant.sendNotices(ALL_SYNCED);
    await applicant.skip(2 * SECOND_MS);
    const release = upstream.hold('openReport');
    const skipping = applicant.skip(MINUTE_MS);
    await upstream.waitForCall('openReport', 6);
    await finish(applicant);
    release();
    await skipping;
    await expectFinished(applicant, 'collected', 3);
    expect(applicant.routes().slice(-2)).toEqual(['listReports', 'withdraw']);
  });

  test('repeated, changes nothing', async () => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = applicant.upstream.hold('withdraw');
    await finish(applicant);
    await applicant.upstream.waitForCall('withdraw');
    const { finish: first } = await applicant.state();
    await finish(applicant, { reasonCode: 'other' });
    expect((await applicant.state()).finish).toEqual(first);
    release();
    await expectFinished(applicant, 'partial', 0);
  });

  test('in an outage is not lost, also over continue-as-new', async () => {
    const upstream = new FakeUpstream(SYNCING);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices([{ afterMs: HOUR_MS, status: 'Syncing' }]);
    const upAgainMs = (await nowMs()) + 3 * HOUR_MS;
    upstream.faults.push({ route: 'listReports', error: DOWN, when: (atMs) => atMs < upAgainMs });
    await finish(applicant);
    await applicant.skip(HOUR_MS);
    await applicant.continueAsNew(MAX_SIGNALS_IN_STEP);
    expect(await applicant.state()).toMatchObject({ outcome: null, finish: REQUEST });
    await expectFinished(applicant, 'collected', 3);
    expect(await nowMs()).toBeGreaterThanOrEqual(upAgainMs);
  });

  test('ends a read that upstream does not answer', async () => {
    const upstream = new FakeUpstream(ALL_SYNCED);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices(ALL_SYNCED);
    await applicant.skip(5 * MINUTE_MS);
    upstream.faults.push({ route: 'readStatus', error: DOWN });
    await applicant.skip(DAY_MS);
    await finish(applicant);
    await expectFinished(applicant, 'collected', 3);
  });

  test('leaves the outcome of a person who declined', async () => {
    const upstream = new FakeUpstream(DECLINED);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    const release = upstream.hold('readStatus');
    await applicant.sendNotices(DECLINED);
    await upstream.waitForCall('readStatus');
    await finish(applicant);
    release();
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toMatchObject({ outcome: 'declined', reason: 'declined' });
  });

  test('gives way to a cancel', async () => {
    const upstream = new FakeUpstream(SYNCING);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices([{ afterMs: HOUR_MS, status: 'Syncing' }]);
    const release = upstream.hold('listReports');
    await finish(applicant);
    await upstream.waitForCall('listReports');
    await cancel(applicant);
    release();
    expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('cancelled');
  });
});

// A replay runs the handler without the validator, so the handler has to refuse the same.
describe.each([true, false])('finishNow with a validator: %s, is refused', (runValidator) => {
  test('before the invitation is answered', async () => {
    const upstream = new FakeUpstream([]);
    const release = upstream.hold('invite');
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await upstream.waitForCall('invite');
    await expect(finish(applicant, REQUEST, { runValidator })).rejects.toMatchObject(refusal('inviting'));
    release();
    await applicant.waitForInvitation();
    expect(await applicant.state()).toMatchObject({ stage: 'invited', finish: null });
  });

  test('while the manifest is read', async () => {
    const store = new FakeStore();
    const release = store.hold();
    const applicant = await follow([], { policy: BY_NOTICES, store });
    await store.waitForCall();
    await expect(finish(applicant, REQUEST, { runValidator })).rejects.toMatchObject(refusal('inviting'));
    release();
  });

  test.each([
    ['closing', (applicant: ApplicantUnderTest) => applicant.sendNotices(DECLINED)],
    ['cancelling', cancel],
  ] as const)('during the withdrawal: %s', async (why, end) => {
    const applicant = await follow(DECLINED, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = applicant.upstream.hold('withdraw');
    await end(applicant);
    await applicant.upstream.waitForCall('withdraw');
    await expect(finish(applicant, REQUEST, { runValidator })).rejects.toMatchObject(refusal(why));
    release();
    await applicant.waitForEnd(MINUTE_MS);
  });

  test.each([null, 'other', {}, { reasonCode: 'jane' }])('with the malformed input %j', async (request) => {
    const applicant = await follow([], { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    await expect(finish(applicant, request, { runValidator })).rejects.toMatchObject({ type: 'MalformedUpdate' });
    expect(await applicant.state()).toMatchObject({ stage: 'invited', finish: null });
  });
});
