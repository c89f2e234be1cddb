import type { Wait } from '../../src/domain/decision';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

function setup(status: string, policy: Policy = DEFAULT_POLICY) {
  const applicant = new Situation(status, policy).list([], 0);
  const waitAt = (atMs: number): Wait => {
    const step = applicant.next(atMs);
    if (step.do !== 'wait') throw new Error(`expected a wait, got ${step.do}`);
    return step.wait;
  };
  return { applicant, waitAt };
}

test.each<[string, statusMs: number | null, listMs: number | null]>([
  ['Invited', 6 * HOUR_MS, null],
  ['Engaged', HOUR_MS, null],
  ['Syncing', 10 * MINUTE_MS, null],
  ['Attn Required', 6 * HOUR_MS, null],
  ['Some Synced', HOUR_MS, HOUR_MS],
  ['Disconnected', 6 * HOUR_MS, 6 * HOUR_MS],
  ['Pondering', HOUR_MS, null],
  // Read at the end of their windows.
  ['All Synced', null, null],
  ['Error', null, null],
])('%s polls the status every %p ms and the list every %p ms', (status, statusMs, listMs) => {
  const poll = (everyMs: number | null) => everyMs && { startMs: T0 + everyMs, delaysMs: [everyMs] };
  const { statusPoll, listPoll } = setup(status).waitAt(0);
  expect(statusPoll && { ...statusPoll, reportFailuresFromMs: 0 }).toEqual(
    statusMs && { ...poll(statusMs), reportFailuresFromMs: 0 },
  );
  expect(listPoll).toEqual(listMs && { ...poll(listMs), reportFailuresFromMs: null });
});

test('the status is polled at the new cadence from its change on, and as before after a read without news', () => {
  const { applicant, waitAt } = setup('Invited');
  const before = waitAt(0).statusPoll;
  applicant.read('Invited', 5 * MINUTE_MS, { updatedMs: 0 });
  expect(waitAt(5 * MINUTE_MS).statusPoll).toEqual(before);
  applicant.claim('Syncing', 20 * MINUTE_MS);
  expect(waitAt(20 * MINUTE_MS).statusPoll).toMatchObject({ startMs: T0 + 30 * MINUTE_MS, delaysMs: [10 * MINUTE_MS] });
});

test('the list is polled one cadence after the last list', () => {
  const { applicant, waitAt } = setup('Some Synced');
  applicant.list([], 20 * MINUTE_MS);
  expect(waitAt(20 * MINUTE_MS).listPoll?.startMs).toBe(T0 + 80 * MINUTE_MS);
});

test('a series of claims does not delay the next read: it is due one cadence after the first', () => {
  const { applicant, waitAt } = setup('Invited');
  for (let minute = 1; minute < 11; minute += 1) {
    applicant.claim(['Engaged', 'Syncing'][minute % 2] ?? '', minute * MINUTE_MS);
    expect(applicant.next(minute * MINUTE_MS).do).toBe('wait');
    if (minute === 9) expect(waitAt(9 * MINUTE_MS).statusPoll?.startMs).toBe(T0 + MINUTE_MS + 10 * MINUTE_MS);
  }
  applicant.claim('Syncing', 11 * MINUTE_MS);
  expect(applicant.next(11 * MINUTE_MS)).toEqual({ do: 'read', because: 'notice' });
});

test.each(['Invited', 'Syncing'])('%s: applicants that started together are polled within 20 s', (status) => {
  const startOf = (jitter: number) => {
    const { applicant, waitAt } = setup(status);
    applicant.facts = { ...applicant.facts, due: { ...applicant.facts.due, jitter } };
    return waitAt(0).statusPoll?.startMs ?? Number.NaN;
  };
  expect([startOf(0.5) - startOf(0), startOf(1) - startOf(0)]).toEqual([10_000, 20_000]);
});

describe('a claim that the read does not confirm', () => {
  const AT_MS = DAY_MS;
  const refute = (applicant: Situation, atMs: number, status = 'Engaged') =>
    applicant.claim(status, atMs).read('Invited', atMs, { updatedMs: 0 });

  test.each([
    ['after 1, 5 and 30 min, then at the cadence', 6 * HOUR_MS, [5 * MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS]],
    ['at least once per cadence', 2 * MINUTE_MS, [2 * MINUTE_MS, 2 * MINUTE_MS, 2 * MINUTE_MS]],
  ])('is read again %s', (_what, invited, delaysMs) => {
    const { applicant, waitAt } = setup('Invited', {
      ...DEFAULT_POLICY,
      pollMs: { ...DEFAULT_POLICY.pollMs, invited },
    });
    refute(applicant, AT_MS);
    expect(waitAt(AT_MS).statusPoll).toMatchObject({ startMs: T0 + AT_MS + MINUTE_MS, delaysMs });
  });

  test('does not restart a running series, and starts a second one only after an hour', () => {
    const { applicant, waitAt } = setup('Invited');
    refute(applicant, AT_MS);
    refute(applicant, AT_MS + 2 * MINUTE_MS, 'Declined');
    expect(waitAt(AT_MS + 2 * MINUTE_MS).statusPoll).toMatchObject({
      startMs: T0 + AT_MS + 6 * MINUTE_MS,
      delaysMs: [30 * MINUTE_MS, 6 * HOUR_MS],
    });
    refute(applicant, AT_MS + 40 * MINUTE_MS, 'Declined');
    expect(waitAt(AT_MS + 40 * MINUTE_MS).statusPoll?.delaysMs).toEqual([6 * HOUR_MS]);
    refute(applicant, AT_MS + HOUR_MS);
    expect(waitAt(AT_MS + HOUR_MS).statusPoll?.delaysMs).toHaveLength(3);
  });
});
