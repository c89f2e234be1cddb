import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeUpstream, facts, provider, row, skippedMs } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn } = useSimulation();

function polling(pollMs: Partial<Policy['pollMs']>): Policy {
  return { ...DEFAULT_POLICY, pollMs: { ...BY_NOTICES.pollMs, ...pollMs } };
}

/** When the status was read, in minutes after the invitation. */
function readMinutes({ humanApi, invitedAtMs }: ApplicantUnderTest): number[] {
  return humanApi.calls
    .filter(({ route }) => route === 'readStatus')
    .map(({ atMs }) => Math.round((atMs - invitedAtMs) / MINUTE_MS));
}

test('a poll that finds nothing adds no history event', async () => {
  const applicant = await follow([], { policy: polling({ invited: HOUR_MS }) });
  await applicant.skipTo(90 * MINUTE_MS);
  const eventsBefore = await applicant.countEvents();
  await applicant.skipTo(90 * MINUTE_MS + 100 * HOUR_MS);
  expect(readMinutes(applicant)).toHaveLength(101);
  expect(await applicant.countEvents()).toBe(eventsBefore);
});

test('the first read comes after one interval', async () => {
  const applicant = await follow([], { policy: polling({ invited: 6 * HOUR_MS }) });
  await applicant.skipTo(19 * HOUR_MS);
  expect(readMinutes(applicant)).toEqual([360, 720, 1080]);
});

test('a change of cadence takes effect at once', async () => {
  const applicant = await follow([{ afterMs: 30 * MINUTE_MS, status: 'Engaged' }], {
    policy: polling({ invited: 6 * HOUR_MS, engaged: HOUR_MS }),
  });
  await applicant.sendNotices([{ afterMs: 30 * MINUTE_MS, status: 'Engaged' }]);
  await applicant.skipTo(3 * HOUR_MS);
  expect(readMinutes(applicant)).toEqual([90, 150]);
});

test('a change of cadence takes effect though a poll was under way', async () => {
  const script = [{ afterMs: 7 * HOUR_MS, status: 'Engaged' }];
  const applicant = await follow(script, { policy: polling({ invited: 6 * HOUR_MS, engaged: HOUR_MS }) });
  await applicant.sendNotices(script);
  await applicant.skipTo(9.5 * HOUR_MS);
  expect(readMinutes(applicant)).toEqual([360, 480, 540]);
});

test('a transient failure of a poll is retried after a second, even after many quiet ones', async () => {
  const humanApi = new FakeUpstream([]);
  const error = new Unavailable(facts(503), 'scripted');
  humanApi.faults.push({
    route: 'readStatus',
    error,
    times: 3,
    when: (nowMs) => nowMs > applicant.invitedAtMs + 19.5 * HOUR_MS,
  });
  const applicant = await followOn(humanApi, { policy: polling({ invited: HOUR_MS }) });
  await applicant.skipTo(21.5 * HOUR_MS);
  const reads = humanApi.callsTo('readStatus');
  const [failed, second, third, fourth, quiet] = reads.slice(19);
  expect(skippedMs(failed, second)).toBeLessThanOrEqual(1.2 * SECOND_MS);
  expect(skippedMs(second, third)).toBeLessThanOrEqual(2.2 * SECOND_MS);
  expect(skippedMs(third, fourth)).toBeLessThanOrEqual(4.2 * SECOND_MS);
  expect(Math.round(((quiet?.atMs ?? 0) - (fourth?.atMs ?? 0)) / MINUTE_MS)).toBe(60);
  expect(reads).toHaveLength(24);
});

test('an outage is asked about every five minutes at most, and adds no history event', async () => {
  const humanApi = new FakeUpstream([]);
  const down = (nowMs: number) =>
    nowMs > applicant.invitedAtMs + 1.5 * HOUR_MS && nowMs < applicant.invitedAtMs + DAY_MS;
  humanApi.faults.push({ route: 'readStatus', error: new Unavailable(facts(503), 'scripted'), when: down });
  const applicant = await followOn(humanApi, { policy: polling({ invited: HOUR_MS }) });
  await applicant.skipTo(1.4 * HOUR_MS);
  const eventsBefore = await applicant.countEvents();
  await applicant.skipTo(25.5 * HOUR_MS);
  expect(await applicant.countEvents()).toBe(eventsBefore);
  const reads = humanApi.count('readStatus');
  expect(reads).toBeGreaterThan((22 * 60) / 5);
  expect(reads).toBeLessThan((22 * 60) / 4 + 40);
});

test('under Some Synced the list is polled beside the status', async () => {
  const applicant = await follow(
    [
      { afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') },
      { afterMs: 5.5 * HOUR_MS, reports: [row('u-B', 'unity', 'B')] },
    ],
    { policy: polling({ invited: HOUR_MS, someSynced: HOUR_MS }) },
  );
  await applicant.skipTo(4.9 * HOUR_MS);
  expect((await applicant.state()).collection.documents).toHaveLength(3);
  await applicant.skipTo(7 * HOUR_MS);
  expect((await applicant.state()).collection.documents).toHaveLength(5);
});
