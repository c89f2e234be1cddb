import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { invitationQuery } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn } = useSimulation();

const SIGNALS_MOST = 2_000;
const SIGNALS_MOST_IN_A_STEP = 5_000;
const LINK = 'https://connect.example.org/i/4711';
const SYNCING: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Syncing' }];

/** Sends so many, a few dozen at once. */
async function flood(count: number, send: (at: number) => Promise<void>): Promise<void> {
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - sent) }, (_, at) => send(sent + at)));
  }
}

async function runIdOf({ handle }: ApplicantUnderTest): Promise<string> {
  return (await handle.describe()).runId;
}

test.each<[string, (applicant: ApplicantUnderTest, at: number) => Promise<void>]>([
  ['repeats, which change nothing', (applicant) => applicant.sendStatusNotice('Syncing', HOUR_MS)],
  [
    "another person's notices, which are ignored",
    (applicant) => applicant.sendStatusNotice('Declined', DAY_MS, 'h-else'),
  ],
])(
  '2,000 signals hand the applicant over to a fresh run, be they %s',
  async (_what, send) => {
    const script: readonly Change[] = [
      ...SYNCING,
      { afterMs: 3 * HOUR_MS, status: 'All Synced', reports: provider('A') },
    ];
    const applicant = await follow(script, { policy: BY_NOTICES });
    await applicant.sendNotices(SYNCING);
    const runId = await runIdOf(applicant);
    const before = await applicant.state();
    await flood(SIGNALS_MOST, (at) => send(applicant, at));
    await applicant.skip(MINUTE_MS);
    expect(await runIdOf(applicant)).not.toBe(runId);
    expect(await applicant.state()).toMatchObject({
      humanId: before.humanId,
      stage: 'syncing',
      status: 'Syncing',
      facts: { openedAtMs: before.facts?.openedAtMs },
    });
    await applicant.sendNotices(script.slice(1));
    expect((await applicant.waitForEnd()).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(applicant.humanApi.count('invite')).toBe(1);
  },
  60_000,
);

test('an applicant is handed over with what was stored and what was ignored, and with the link of the invitation', async () => {
  const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }];
  const humanApi = new FakeUpstream(script);
  humanApi.inviteLink = LINK;
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3);
  await flood(SIGNALS_MOST, () => applicant.sendStatusNotice('Declined', DAY_MS, 'h-else'));
  await applicant.skip(MINUTE_MS);
  expect(await applicant.state()).toMatchObject({ ignoredNotices: SIGNALS_MOST, stage: 'collecting' });
  expect(await applicant.handle.query(invitationQuery)).toEqual({ inviteLink: LINK, why: null });
  const { result, afterMs } = await applicant.waitForEnd();
  expect(result).toEqual({ outcome: 'partial', reason: null, documents: 3 });
  // The day of Some Synced runs on from the first one.
  expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + MINUTE_MS);
  expect(applicant.humanApi.count('openReport')).toBe(3);
}, 60_000);

test.each(['listReports', 'readStatus'] as const)(
  'an applicant is handed over while the %s that decides the end is asked for in vain',
  async (route) => {
    const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
    const humanApi = new FakeUpstream(script);
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.sendNotices(script);
    await applicant.skipUntil(({ collection }) => collection.documents.length === 3);
    const asked = humanApi.count(route);
    const outage = { route, error: new Unavailable(facts(503), 'scripted') };
    humanApi.faults.push(outage);
    await applicant.skipUntil(() => humanApi.count(route) > asked, MINUTE_MS, HOUR_MS);
    const runId = await runIdOf(applicant);
    await flood(SIGNALS_MOST_IN_A_STEP, () => applicant.sendStatusNotice('All Synced', HOUR_MS));
    expect(await runIdOf(applicant)).not.toBe(runId);
    humanApi.faults.splice(humanApi.faults.indexOf(outage), 1);
    await applicant.waitForEnd(MINUTE_MS);
    expect(applicant.manifest).toMatchObject({ outcome: 'collected', documents: { length: 3 } });
    expect(humanApi.count('openReport')).toBe(3);
  },
  60_000,
);

test('a cancel request is not lost in a hand-over', async () => {
  const humanApi = new FakeUpstream(SYNCING);
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.sendNotices(SYNCING);
  const release = humanApi.hold('readStatus');
  await applicant.sendStatusNotice('Declined', HOUR_MS + 1);
  await applicant.state();
  await flood(SIGNALS_MOST, () => applicant.sendStatusNotice('Syncing', HOUR_MS));
  await applicant.cancelInFlight();
  release();
  expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
  expect(humanApi.people).toMatchObject([{ deleted: true }]);
}, 60_000);
