import { currentStatus, type Facts, openFacts, withRead } from '../../src/domain/facts';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

const IN_2099_MS = 73 * 365 * DAY_MS;

/** An applicant read as Engaged with the given date. Times relative to that read. */
function setup(updatedMs: number) {
  let facts: Facts = openFacts({ status: 'Engaged', updatedAtMs: T0 + updatedMs, askedAtMs: T0 }, T0);
  return {
    facts: () => facts,
    read(status: string, atMs: number, readUpdatedMs = atMs) {
      const read = { status, updatedAtMs: T0 + readUpdatedMs, askedAtMs: T0 + atMs };
      facts = withRead(facts, read, T0 + atMs, DEFAULT_POLICY);
      return currentStatus(facts);
    },
  };
}

test('the date of a read counts up to 5 min ahead of the clock, at the invitation and later', () => {
  expect(setup(5 * MINUTE_MS).facts().status.read.updatedAtMs).toBe(T0 + 5 * MINUTE_MS);
  const later = setup(0);
  later.read('Engaged', MINUTE_MS, IN_2099_MS);
  for (const it of [setup(IN_2099_MS), later]) {
    expect(it.facts().status.read.updatedAtMs).toBeNull();
    expect(it.read('Syncing', HOUR_MS)).toBe('Syncing');
  }
});

describe('another status with an older date', () => {
  test('counts once it is read again a minute later: earlier both answers may come from a replica that lags', () => {
    const it = setup(4 * MINUTE_MS);
    expect(it.read('Syncing', MINUTE_MS)).toBe('Engaged');
    expect(it.read('Syncing', 2 * MINUTE_MS - 1, MINUTE_MS)).toBe('Engaged');
    expect(it.read('Syncing', 2 * MINUTE_MS, MINUTE_MS)).toBe('Syncing');
    expect(it.facts().status.contradiction).toBeNull();
  });

  test('is dropped once the known status is read again', () => {
    const it = setup(4 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    it.read('Engaged', 2 * MINUTE_MS, 4 * MINUTE_MS);
    expect(it.read('Syncing', 3 * MINUTE_MS, MINUTE_MS)).toBe('Engaged');
  });

  test('is replaced by a third status', () => {
    const it = setup(4 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    expect(it.read('Attn Required', 2 * MINUTE_MS)).toBe('Engaged');
    expect(it.read('Attn Required', 3 * MINUTE_MS, 2 * MINUTE_MS)).toBe('Attn Required');
  });

  test('is no contradiction if it was requested before the known read', () => {
    const it = setup(0);
    it.read('All Synced', 2 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    expect(it.facts().status.contradiction).toBeNull();
  });

  test('is read again a minute later, and until then nothing is decided, not even a withdrawal', () => {
    const it = new Situation('Invited').read('Engaged', 0, { updatedMs: 4 * MINUTE_MS });
    const deadlineMs = DEFAULT_POLICY.expiresMs.applicant;
    it.read('Syncing', deadlineMs, { updatedMs: MINUTE_MS });
    expect(it.next(deadlineMs)).toMatchObject({ do: 'wait', wait: { statusPoll: null, listPoll: null } });
    expect(it.waitsUntilMs(deadlineMs)).toBe(deadlineMs + MINUTE_MS);
    expect(it.next(deadlineMs + MINUTE_MS)).toEqual({ do: 'read', because: 'contradiction' });
    it.read('Engaged', deadlineMs + MINUTE_MS, { updatedMs: 4 * MINUTE_MS });
    expect(it.next(deadlineMs + MINUTE_MS)).toMatchObject({ do: 'list', because: 'conclusion' });
  });

  test('that disappears again costs at most one read per cadence', () => {
    const it = new Situation('Engaged').read('Engaged', 0, { updatedMs: 4 * MINUTE_MS });
    it.read('Syncing', HOUR_MS, { updatedMs: MINUTE_MS });
    const atMs = HOUR_MS + MINUTE_MS;
    it.read('Engaged', atMs, { updatedMs: 4 * MINUTE_MS });
    expect(it.next(atMs)).toMatchObject({ do: 'wait', wait: { statusPoll: { startMs: T0 + atMs + HOUR_MS } } });
  });
});
