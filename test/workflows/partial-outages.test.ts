import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';

const { followOn } = useSimulation();
/** A day of vain lists takes this server seconds, and a month of them a minute. */
const INVITATION_MS = DAY_MS;
const POLICY = { ...DEFAULT_POLICY, expiresMs: { ...DEFAULT_POLICY.expiresMs, invitation: INVITATION_MS } };

/** An applicant for whom a report is announced an hour after the invitation, at an upstream that gives no list until `backAfterMs`. */
async function setup(script: readonly Change[], backAfterMs = Infinity) {
  const humanApi = new FakeUpstream(script);
  const backAtMs = () => (humanApi.people[0]?.invitedAtMs ?? 0) + backAfterMs;
  humanApi.faults.push({
    route: 'listReports',
    error: new Unavailable(facts(503), 'scripted'),
    when: (nowMs) => nowMs < backAtMs(),
  });
  const applicant = await followOn(humanApi, { policy: POLICY });
  await applicant.skipTo(HOUR_MS);
  await applicant.sendReportNotice('u-A');
  await applicant.skipUntil(() => humanApi.count('listReports') > 1);
  return applicant;
}

describe('while a list that a notice wants is not to be had', () => {
  test('the invitation expires at its time', async () => {
    const applicant = await setup([]);
    const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
    expect(result).toEqual({ outcome: 'expired', reason: 'invitation-expired', documents: 0 });
    expect(afterMs).toBeGreaterThanOrEqual(INVITATION_MS);
    expect(afterMs).toBeLessThan(INVITATION_MS + 2 * HOUR_MS);
  });

  test('a person who declines is read back at once, and withdrawn', async () => {
    const declinedMs = HOUR_MS + 10 * MINUTE_MS;
    const applicant = await setup([{ afterMs: declinedMs, status: 'Declined' }]);
    await applicant.skipTo(declinedMs);
    await applicant.sendStatusNotice('Declined', declinedMs);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS, HOUR_MS);
    expect(result?.outcome).toBe('declined');
    expect(afterMs).toBeLessThan(declinedMs + 5 * MINUTE_MS);
    expect(applicant.routes().at(-1)).toBe('withdraw');
  });

  test('the stage follows the notices', async () => {
    const applicant = await setup([{ afterMs: HOUR_MS + 5 * MINUTE_MS, status: 'Engaged' }]);
    await applicant.skipTo(HOUR_MS + 5 * MINUTE_MS);
    await applicant.sendStatusNotice('Engaged', HOUR_MS + 5 * MINUTE_MS);
    const { stage } = await applicant.skipUntil(({ stage }) => stage !== 'invited', MINUTE_MS, 5 * MINUTE_MS);
    expect(stage).toBe('engaged');
  });

  test('it is asked for again until it comes, and what it names is stored', async () => {
    const backMs = 5 * HOUR_MS;
    const applicant = await setup([{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }], backMs);
    await applicant.skipUntil(({ collection }) => collection.documents.length === 3, MINUTE_MS, 6 * HOUR_MS);
    const [listed = Infinity] = applicant.humanApi.calls
      .filter(({ route, atMs }) => route === 'listReports' && atMs >= applicant.invitedAtMs + backMs)
      .map(({ atMs }) => atMs - applicant.invitedAtMs);
    expect(listed).toBeLessThan(backMs + 6 * MINUTE_MS);
  });
});

test('while a notice cannot be read back, the reports that it tells of are collected', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }];
  const humanApi = new FakeUpstream(script);
  humanApi.faults.push({ route: 'readStatus', error: new Unavailable(facts(503), 'scripted') });
  const applicant = await followOn(humanApi, { policy: POLICY });
  await applicant.skipTo(HOUR_MS);
  await applicant.sendStatusNotice('Some Synced', HOUR_MS);
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3, MINUTE_MS, 10 * MINUTE_MS);
});
