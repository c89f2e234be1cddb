import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider, type Route } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const DOWN = new Unavailable(facts(503), 'scripted');
const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];

/**
 * In the midst of a back-off: attempts come 1, 2, 4, ... s apart, or a fifth less, so the sixth has come by 32 s and the seventh not before 50.
 * Where a cancel meets the 30 ms about the instant of a retry, the clock of this server stands still for ever, though the workflow has ended.
 */
const IN_A_BACK_OFF_MS = 40 * SECOND_MS;

/** The run is Canceled, and its outcome stands where a Canceled run can show it. */
async function expectCancelled(applicant: ApplicantUnderTest): Promise<void> {
  const { status } = await applicant.waitForEnd(MINUTE_MS);
  expect(status).toBe('CANCELLED');
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes['ApplicantOutcome']).toEqual(['cancelled']);
  expect(searchAttributes['ApplicantStage']).toEqual(['closed']);
  expect(applicant.manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator', closedAt: expect.any(String) });
}

/** Waits, in real time, until the fake is asked: virtual time stands still while a call is in flight. */
async function asked(humanApi: FakeUpstream, route: Route, times = 1): Promise<void> {
  while (humanApi.count(route) < times) await new Promise((resolve) => setImmediate(resolve));
}

test('before the invitation: nobody is invited, nobody is asked', async () => {
  const store = new FakeStore();
  const release = store.hold();
  const applicant = await follow([], { policy: BY_NOTICES, store });
  await store.waitForCall();
  await applicant.handle.cancel();
  release();
  await expectCancelled(applicant);
  expect(applicant.routes()).toEqual([]);
});

test('with the create in flight: it runs to its answer, and the person is withdrawn', async () => {
  const humanApi = new FakeUpstream([]);
  const release = humanApi.hold('invite');
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await asked(humanApi, 'invite');
  await applicant.cancelInFlight();
  release();
  await expectCancelled(applicant);
  expect(humanApi.people).toMatchObject([{ deleted: true }]);
  expect(applicant.routes()).toEqual(['findPeople', 'invite', 'withdraw']);
  expect(applicant.manifest.humanId).toBe(applicant.humanId);
});

test('with the look-up before the create in flight: nobody is left invited', async () => {
  const humanApi = new FakeUpstream([]);
  const release = humanApi.hold('findPeople');
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await asked(humanApi, 'findPeople');
  await applicant.cancelInFlight();
  release();
  await expectCancelled(applicant);
  expect(humanApi.people.every(({ deleted }) => deleted)).toBe(true);
});

test('in the back-off of an invitation: nobody is created afterwards', async () => {
  const humanApi = new FakeUpstream([]);
  const startMs = await nowMs();
  humanApi.faults.push({ route: 'findPeople', error: DOWN, when: (atMs) => atMs < startMs + 30 * MINUTE_MS });
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.skip(IN_A_BACK_OFF_MS);
  await applicant.handle.cancel();
  await expectCancelled(applicant);
  expect(humanApi.count('findPeople')).toBeGreaterThan(1);
  expect(humanApi.count('invite')).toBe(0);
  expect(humanApi.people).toEqual([]);
});

test.each([
  ['at once', 0],
  ['40 s later', 40 * SECOND_MS],
])(
  'after a create whose answer was lost and that took effect %s: the person is found and withdrawn',
  async (_when, commitDelayMs) => {
    const humanApi = new FakeUpstream([]);
    humanApi.commitDelayMs = commitDelayMs;
    humanApi.faults.push({ route: 'invite', error: DOWN, times: 1, after: true });
    const upAgainMs = (await nowMs()) + HOUR_MS;
    humanApi.faults.push({
      route: 'findPeople',
      error: DOWN,
      when: (atMs) => commitDelayMs === 0 && humanApi.people.length > 0 && atMs < upAgainMs,
    });
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await asked(humanApi, 'invite');
    await applicant.skip(5 * SECOND_MS);
    await applicant.handle.cancel();
    await expectCancelled(applicant);
    expect(humanApi.count('invite')).toBe(1);
    expect(humanApi.people).toMatchObject([{ deleted: true }]);
  },
);

test('while waiting: the person is withdrawn, once', async () => {
  const applicant = await follow([], { policy: BY_NOTICES });
  await applicant.skipTo(DAY_MS);
  await applicant.handle.cancel();
  await expectCancelled(applicant);
  expect(applicant.routes(MINUTE_MS)).toEqual(['withdraw']);
});

test('right after a create that was answered: somebody who is gone already is looked for half a minute', async () => {
  const humanApi = new FakeUpstream([]);
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  for (const person of humanApi.people) person.deleted = true;
  await applicant.handle.cancel();
  await expectCancelled(applicant);
  const since = humanApi.calls.slice(humanApi.calls.findIndex(({ route }) => route === 'withdraw'));
  expect(new Set(since.slice(1).map(({ route }) => route))).toEqual(new Set(['findPeople']));
  expect((since.at(-1)?.atMs ?? Infinity) - (since[0]?.atMs ?? 0)).toBeLessThan(45 * SECOND_MS);
});

test('while a poll is in flight: nobody waits for it', async () => {
  const humanApi = new FakeUpstream([]);
  const applicant = await followOn(humanApi);
  await applicant.waitForInvitation();
  const release = humanApi.hold('readStatus');
  const passing = applicant.skip(7 * HOUR_MS);
  await asked(humanApi, 'readStatus');
  await applicant.handle.cancel();
  await asked(humanApi, 'withdraw');
  release();
  await passing;
  await expectCancelled(applicant);
});

test('while upstream is down: the withdraw is retried until it is done', async () => {
  const humanApi = new FakeUpstream([]);
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  const upAgainMs = (await nowMs()) + 3 * HOUR_MS;
  humanApi.faults.push({ route: 'withdraw', error: DOWN, when: (atMs) => atMs < upAgainMs });
  await applicant.handle.cancel();
  await applicant.skip(2 * HOUR_MS);
  expect(await applicant.state()).toMatchObject({ outcome: null, waitingFor: expect.stringContaining('withdraw') });
  await expectCancelled(applicant);
  expect(humanApi.people).toMatchObject([{ deleted: true }]);
});

test('while downloading: what is stored is told in the manifest, then the person is withdrawn', async () => {
  const humanApi = new FakeUpstream(ALL_SYNCED);
  humanApi.faults.push({ route: 'openReport', error: DOWN, of: 'u-A.json' });
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.sendNotices(ALL_SYNCED);
  await applicant.skip(IN_A_BACK_OFF_MS);
  await applicant.handle.cancel();
  await expectCancelled(applicant);
  expect(applicant.manifest.documents.map(({ format, type }) => `${type}:${format}`).sort()).toEqual([
    'ccdraw:pdf',
    'unity:pdf',
  ]);
  expect(applicant.routes().at(-1)).toBe('withdraw');
});

test('during the withdraw of another outcome: it is finished, once', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Declined' }];
  const humanApi = new FakeUpstream(script);
  const release = humanApi.hold('withdraw');
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  await asked(humanApi, 'withdraw');
  await applicant.handle.cancel();
  release();
  const { result } = await applicant.waitForEnd(MINUTE_MS);
  expect(result?.outcome).toBe('declined');
  expect(humanApi.count('withdraw')).toBe(1);
  expect(applicant.manifest.outcome).toBe('declined');
});

test('of a round that an earlier one has ended: the earlier outcome stands', async () => {
  const store = new FakeStore();
  store.keep('POL-ended', { outcome: 'collected', reason: null });
  const release = store.hold();
  const applicant = await follow([], { policy: BY_NOTICES, store, clientUserId: 'POL-ended' });
  await store.waitForCall();
  await applicant.handle.cancel();
  release();
  await applicant.waitForEnd(MINUTE_MS);
  expect(applicant.manifest.outcome).toBe('collected');
  expect(applicant.routes()).toEqual([]);
});
