import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { AlreadyExists, RateLimited, Unavailable, ValidationRejected } from '../../src/upstream/errors';
import { invitationQuery } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider, type Route } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const COLLECTED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const ID = 'POL-existing';
const DROPPED = new Unavailable(facts(null), 'scripted', { callMayBeAlive: false });

/** Follows an applicant whose person exists upstream since yesterday. */
async function followExisting(script = COLLECTED, email = `${ID}@example.org`): Promise<ApplicantUnderTest> {
  const upstream = new FakeUpstream(script);
  upstream.addPerson(ID, email, (await nowMs()) - DAY_MS);
  return followOn(upstream, { clientUserId: ID, policy: BY_NOTICES });
}

/** The times of the calls of a route, after the first one. */
function callTimes({ upstream }: ApplicantUnderTest, route: Route): number[] {
  const times = upstream.callsTo(route).map(({ atMs }) => atMs);
  return times.map((atMs) => atMs - (times[0] ?? 0));
}

test('an invitation is one look-up and one create', async () => {
  const applicant = await follow([], { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  expect(applicant.routes()).toEqual(['findPeople', 'invite']);
  expect(await applicant.state()).toMatchObject({ stage: 'invited', humanId: applicant.humanId });
});

describe('the link of the invitation', () => {
  const LINK = 'https://connect.example.org/i/4711';
  const readLink = ({ handle }: ApplicantUnderTest) => handle.query(invitationQuery);

  test('is available from the create until the close, and neither the state nor the manifest contains it', async () => {
    const upstream = new FakeUpstream(COLLECTED);
    upstream.inviteLink = LINK;
    const release = upstream.hold('invite');
    const applicant = await followOn(upstream);
    await upstream.waitForCall('invite');
    expect(await readLink(applicant)).toEqual({ inviteLink: null, why: 'not-invited-yet' });
    release();
    await applicant.waitForInvitation();
    expect(await readLink(applicant)).toEqual({ inviteLink: LINK, why: null });
    expect(JSON.stringify(await applicant.state())).not.toContain(LINK);
    await applicant.waitForEnd();
    expect(await readLink(applicant)).toEqual({ inviteLink: null, why: 'closed' });
    expect(JSON.stringify([await applicant.state(), applicant.store.written])).not.toContain(LINK);
  });

  test('is removed as soon as a cancel withdraws the person', async () => {
    const upstream = new FakeUpstream([]);
    upstream.inviteLink = LINK;
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = upstream.hold('withdraw');
    await applicant.handle.cancel();
    await upstream.waitForCall('withdraw');
    expect(await readLink(applicant)).toEqual({ inviteLink: null, why: 'closed' });
    release();
  });

  test('is unknown for an adopted person, and if the create returns none', async () => {
    const applicants = [await followExisting([]), await follow([], { policy: BY_NOTICES })];
    for (const [index, why] of ['adopted', 'not-returned'].entries()) {
      const applicant = applicants[index] as ApplicantUnderTest;
      await applicant.waitForInvitation();
      expect(await readLink(applicant)).toEqual({ inviteLink: null, why });
    }
  });
});

describe('a create without an answer', () => {
  test.each([
    ['at once', 0],
    ['20 s later', 20 * SECOND_MS],
  ])('that is visible %s is found, and no one is invited twice', async (_when, commitDelayMs) => {
    const upstream = new FakeUpstream([]);
    upstream.commitDelayMs = commitDelayMs;
    upstream.faults.push({ route: 'invite', error: DROPPED, times: 1, after: true });
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    await applicant.skip(10 * MINUTE_MS);
    expect([upstream.count('invite'), upstream.people.length]).toEqual([1, 1]);
  });
});

test('the answer 409 leads to a look-up, and the person is adopted', async () => {
  const upstream = new FakeUpstream(COLLECTED);
  upstream.commitDelayMs = 10 * SECOND_MS;
  upstream.addPerson(ID, `${ID}@example.org`, await nowMs());
  upstream.faults.push({ route: 'invite', error: new AlreadyExists(facts(409)) });
  const applicant = await followOn(upstream, { clientUserId: ID, policy: BY_NOTICES });
  await applicant.waitForInvitation();
  expect([upstream.count('invite'), upstream.people.length]).toEqual([1, 1]);
});

describe('a person who exists already', () => {
  test('is adopted, not invited, and collected at once', async () => {
    const applicant = await followExisting();
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(afterMs).toBeLessThan(11 * MINUTE_MS);
    expect(applicant.upstream.count('invite')).toBe(0);
  });

  test('and has declined is read before anything is deleted', async () => {
    const applicant = await followExisting([{ afterMs: 0, status: 'Declined' }]);
    expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('declined');
    expect(applicant.routes()).toEqual(['findPeople', 'readStatus', 'withdraw']);
  });

  test('with another e-mail is a conflict, and nothing is deleted', async () => {
    const applicant = await followExisting(COLLECTED, 'someone.else@example.org');
    const { status, result } = await applicant.waitForEnd(MINUTE_MS);
    expect([status, result]).toEqual(['COMPLETED', { outcome: 'failed', reason: 'conflict', documents: 0 }]);
    expect(applicant.routes()).toEqual(['findPeople']);
    expect(applicant.manifest).toMatchObject({ outcome: 'failed', reason: 'conflict' });
  });
});

test('rejected details fail the applicant at the first attempt, and nothing is deleted', async () => {
  const upstream = new FakeUpstream([]);
  upstream.faults.push({ route: 'invite', error: new ValidationRejected(facts(400), ['dateOfBirth']) });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  const { status, result } = await applicant.waitForEnd(MINUTE_MS);
  expect([status, result]).toEqual(['COMPLETED', { outcome: 'failed', reason: 'validation', documents: 0 }]);
  expect(applicant.routes()).toEqual(['findPeople', 'invite']);
  expect(applicant.manifest).toMatchObject({ outcome: 'failed', reason: 'validation', humanId: null });
});

test('after an outage of two hours one person is invited', async () => {
  const upstream = new FakeUpstream([]);
  const startMs = await nowMs();
  upstream.faults.push({ route: 'findPeople', error: DROPPED, when: (atMs) => atMs < startMs + 2 * HOUR_MS });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.skipUntil((state) => state.humanId !== null);
  expect(upstream.count('invite')).toBe(1);
  expect(applicant.invitedAtMs - startMs).toBeLessThanOrEqual(2 * HOUR_MS + 5 * MINUTE_MS);
  const delays = callTimes(applicant, 'findPeople').map((atMs, index, all) => atMs - (all[index - 1] ?? 0));
  expect(delays[1]).toBeLessThanOrEqual(1.2 * SECOND_MS);
  expect(Math.max(...delays)).toBeLessThanOrEqual(5.1 * MINUTE_MS);
  expect(delays.length).toBeLessThan(70);
});

test.each(['findPeople', 'invite'] as const)('a Retry-After to %s is respected', async (route) => {
  const upstream = new FakeUpstream([]);
  upstream.faults.push({ route, error: new RateLimited(facts(429), 2 * MINUTE_MS), times: 1 });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  const [, againMs = 0] = callTimes(applicant, route);
  expect(againMs).toBeGreaterThanOrEqual(2 * MINUTE_MS);
  expect(againMs).toBeLessThan(2 * MINUTE_MS + 2 * SECOND_MS);
  expect(upstream.people).toHaveLength(1);
});
