import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { callRecoveredSignal, callStuckSignal, type StuckCall } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { DOWN, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const SINCE_MS = 1_000;

/** As the first activity of this type does. */
async function sendStuck(applicant: ApplicantUnderTest, call: string, sinceMs: unknown = SINCE_MS) {
  const [activityId] = await applicant.activityIds(call);
  await applicant.handle.signal(callStuckSignal, { activityId, call, sinceMs } as StuckCall);
}

/** The stuck calls, each with its time, and the needs. */
async function stuckCalls(applicant: ApplicantUnderTest) {
  const { stuckCalls: calls, needs } = await applicant.state();
  return [Object.fromEntries(Object.values(calls).map(({ call, sinceMs }) => [call, sinceMs])), needs];
}

async function workerEntries(applicant: ApplicantUnderTest) {
  const { timeline } = await applicant.state();
  return timeline.entries.flatMap(({ kind, data }) => (kind.startsWith('call-') ? [`${kind} ${data?.['call']}`] : []));
}

test('a call is stuck from its signal to the answer of its activity, and needs a person', async () => {
  const upstream = new FakeUpstream([]);
  const upAgainMs = (await nowMs()) + HOUR_MS;
  upstream.faults.push({ route: 'findPeople', error: DOWN, when: (atMs) => atMs < upAgainMs });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.skip(6 * MINUTE_MS);
  await sendStuck(applicant, 'invite');
  await sendStuck(applicant, 'invite', 2_000);
  expect(await stuckCalls(applicant)).toEqual([{ invite: SINCE_MS }, ['stuck-call']]);
  await applicant.skip(HOUR_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  expect(await workerEntries(applicant)).toEqual(['call-stuck invite', 'call-recovered invite']);
});

test('an answer to one activity leaves another one of the same type stuck', async () => {
  const script = [{ afterMs: HOUR_MS, reports: provider('A') }];
  const upstream = new FakeUpstream(script);
  const upAgainMs = (await nowMs()) + HOUR_MS + 15 * MINUTE_MS;
  upstream.faults.push({ route: 'openReport', error: DOWN, target: 'u-A.json' });
  upstream.faults.push({ route: 'openReport', error: DOWN, target: 'u-A.pdf', when: (atMs) => atMs < upAgainMs });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  await applicant.skip(10 * MINUTE_MS);
  const ids = await applicant.activityIds('fetchDocument');
  expect(ids).toHaveLength(2);
  for (const activityId of ids) {
    await applicant.handle.signal(callStuckSignal, { activityId, call: 'fetchDocument', sinceMs: SINCE_MS });
  }
  expect(Object.keys((await applicant.state()).stuckCalls)).toEqual(ids);
  await applicant.skip(15 * MINUTE_MS);
  expect(await applicant.activityIds('fetchDocument')).toHaveLength(1);
  expect(await stuckCalls(applicant)).toEqual([{ fetchDocument: SINCE_MS }, ['stuck-call']]);
});

test('a result without an answer leaves the call stuck, and the next activity of this call continues it', async () => {
  const script = [{ afterMs: HOUR_MS, reports: provider('A') }];
  const upstream = new FakeUpstream(script);
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  upstream.faults.push({ route: 'listReports', error: DOWN });
  await applicant.sendNotices(script);
  await applicant.skip(10 * MINUTE_MS);
  await sendStuck(applicant, 'listReports');
  const [first] = await applicant.activityIds('listReports');
  await applicant.skip(2 * HOUR_MS);
  expect(await applicant.activityIds('listReports')).not.toContain(first);
  expect(await stuckCalls(applicant)).toEqual([{ listReports: SINCE_MS }, ['stuck-call']]);
  while ((await applicant.activityIds('listReports')).length === 0) await applicant.skip(MINUTE_MS);
  await sendStuck(applicant, 'listReports', 9_000);
  expect(await stuckCalls(applicant)).toEqual([{ listReports: SINCE_MS }, ['stuck-call']]);
  upstream.faults.length = 0;
  await applicant.skip(2 * HOUR_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  expect(await workerEntries(applicant)).toEqual(['call-stuck listReports', 'call-recovered listReports']);
});

test('the cancellation of its activity ends a stuck call without an entry', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  await sendStuck(applicant, 'watchStatus');
  await applicant.sendStatusNotice('Engaged', 6 * HOUR_MS);
  await applicant.skip(MINUTE_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  expect(await workerEntries(applicant)).toEqual(['call-stuck watchStatus']);
});

test('a poll that does not end reports its recovery with a signal', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  await sendStuck(applicant, 'watchStatus');
  const [activityId = ''] = await applicant.activityIds('watchStatus');
  await applicant.handle.signal(callRecoveredSignal, { activityId, call: 'watchStatus' });
  await applicant.skip(MINUTE_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  expect(await workerEntries(applicant)).toEqual(['call-stuck watchStatus', 'call-recovered watchStatus']);
});

test('malformed signals, and those of activities that have ended, change nothing', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  const [activityId] = await applicant.activityIds('watchStatus');
  for (const stuck of [
    { activityId, call: '', sinceMs: 1 },
    { activityId, call: 'read status', sinceMs: 1 },
    { activityId, call: 'x'.repeat(41), sinceMs: 1 },
    { activityId, call: 'watchStatus', sinceMs: 'now' },
    { activityId, call: 7, sinceMs: 1 },
    { activityId: Number(activityId), call: 'watchStatus', sinceMs: 1 },
    { activityId: '1', call: 'readEarlierRound', sinceMs: 1 },
    { call: 'watchStatus', sinceMs: 1 },
  ]) {
    await applicant.handle.signal(callStuckSignal, stuck as StuckCall);
  }
  await applicant.handle.signal(callStuckSignal, null as unknown as StuckCall);
  await applicant.handle.signal(callRecoveredSignal, 'invite' as unknown as StuckCall);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  await applicant.skip(DAY_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'invited' });
});

test('a run that continues another one starts without stuck calls', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  await sendStuck(applicant, 'watchStatus');
  await applicant.continueAsNew();
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes).toMatchObject({ ApplicantNeeds: [null] });
});
