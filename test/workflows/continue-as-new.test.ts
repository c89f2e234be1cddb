import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { invitationQuery } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { type ApplicantUnderTest, MAX_SIGNALS, MAX_SIGNALS_IN_STEP } from '../support/applicant-under-test';
import { type Change, DOWN, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { followOn } = useSimulation();

const LINK = 'https://connect.example.org/i/4711';

async function sendMany(count: number, send: () => Promise<void>): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await send();
}

async function readRunId({ handle }: ApplicantUnderTest): Promise<string> {
  return (await handle.describe()).runId;
}

test('2,000 signals start a new run, which keeps the documents, the counts, the deadlines and the link', async () => {
  const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }];
  const upstream = new FakeUpstream(script);
  upstream.inviteLink = LINK;
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3);
  const before = await applicant.state();
  await applicant.continueAsNew();
  expect(await applicant.state()).toMatchObject({
    ignoredNotices: MAX_SIGNALS,
    stage: 'collecting',
    humanId: before.humanId,
  });
  expect((await applicant.state()).facts?.openedAtMs).toBe(before.facts?.openedAtMs);
  expect(await applicant.handle.query(invitationQuery)).toEqual({ inviteLink: LINK, why: null });
  const { result, afterMs } = await applicant.waitForEnd();
  expect(result).toEqual({ outcome: 'partial', reason: null, documents: 3 });
  // A day after the first Some Synced.
  expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + MINUTE_MS);
  expect([upstream.count('invite'), upstream.count('openReport')]).toEqual([1, 3]);
});

test.each(['listReports', 'readStatus'] as const)(
  'a new run starts while the %s that decides the end fails',
  async (route) => {
    const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
    const upstream = new FakeUpstream(script);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.sendNotices(script);
    await applicant.skipUntil(({ collection }) => collection.documents.length === 3);
    const calls = upstream.count(route);
    let isDown = true;
    upstream.faults.push({ route, error: DOWN, when: () => isDown });
    await applicant.skipUntil(() => upstream.count(route) > calls, MINUTE_MS, HOUR_MS);
    const runId = await readRunId(applicant);
    await sendMany(MAX_SIGNALS_IN_STEP, () => applicant.sendStatusNotice('All Synced', HOUR_MS));
    expect(await readRunId(applicant)).not.toBe(runId);
    isDown = false;
    await applicant.waitForEnd(MINUTE_MS);
    expect(applicant.manifest).toMatchObject({ outcome: 'collected', documents: { length: 3 } });
    expect(upstream.count('openReport')).toBe(3);
  },
);

test('a cancel that arrives just before a new run is not lost', async () => {
  const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Syncing' }];
  const upstream = new FakeUpstream(script);
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  const release = upstream.hold('readStatus');
  await applicant.sendStatusNotice('Declined', HOUR_MS + 1);
  await upstream.waitForCall('readStatus');
  const runId = await readRunId(applicant);
  await sendMany(MAX_SIGNALS, () => applicant.sendStatusNotice('Syncing', HOUR_MS));
  await applicant.handle.cancel();
  expect(await readRunId(applicant)).toBe(runId);
  release();
  expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
  expect(upstream.people).toMatchObject([{ deleted: true }]);
});
