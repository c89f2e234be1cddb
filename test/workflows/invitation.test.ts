import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { AlreadyExists, RateLimited, Unavailable, ValidationRejected } from '../../src/upstream/errors';
import type { Person } from '../../src/upstream/port';
import { invitationQuery } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider, type Route, skippedMs } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const COLLECTED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const ID = 'POL-there';
const EMAIL = 'pol-there@example.org';

/** An upstream that already knows our applicant, as the test says. */
async function withSomebodyThere(email = EMAIL, script = COLLECTED, invitedAgoMs = DAY_MS): Promise<FakeUpstream> {
  const humanApi = new FakeUpstream(script);
  humanApi.enrol(ID, email, (await nowMs()) - invitedAgoMs);
  return humanApi;
}

function input(clientUserEmail = EMAIL) {
  return {
    clientUserId: ID,
    policy: BY_NOTICES,
    input: { details: { clientUserId: ID, clientUserEmail }, detailsDigest: 'digest' },
  };
}

/** When a route was called, in ms after its first call. */
function timesOf(applicant: ApplicantUnderTest, route: Route): number[] {
  const times = applicant.humanApi.callsTo(route).map(({ atMs }) => atMs);
  return times.map((atMs) => atMs - (times[0] ?? 0));
}

function dropped(callMayBeAlive: boolean): Unavailable {
  return new Unavailable(facts(null), 'scripted', { callMayBeAlive });
}

test('an invitation is one look-up and one create', async () => {
  const applicant = await follow([], { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  expect(applicant.routes()).toEqual(['findPeople', 'invite']);
  expect(await applicant.state()).toMatchObject({ stage: 'invited', humanId: applicant.humanId });
});

describe('the link of the invitation', () => {
  const LINK = 'https://connect.example.org/i/4711';
  const linkOf = ({ handle }: ApplicantUnderTest) => handle.query(invitationQuery);

  test.each([
    ['collected', 'All Synced'],
    ['declined', 'Declined'],
  ])(
    'is kept from the create on until the applicant closes as %s, in neither the state nor the manifest',
    async (_outcome, status) => {
      const humanApi = new FakeUpstream([{ afterMs: HOUR_MS, status, reports: provider('A') }]);
      humanApi.inviteLink = LINK;
      const release = humanApi.hold('invite');
      const applicant = await followOn(humanApi);
      await humanApi.waitForCall('invite');
      expect(await linkOf(applicant)).toEqual({ inviteLink: null, why: 'not-invited-yet' });
      release();
      await applicant.waitForInvitation();
      expect(await linkOf(applicant)).toEqual({ inviteLink: LINK, why: null });
      expect(JSON.stringify(await applicant.state())).not.toContain(LINK);
      await applicant.waitForEnd();
      expect(await linkOf(applicant)).toEqual({ inviteLink: null, why: 'closed' });
      expect(JSON.stringify([await applicant.state(), applicant.store.written])).not.toContain(LINK);
    },
  );

  test('is forgotten as soon as a cancel withdraws the person', async () => {
    const humanApi = new FakeUpstream([]);
    humanApi.inviteLink = LINK;
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const release = humanApi.hold('withdraw');
    await applicant.handle.cancel();
    await humanApi.waitForCall('withdraw');
    expect(await linkOf(applicant)).toEqual({ inviteLink: null, why: 'closed' });
    release();
  });

  test('is not known of somebody who is adopted, nor where the create returns none', async () => {
    const adopted = await followOn(await withSomebodyThere(EMAIL, []), input());
    const without = await follow([], { policy: BY_NOTICES });
    for (const applicant of [adopted, without]) await applicant.skipUntil(({ humanId }) => humanId !== null, SECOND_MS);
    expect([await linkOf(adopted), await linkOf(without)]).toEqual([
      { inviteLink: null, why: 'adopted' },
      { inviteLink: null, why: 'not-returned' },
    ]);
  });
});

describe('a create whose answer was lost', () => {
  test.each([
    ['at once', 0],
    ['20 s later', 20 * SECOND_MS],
  ])('that took effect %s is found, and nobody is invited twice', async (_when, commitDelayMs) => {
    const humanApi = new FakeUpstream([]);
    humanApi.commitDelayMs = commitDelayMs;
    humanApi.faults.push({ route: 'invite', error: dropped(false), times: 1, after: true });
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    await applicant.skip(10 * MINUTE_MS);
    expect(humanApi.count('invite')).toBe(1);
    expect(humanApi.people).toHaveLength(1);
  });

  test('that took no effect is repeated, after nearly a minute of look-ups', async () => {
    const humanApi = new FakeUpstream([]);
    humanApi.faults.push({ route: 'invite', error: dropped(false), times: 1 });
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    const [, secondCreateMs = 0] = timesOf(applicant, 'invite');
    expect(secondCreateMs).toBeGreaterThanOrEqual(50 * SECOND_MS);
    const [first, second] = applicant.humanApi.callsTo('invite');
    expect(skippedMs(first, second)).toBeLessThanOrEqual(MINUTE_MS);
    const between = applicant.routes().slice(2, -1);
    expect(between.length).toBeGreaterThanOrEqual(5);
    expect(new Set(between)).toEqual(new Set(['findPeople']));
    expect(humanApi.people).toHaveLength(1);
  });

  test('is not looked for before the call is known dead', async () => {
    const humanApi = new FakeUpstream([]);
    humanApi.faults.push({ route: 'invite', error: dropped(true), times: 1, after: true });
    const startedMs = performance.now();
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.waitForInvitation();
    // The attempt itself waits, by the worker's clock.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(0);
    expect(applicant.routes()).toEqual(['findPeople', 'invite', 'findPeople']);
  });

  test('is looked for through an outage that follows, however long', async () => {
    const humanApi = new FakeUpstream([]);
    humanApi.faults.push({ route: 'invite', error: dropped(false), times: 1, after: true });
    humanApi.faults.push({
      route: 'findPeople',
      error: dropped(false),
      when: (atMs) => humanApi.people[0] !== undefined && atMs < humanApi.people[0].invitedAtMs + 2 * HOUR_MS,
    });
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.skipUntil((state) => state.humanId !== null, MINUTE_MS);
    expect(humanApi.count('invite')).toBe(1);
    expect(humanApi.people).toHaveLength(1);
  });
});

describe('409', () => {
  test('means to look up: whoever is there is adopted', async () => {
    const humanApi = new FakeUpstream(COLLECTED);
    humanApi.commitDelayMs = 10 * SECOND_MS;
    humanApi.enrol(ID, EMAIL, await nowMs());
    humanApi.faults.push({ route: 'invite', error: new AlreadyExists(facts(409)) });
    const applicant = await followOn(humanApi, input());
    await applicant.waitForInvitation();
    expect(humanApi.count('invite')).toBe(1);
    expect(humanApi.people).toHaveLength(1);
  });

  test('with nobody to be found is a conflict for a human', async () => {
    const humanApi = new FakeUpstream(COLLECTED);
    humanApi.faults.push({ route: 'invite', error: new AlreadyExists(facts(409)) });
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    const { result } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'failed', reason: 'conflict', documents: 0 });
    expect(skippedMs(humanApi.calls[0], humanApi.calls.at(-1))).toBeLessThanOrEqual(MINUTE_MS);
    expect(humanApi.count('invite')).toBe(1);
    expect(humanApi.count('withdraw')).toBe(0);
  });
});

describe('somebody who is there already', () => {
  test('is adopted and not invited', async () => {
    const applicant = await followOn(await withSomebodyThere(), input());
    expect((await applicant.waitForEnd()).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(applicant.humanApi.count('invite')).toBe(0);
  });

  test('whose records are all there is collected from at once', async () => {
    const applicant = await followOn(await withSomebodyThere(), input());
    expect((await applicant.waitForEnd(MINUTE_MS)).afterMs).toBeLessThan(11 * MINUTE_MS);
  });

  test('and has declined by the look-up is read back before anything is deleted', async () => {
    const applicant = await followOn(await withSomebodyThere(EMAIL, [{ afterMs: 0, status: 'Declined' }]), input());
    expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('declined');
    expect(applicant.routes()).toEqual(['findPeople', 'readStatus', 'withdraw']);
  });

  test('whose e-mail differs in case and spaces only is the same', async () => {
    const applicant = await followOn(await withSomebodyThere(' Pol-There@EXAMPLE.org '), input());
    await applicant.waitForInvitation();
    expect(applicant.humanApi.count('invite')).toBe(0);
  });

  test('whose e-mail upstream does not tell is adopted', async () => {
    const humanApi = await withSomebodyThere();
    humanApi.editPerson = (user) => ({ ...user, email: null });
    const applicant = await followOn(humanApi, input());
    await applicant.waitForInvitation();
    expect(humanApi.count('invite')).toBe(0);
  });

  test('under another e-mail is a conflict for a human, and nothing is deleted', async () => {
    const applicant = await followOn(await withSomebodyThere('somebody.else@example.org'), input());
    const { status, result } = await applicant.waitForEnd(MINUTE_MS);
    expect({ status, result }).toEqual({
      status: 'COMPLETED',
      result: { outcome: 'failed', reason: 'conflict', documents: 0 },
    });
    expect(applicant.routes()).toEqual(['findPeople']);
    expect(applicant.manifest).toMatchObject({ outcome: 'failed', reason: 'conflict' });
  });

  test('without a clientUserId is adopted as the only element of the reply', async () => {
    const humanApi = await withSomebodyThere();
    humanApi.editPerson = (user) => ({ ...user, clientUserId: null });
    const applicant = await followOn(humanApi, input());
    await applicant.waitForInvitation();
    expect(humanApi.count('invite')).toBe(0);
  });

  test.each<[string, (user: Person) => Person[]]>([
    [
      'two elements without a clientUserId',
      (user) => [
        { ...user, clientUserId: null },
        { ...user, clientUserId: null },
      ],
    ],
    ['only an element with another clientUserId', (user) => [{ ...user, clientUserId: 'POL-else' }]],
  ])('is nobody of ours where the reply has %s', async (_what, reply) => {
    const humanApi = await withSomebodyThere();
    humanApi.editLookUp = (users) => users.flatMap(reply);
    const applicant = await followOn(humanApi, input());
    await applicant.skipUntil((state) => state.humanId !== null, SECOND_MS);
    expect(humanApi.count('invite')).toBe(1);
  });

  test('is told by clientUserId among several elements', async () => {
    const humanApi = await withSomebodyThere();
    humanApi.editLookUp = (users) =>
      users.flatMap((user) => [{ ...user, clientUserId: 'POL-else', subjectId: 'h-else' }, user]);
    const applicant = await followOn(humanApi, input());
    await applicant.waitForInvitation();
    expect((await applicant.state()).humanId).toBe(applicant.humanId);
    expect(humanApi.count('invite')).toBe(0);
  });
});

test('details that upstream refuses fail the applicant at the first try, and nothing is deleted', async () => {
  const humanApi = new FakeUpstream([]);
  humanApi.faults.push({ route: 'invite', error: new ValidationRejected(facts(400), ['dateOfBirth']) });
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  const { status, result } = await applicant.waitForEnd(MINUTE_MS);
  expect({ status, result }).toEqual({
    status: 'COMPLETED',
    result: { outcome: 'failed', reason: 'validation', documents: 0 },
  });
  expect(applicant.routes()).toEqual(['findPeople', 'invite']);
  expect(applicant.manifest).toMatchObject({ outcome: 'failed', reason: 'validation', humanId: null });
});

test('an outage of two hours is outlived, and one person is invited', async () => {
  const humanApi = new FakeUpstream([]);
  const startMs = await nowMs();
  humanApi.faults.push({ route: 'findPeople', error: dropped(true), when: (atMs) => atMs < startMs + 2 * HOUR_MS });
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.skipUntil((state) => state.humanId !== null);
  expect(humanApi.count('invite')).toBe(1);
  expect(applicant.invitedAtMs - startMs).toBeLessThanOrEqual(2 * HOUR_MS + 5 * MINUTE_MS);
  const apartMs = timesOf(applicant, 'findPeople').map((atMs, at, all) => atMs - (all[at - 1] ?? 0));
  const [first, second] = applicant.humanApi.callsTo('findPeople');
  expect(skippedMs(first, second)).toBeLessThanOrEqual(1.2 * SECOND_MS);
  expect(Math.max(...apartMs)).toBeLessThanOrEqual(5.1 * MINUTE_MS);
  expect(apartMs.length).toBeLessThan(70);
});

test.each(['findPeople', 'invite'] as const)('a Retry-After to %s is honoured', async (route) => {
  const humanApi = new FakeUpstream([]);
  humanApi.faults.push({ route, error: new RateLimited(facts(429), 2 * MINUTE_MS), times: 1 });
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  const [, againMs = 0] = timesOf(applicant, route);
  expect(againMs).toBeGreaterThanOrEqual(2 * MINUTE_MS);
  const [first, again] = applicant.humanApi.callsTo(route);
  expect(skippedMs(first, again)).toBeLessThan(2 * MINUTE_MS + 2 * SECOND_MS);
  expect(humanApi.people).toHaveLength(1);
});
