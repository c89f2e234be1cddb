import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { callRecoveredSignal, callStuckSignal, type StuckCall } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, nowMs } = useSimulation();

const DOWN = new Unavailable(facts(503), 'scripted');
const SINCE_MS = 1_000;

const sendStuck = (applicant: ApplicantUnderTest, call: string, sinceMs: unknown = SINCE_MS) =>
  applicant.handle.signal(callStuckSignal, { call, sinceMs } as StuckCall);

/** The stuck calls and the needs. */
async function stuckCalls(applicant: ApplicantUnderTest) {
  const { stuckCalls: calls, needs } = await applicant.state();
  return [calls, needs];
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

test('an answer to a poll ends that of a read of the same, and no other', async () => {
  const applicant = await follow([{ afterMs: HOUR_MS, status: 'Engaged' }]);
  await applicant.waitForInvitation();
  for (const call of ['readStatus', 'listReports']) await sendStuck(applicant, call);
  await applicant.skip(7 * HOUR_MS);
  expect(await stuckCalls(applicant)).toEqual([{ listReports: SINCE_MS }, ['stuck-call']]);
});

test('a result without an answer does not end it', async () => {
  const script = [{ afterMs: HOUR_MS, reports: provider('A') }];
  const upstream = new FakeUpstream(script);
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  upstream.faults.push({ route: 'listReports', error: DOWN });
  await applicant.sendNotices(script);
  await applicant.skip(10 * MINUTE_MS);
  await sendStuck(applicant, 'listReports');
  await applicant.skip(2 * HOUR_MS);
  expect(await stuckCalls(applicant)).toEqual([{ listReports: SINCE_MS }, ['stuck-call']]);
  upstream.faults.length = 0;
  await applicant.skip(2 * HOUR_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
});

test('a cancelled activity ends it without an entry', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  await sendStuck(applicant, 'watchStatus');
  await applicant.sendStatusNotice('Engaged', 6 * HOUR_MS);
  await applicant.skip(MINUTE_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  expect(await workerEntries(applicant)).toEqual(['call-stuck watchStatus']);
});

test('a poll that does not end clears it with a signal', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  await sendStuck(applicant, 'watchStatus');
  await applicant.handle.signal(callRecoveredSignal, { call: 'watchStatus' });
  await applicant.skip(MINUTE_MS);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  expect(await workerEntries(applicant)).toEqual(['call-stuck watchStatus', 'call-recovered watchStatus']);
});

test('malformed signals and a flood change little', async () => {
  const applicant = await follow([]);
  await applicant.waitForInvitation();
  for (const [call, sinceMs] of [
    ['', 1],
    ['read status', 1],
    ['x'.repeat(41), 1],
    ['invite', 'now'],
    [7, 1],
  ] as const) {
    await sendStuck(applicant, call as string, sinceMs);
  }
  await applicant.handle.signal(callStuckSignal, null as unknown as StuckCall);
  await applicant.handle.signal(callRecoveredSignal, 'invite' as unknown as StuckCall);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  for (let index = 0; index < 100; index += 1) await sendStuck(applicant, `call${'x'.repeat(index % 36)}${index}`);
  for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ') await sendStuck(applicant, letter);
  expect(Object.keys((await applicant.state()).stuckCalls)).toHaveLength(30);
  await applicant.skip(DAY_MS);
  expect(await applicant.state()).toMatchObject({ stage: 'invited' });
});

test('a run that continues another one has other calls: none of them is stuck', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  const { runId } = await applicant.handle.describe();
  await sendStuck(applicant, 'watchStatus');
  for (let sent = 0; sent < 2_000; sent += 1) await applicant.sendStatusNotice('Declined', DAY_MS, 'h-else');
  await applicant.skip(MINUTE_MS);
  expect((await applicant.handle.describe()).runId).not.toBe(runId);
  expect(await stuckCalls(applicant)).toEqual([{}, []]);
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes).toMatchObject({ ApplicantNeeds: [null] });
});
