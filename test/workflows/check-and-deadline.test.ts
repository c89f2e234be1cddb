import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import {
  cancelApplicantSignal,
  checkNowSignal,
  NOT_NOW,
  setDeadlineUpdate,
  snoozeUpdate,
} from '../../src/workflows/contract';
import { addedEvents } from '../simulation/added-events';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const cancel = (applicant: ApplicantUnderTest) =>
  applicant.handle.signal(cancelApplicantSignal, { reasonCode: 'other' });
const refusal = (message: string) => ({ type: NOT_NOW, message });
const setDeadline = (applicant: ApplicantUnderTest, request: unknown, options = {}) =>
  applicant.handle.executeUpdate(setDeadlineUpdate, { args: [request as { atMs: number }], ...options });
const snooze = (applicant: ApplicantUnderTest, request: unknown, options = {}) =>
  applicant.handle.executeUpdate(snoozeUpdate, { args: [request as { untilMs: number }], ...options });

/** The actions in the timeline, and how often each was repeated. */
async function kinds(applicant: ApplicantUnderTest) {
  const { timeline } = await applicant.state();
  const actions = timeline.entries.filter(({ kind, source }) => source === 'operator' && kind !== 'closed');
  return actions.map(({ kind, count }) => [kind, count ?? 1]);
}

/** An invited applicant whose polls come long after the tests. */
async function setup(script: readonly Change[] = []) {
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  return applicant;
}

describe('checkNow', () => {
  test('reads the status and lists the reports within seconds', async () => {
    const applicant = await setup([{ afterMs: HOUR_MS, status: 'Engaged' }]);
    await applicant.skipTo(2 * HOUR_MS);
    await applicant.handle.signal(checkNowSignal);
    await applicant.skip(3 * SECOND_MS);
    expect(applicant.routes(2 * HOUR_MS).toSorted()).toEqual(['listReports', 'readStatus']);
    expect(await applicant.state()).toMatchObject({ stage: 'engaged' });
    expect(await kinds(applicant)).toEqual([['check-requested', 1]]);
  });

  test('repeated a hundred times, keeps the rate limits', async () => {
    const applicant = await setup();
    for (let times = 0; times < 100; times += 1) {
      await applicant.handle.signal(checkNowSignal);
      await applicant.skip(SECOND_MS);
    }
    expect(applicant.upstream.count('readStatus')).toBeLessThanOrEqual(7);
    expect(applicant.upstream.count('listReports')).toBeLessThanOrEqual(7);
  });

  test('is ignored before the invitation, during a cancel and after the closing', async () => {
    const upstream = new FakeUpstream([]);
    const [releaseInvite, releaseWithdrawal] = [upstream.hold('invite'), upstream.hold('withdraw')];
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await upstream.waitForCall('invite');
    await applicant.handle.signal(checkNowSignal);
    releaseInvite();
    await applicant.waitForInvitation();
    await cancel(applicant);
    await upstream.waitForCall('withdraw');
    await applicant.handle.signal(checkNowSignal);
    releaseWithdrawal();
    await applicant.waitForEnd(MINUTE_MS);
    expect(await kinds(applicant)).toEqual([['cancel-requested', 1]]);
    expect([upstream.count('readStatus'), upstream.count('listReports')]).toEqual([0, 0]);
  });
});

describe('setDeadline', () => {
  test('ends an unanswered invitation earlier, and shows when', async () => {
    const applicant = await setup();
    const atMs = applicant.invitedAtMs + 2 * DAY_MS;
    await setDeadline(applicant, { atMs });
    await setDeadline(applicant, { atMs });
    expect(await applicant.state()).toMatchObject({ waitingUntilMs: atMs, facts: { deadlineAtMs: atMs } });
    const { result } = await applicant.waitForEnd(HOUR_MS);
    expect(result).toMatchObject({ outcome: 'expired', reason: 'invitation-expired' });
    expect(Math.abs((await nowMs()) - atMs)).toBeLessThan(2 * HOUR_MS);
    expect(await kinds(applicant)).toEqual([['deadline-changed', 1]]);
  });

  test('keeps an applicant open for longer, also over continue-as-new', async () => {
    const applicant = await setup();
    await setDeadline(applicant, { atMs: applicant.invitedAtMs + 200 * DAY_MS });
    await applicant.skip(100 * DAY_MS);
    await applicant.continueAsNew();
    expect(await applicant.state()).toMatchObject({ stage: 'invited' });
    expect((await applicant.waitForEnd(HOUR_MS)).result).toMatchObject({ outcome: 'expired' });
    expect(Math.round(((await nowMs()) - applicant.invitedAtMs) / DAY_MS)).toBe(200);
  });

  test('in time, saves an applicant whose deadline has passed in an outage', async () => {
    const upstream = new FakeUpstream([]);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = upstream.hold('readStatus');
    const skipping = applicant.skip(30 * DAY_MS + HOUR_MS);
    await upstream.waitForCall('readStatus');
    await setDeadline(applicant, { atMs: applicant.invitedAtMs + 60 * DAY_MS });
    release();
    await skipping;
    expect(await applicant.state()).toMatchObject({ stage: 'invited', outcome: null });
  });
});

describe('snooze', () => {
  test('writes the memo once, and no note', async () => {
    const applicant = await setup();
    const untilMs = (await nowMs()) + DAY_MS;
    const snoozeTwice = async () => {
      await snooze(applicant, { untilMs, note: 'Jane Doe is on holiday' });
      await snooze(applicant, { untilMs });
    };
    expect(await addedEvents(applicant, /^WorkflowPropertiesModified$/, snoozeTwice)).toBe(1);
    expect(await applicant.state()).toMatchObject({ snoozedUntilMs: untilMs });
    expect(await kinds(applicant)).toEqual([['snoozed', 1]]);
    expect(JSON.stringify(await applicant.state())).not.toContain('Jane');
  });
});

// A replay runs the handlers without the validators, so the handlers have to refuse the same.
describe.each([true, false])('with a validator: %s, are refused', (runValidator) => {
  const options = { runValidator };

  test('times in the past, more than a year ahead, and malformed ones', async () => {
    const applicant = await setup();
    const now = await nowMs();
    for (const [timeMs, why] of [
      [now, 'in-the-past'],
      [now + 366 * DAY_MS, 'too-far-ahead'],
    ] as const) {
      await expect(setDeadline(applicant, { atMs: timeMs }, options)).rejects.toMatchObject(refusal(why));
      await expect(snooze(applicant, { untilMs: timeMs }, options)).rejects.toMatchObject(refusal(why));
    }
    const malformed = { type: 'MalformedUpdate' };
    for (const timeMs of [null, '2027-02-01', Number.NaN, 1.5, {}]) {
      await expect(setDeadline(applicant, { atMs: timeMs }, options)).rejects.toMatchObject(malformed);
      await expect(snooze(applicant, { untilMs: timeMs }, options)).rejects.toMatchObject(malformed);
    }
    await expect(setDeadline(applicant, null, options)).rejects.toMatchObject(malformed);
    expect(await applicant.state()).toMatchObject({ snoozedUntilMs: null, facts: { deadlineAtMs: null } });
  });

  test('a deadline before the invitation, and both during a cancel', async () => {
    const upstream = new FakeUpstream([]);
    const [releaseInvite, releaseWithdrawal] = [upstream.hold('invite'), upstream.hold('withdraw')];
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await upstream.waitForCall('invite');
    const timeMs = (await nowMs()) + DAY_MS;
    await expect(setDeadline(applicant, { atMs: timeMs }, options)).rejects.toMatchObject(refusal('inviting'));
    await snooze(applicant, { untilMs: timeMs }, options);
    releaseInvite();
    await applicant.waitForInvitation();
    await cancel(applicant);
    await upstream.waitForCall('withdraw');
    await expect(setDeadline(applicant, { atMs: timeMs }, options)).rejects.toMatchObject(refusal('cancelling'));
    await expect(snooze(applicant, { untilMs: timeMs + 1 }, options)).rejects.toMatchObject(refusal('cancelling'));
    releaseWithdrawal();
    await applicant.waitForEnd(MINUTE_MS);
    await expect(snooze(applicant, { untilMs: timeMs }, options)).rejects.toThrow();
  });
});
