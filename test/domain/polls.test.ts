import type { Wait } from '../../src/domain/decision';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

function setup(status: string, policy: Policy = DEFAULT_POLICY) {
  const it = new Situation(status, policy).list([], 0);
  const waitAt = (atMs: number): Wait => {
    const step = it.next(atMs);
    if (step.do !== 'wait') throw new Error(`expected a wait, got ${step.do}`);
    return step.wait;
  };
  return { it, waitAt };
}

describe('the status', () => {
  test.each([
    ['Invited', 6 * HOUR_MS],
    ['Engaged', HOUR_MS],
    ['Syncing', 10 * MINUTE_MS],
    ['Attn Required', 6 * HOUR_MS],
    ['Some Synced', HOUR_MS],
    ['Disconnected', 6 * HOUR_MS],
    ['Pondering', HOUR_MS],
  ])('is polled under %s at its cadence, first after one interval', (status, everyMs) => {
    expect(setup(status).waitAt(0).statusPoll).toMatchObject({ startMs: T0 + everyMs, delaysMs: [everyMs] });
  });

  test('is polled at the new cadence from the moment it changes', () => {
    const { it, waitAt } = setup('Invited');
    it.claim('Syncing', 20 * MINUTE_MS);
    expect(waitAt(20 * MINUTE_MS).statusPoll).toMatchObject({
      startMs: T0 + 30 * MINUTE_MS,
      delaysMs: [10 * MINUTE_MS],
    });
  });

  test('is polled on as before when a read finds nothing new', () => {
    const { it, waitAt } = setup('Invited');
    const before = waitAt(0).statusPoll;
    it.read('Invited', HOUR_MS, { updatedMs: 0 });
    expect(waitAt(HOUR_MS).statusPoll).toEqual(before);
  });

  test.each(['All Synced', 'Error'])('is not polled under %s: the read at the end of its window looks', (status) => {
    expect(setup(status).waitAt(0).statusPoll).toBeNull();
  });
});

describe('claims upon claims', () => {
  const STATUSES = ['Engaged', 'Syncing'] as const;

  test('do not put off the next read: it counts from the first of them', () => {
    const { it, waitAt } = setup('Invited');
    for (let minute = 1; minute < 10; minute += 1) it.claim(STATUSES[minute % 2] ?? '', minute * MINUTE_MS);
    expect(waitAt(9 * MINUTE_MS).statusPoll?.startMs).toBe(T0 + MINUTE_MS + 10 * MINUTE_MS);
  });

  test('are read back once a cadence has passed since the first of them', () => {
    const { it } = setup('Invited');
    for (let minute = 1; minute < 11; minute += 1) {
      it.claim(STATUSES[minute % 2] ?? '', minute * MINUTE_MS);
      expect(it.next(minute * MINUTE_MS).do).toBe('wait');
    }
    it.claim('Syncing', 11 * MINUTE_MS);
    expect(it.next(11 * MINUTE_MS)).toEqual({ do: 'read', because: 'notice' });
  });
});

describe('applicants who began in the same second', () => {
  test.each([
    ['Invited', 20_000],
    ['Syncing', 20_000],
  ])('under %s are polled apart, by %i ms at most', (status, mostMs) => {
    const startOf = (jitter: number) => {
      const { it, waitAt } = setup(status);
      it.facts = { ...it.facts, checks: { ...it.facts.checks, jitter } };
      return waitAt(0).statusPoll?.startMs ?? Number.NaN;
    };
    expect(startOf(1) - startOf(0)).toBe(mostMs);
    expect(startOf(0.5) - startOf(0)).toBe(mostMs / 2);
  });
});

describe('the list', () => {
  test('is polled while a disconnected person has no reports: they may come without a notice', () => {
    const { it, waitAt } = setup('Disconnected');
    it.list([], 0);
    expect(waitAt(0).listPoll).toMatchObject({ startMs: T0 + 6 * HOUR_MS, delaysMs: [6 * HOUR_MS] });
  });

  test('is polled under Some Synced, where reports come without a change of status', () => {
    expect(setup('Some Synced').waitAt(0).listPoll).toMatchObject({ startMs: T0 + HOUR_MS, delaysMs: [HOUR_MS] });
    for (const status of ['Invited', 'Engaged', 'Syncing', 'All Synced']) {
      expect(setup(status).waitAt(0).listPoll).toBeNull();
    }
  });

  test('is polled an interval after it was last asked for', () => {
    const { it, waitAt } = setup('Some Synced');
    it.list([], 20 * MINUTE_MS);
    expect(waitAt(20 * MINUTE_MS).listPoll?.startMs).toBe(T0 + 80 * MINUTE_MS);
  });
});

describe('a claim that the read does not confirm', () => {
  const AT_MS = DAY_MS;
  const unconfirmed = (it: Situation, atMs: number, status = 'Engaged') =>
    it.claim(status, atMs).read('Invited', atMs, { updatedMs: 0 });

  test('is read again after 1, 5 and 30 min, then left to polling', () => {
    const { it, waitAt } = setup('Invited');
    unconfirmed(it, AT_MS);
    expect(waitAt(AT_MS).statusPoll).toMatchObject({
      startMs: T0 + AT_MS + MINUTE_MS,
      delaysMs: [5 * MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS],
    });
  });

  test('is read again no later than the poll cadence', () => {
    const invited = 2 * MINUTE_MS;
    const { it, waitAt } = setup('Invited', { ...DEFAULT_POLICY, pollMs: { ...DEFAULT_POLICY.pollMs, invited } });
    unconfirmed(it, AT_MS);
    expect(waitAt(AT_MS).statusPoll).toMatchObject({
      startMs: T0 + AT_MS + MINUTE_MS,
      delaysMs: [invited, invited, invited],
    });
  });

  test('leaves the rest of the series to be read, whatever else is claimed meanwhile', () => {
    const { it, waitAt } = setup('Invited');
    unconfirmed(it, AT_MS);
    unconfirmed(it, AT_MS + 2 * MINUTE_MS, 'Declined');
    expect(waitAt(AT_MS + 2 * MINUTE_MS).statusPoll).toMatchObject({
      startMs: T0 + AT_MS + 6 * MINUTE_MS,
      delaysMs: [30 * MINUTE_MS, 6 * HOUR_MS],
    });
  });

  test('starts no second series within the hour: the cadence has it', () => {
    const { it, waitAt } = setup('Invited');
    unconfirmed(it, AT_MS);
    unconfirmed(it, AT_MS + 40 * MINUTE_MS, 'Declined');
    expect(waitAt(AT_MS + 40 * MINUTE_MS).statusPoll?.delaysMs).toEqual([6 * HOUR_MS]);
    unconfirmed(it, AT_MS + HOUR_MS);
    expect(waitAt(AT_MS + HOUR_MS).statusPoll?.delaysMs).toHaveLength(3);
  });
});
