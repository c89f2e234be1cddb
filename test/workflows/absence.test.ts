import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { NotFound, Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, type Route, skippedMs } from '../support/fake-upstream';

const { follow, followOn } = useSimulation();

const GONE: readonly Change[] = [{ afterMs: HOUR_MS, gone: true }];

function timesOf({ humanApi, invitedAtMs }: ApplicantUnderTest, route: Route): number[] {
  return humanApi.callsTo(route).map(({ atMs }) => atMs - invitedAtMs);
}

test('a person who is gone upstream, said twice, ends cancelled and is not withdrawn', async () => {
  const applicant = await follow(GONE);
  const { status, result } = await applicant.waitForEnd();
  expect({ status, result }).toEqual({
    status: 'COMPLETED',
    result: { outcome: 'cancelled', reason: 'deleted-upstream', documents: 0 },
  });
  expect(applicant.manifest).toMatchObject({ outcome: 'cancelled', reason: 'deleted-upstream' });
  expect(applicant.routes(MINUTE_MS)).toEqual(['readStatus', 'findPeople', 'readStatus', 'findPeople']);
  const [first = 0, second = 0] = timesOf(applicant, 'readStatus');
  expect(first).toBeGreaterThanOrEqual(6 * HOUR_MS);
  // The poll cadence or 5 min apart, the shorter.
  expect(second - first).toBeGreaterThanOrEqual(5 * MINUTE_MS);
  const [read, secondRead] = applicant.humanApi.callsTo('readStatus');
  expect(skippedMs(read, secondRead)).toBeLessThan(5 * MINUTE_MS + SECOND_MS);
});

test('a person who is back at the second look is followed on', async () => {
  const applicant = await follow([...GONE, { afterMs: 6 * HOUR_MS + 2 * MINUTE_MS, status: 'Declined' }]);
  expect((await applicant.waitForEnd()).result).toEqual({ outcome: 'declined', reason: 'declined', documents: 0 });
});

test('a 404 is nothing while a look-up by our own id finds the person', async () => {
  const humanApi = new FakeUpstream([{ afterMs: 20 * HOUR_MS, status: 'Declined' }]);
  humanApi.faults.push({ route: 'readStatus', error: new NotFound(facts(404)), times: 2 });
  const applicant = await followOn(humanApi);
  expect((await applicant.waitForEnd()).result?.outcome).toBe('declined');
});

test('a 404 that every look-up contradicts is met at the poll cadence, and ends nobody', async () => {
  const humanApi = new FakeUpstream([]);
  humanApi.faults.push({ route: 'readStatus', error: new NotFound(facts(404)) });
  const applicant = await followOn(humanApi);
  await applicant.skipTo(25 * HOUR_MS);
  expect(await applicant.state()).toMatchObject({ outcome: null });
  expect(timesOf(applicant, 'readStatus').map((atMs) => Math.round(atMs / HOUR_MS))).toEqual([6, 12, 18, 24]);
});

test('a person whom upstream moved to another humanId is followed under that one', async () => {
  const humanApi = new FakeUpstream([]);
  const applicant = await followOn(humanApi);
  await applicant.waitForInvitation();
  const [old] = humanApi.people;
  if (!old) throw new Error('nobody was invited');
  old.deleted = true;
  const moved = humanApi.enrol(applicant.clientUserId, old.email, old.invitedAtMs);
  const state = await applicant.skipUntil(({ humanId }) => humanId === moved.humanId);
  expect(state.outcome).toBeNull();
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes['HumanId']).toEqual([moved.humanId]);
});

test('an upstream that cannot be asked makes nobody gone', async () => {
  const humanApi = new FakeUpstream(GONE);
  humanApi.faults.push({
    route: 'findPeople',
    error: new Unavailable(facts(503), 'scripted'),
    when: () => humanApi.people.length > 0,
  });
  const applicant = await followOn(humanApi);
  await applicant.skipTo(24 * HOUR_MS);
  expect(await applicant.state()).toMatchObject({ outcome: null });
});
