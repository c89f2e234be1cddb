import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const DEADLINE_MS = 10 * DAY_MS;
const POLICY = { ...DEFAULT_POLICY, expiresMs: { invitation: DEADLINE_MS, applicant: DEADLINE_MS } };

/** An applicant who never opens the invitation, with an upstream that cannot be asked for so long around the deadline. */
async function withOutage(fromMs: number, untilMs: number): Promise<ApplicantUnderTest> {
  const humanApi = new FakeUpstream([]);
  const when = (atMs: number) => atMs >= applicant.invitedAtMs + fromMs && atMs < applicant.invitedAtMs + untilMs;
  humanApi.faults.push({ route: 'readStatus', error: new Unavailable(facts(null), 'scripted'), when });
  const applicant = await followOn(humanApi, { policy: POLICY });
  return applicant;
}

test('who stays engaged for 90 days expires', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Engaged' }];
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  await applicant.skipTo(90 * DAY_MS - MINUTE_MS);
  expect((await applicant.state()).outcome).toBeNull();
  const { result, afterMs } = await applicant.waitForEnd();
  expect(result).toEqual({ outcome: 'expired', reason: 'deadline', documents: 0 });
  expect(afterMs).toBeLessThan(90 * DAY_MS + MINUTE_MS);
});

test('a deadline does not act on what was known, but on a read after it', async () => {
  const applicant = await follow([{ afterMs: DEADLINE_MS - MINUTE_MS, status: 'All Synced', reports: provider('A') }], {
    policy: { ...BY_NOTICES, expiresMs: POLICY.expiresMs },
  });
  expect((await applicant.waitForEnd()).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(applicant.routes()).not.toContain('withdraw');
});

test('a deadline counts from our adoption, not from an earlier invitation', async () => {
  const humanApi = new FakeUpstream([{ afterMs: HOUR_MS, status: 'Engaged' }]);
  humanApi.enrol('POL-old', 'pol-old@example.org', (await nowMs()) - 100 * DAY_MS);
  const applicant = await followOn(humanApi, { clientUserId: 'POL-old', policy: POLICY });
  const { result, afterMs } = await applicant.waitForEnd();
  expect(result?.outcome).toBe('expired');
  expect(afterMs).toBeGreaterThanOrEqual(DEADLINE_MS);
});

test('a deadline waits for upstream, and moves by an outage longer than the poll cadence', async () => {
  const outageMs = 8 * HOUR_MS;
  const applicant = await withOutage(DEADLINE_MS - MINUTE_MS, DEADLINE_MS + outageMs);
  await applicant.skipTo(DEADLINE_MS + outageMs - MINUTE_MS);
  expect(await applicant.state()).toMatchObject({ outcome: null, facts: { extensionMs: null } });
  const state = await applicant.skipUntil(({ facts: known }) => known?.extensionMs !== null, MINUTE_MS, HOUR_MS);
  expect((state.facts?.extensionMs ?? 0) / HOUR_MS).toBeCloseTo(8, 0);
  const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
  expect(result).toEqual({ outcome: 'expired', reason: 'invitation-expired', documents: 0 });
  expect(afterMs).toBeGreaterThanOrEqual(DEADLINE_MS + (state.facts?.extensionMs ?? 0));
  expect(applicant.routes(DEADLINE_MS + outageMs).at(-1)).toBe('withdraw');
});

test('an outage that began before the deadline moves it as a whole, and costs few events', async () => {
  const applicant = await withOutage(DEADLINE_MS - 8 * HOUR_MS, DEADLINE_MS + HOUR_MS);
  await applicant.skipTo(DEADLINE_MS - 7 * HOUR_MS);
  const eventsBefore = await applicant.countEvents();
  const state = await applicant.skipUntil(({ facts: known }) => known?.extensionMs !== null, HOUR_MS / 2);
  // The poll of six hours before the deadline is the first that sees it.
  expect((state.facts?.extensionMs ?? 0) / HOUR_MS).toBeCloseTo(7, 0);
  expect(state.facts?.outage).toBeNull();
  expect((await applicant.countEvents()) - eventsBefore).toBeLessThan(30);
});

test('whoever comes back within the moved deadline is not given up', async () => {
  const humanApi = new FakeUpstream([
    { afterMs: DEADLINE_MS + 2 * HOUR_MS, status: 'All Synced', reports: provider('A') },
  ]);
  const when = (atMs: number) =>
    atMs >= applicant.invitedAtMs + DEADLINE_MS && atMs < applicant.invitedAtMs + DEADLINE_MS + DAY_MS;
  humanApi.faults.push({ route: 'readStatus', error: new Unavailable(facts(null), 'scripted'), when });
  const applicant = await followOn(humanApi, { policy: POLICY });
  expect((await applicant.waitForEnd()).result?.outcome).toBe('collected');
});

test('an outage shorter than the poll cadence moves no deadline', async () => {
  const applicant = await withOutage(DEADLINE_MS - MINUTE_MS, DEADLINE_MS + 5 * HOUR_MS);
  const { result, afterMs } = await applicant.waitForEnd();
  expect(result?.outcome).toBe('expired');
  expect(applicant.routes().slice(-2)).toEqual(['readStatus', 'withdraw']);
  expect(afterMs).toBeLessThan(DEADLINE_MS + 5.2 * HOUR_MS);
});
