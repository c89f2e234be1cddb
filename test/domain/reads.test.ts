import { emptyCollection } from '../../src/domain/collection';
import { decide } from '../../src/domain/decision';
import { currentStatus, type Facts, openFacts, withRead } from '../../src/domain/facts';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { Situation } from './model/situation';
import { T0 } from './model/upstream';

const AGE_MS = 73 * 365 * DAY_MS;

/** An applicant read as Engaged under the given date; times relative to that read. */
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

describe('a read whose date is more than 5 min ahead of the clock counts as undated', () => {
  test.each([
    ['at the invitation', (it: ReturnType<typeof setup>) => it],
    [
      'later',
      (it: ReturnType<typeof setup>) => {
        it.read('Engaged', MINUTE_MS, AGE_MS);
        return it;
      },
    ],
  ])('%s, so that the read after it wins', (when, tell) => {
    const it = tell(setup(when === 'later' ? 0 : AGE_MS));
    expect(it.facts().status.read.updatedAtMs).toBeNull();
    expect(it.read('Syncing', HOUR_MS)).toBe('Syncing');
  });

  test('up to 5 min ahead it is taken as it is', () => {
    expect(setup(5 * MINUTE_MS).facts().status.read.updatedAtMs).toBe(T0 + 5 * MINUTE_MS);
  });
});

describe('another status under an older date', () => {
  test('counts once it is read again unchanged a minute later, whatever its date', () => {
    const it = setup(4 * MINUTE_MS);
    expect(it.read('Syncing', MINUTE_MS)).toBe('Engaged');
    expect(it.read('Syncing', 2 * MINUTE_MS, MINUTE_MS)).toBe('Syncing');
    expect(it.facts().status.contradiction).toBeNull();
  });

  test('does not count twice in a minute: both answers may come from a replica that lags', () => {
    const it = setup(4 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    expect(it.read('Syncing', 2 * MINUTE_MS - 1, MINUTE_MS)).toBe('Engaged');
    expect(it.read('Syncing', 2 * MINUTE_MS, MINUTE_MS)).toBe('Syncing');
  });

  test('is forgotten once the status known is read again', () => {
    const it = setup(4 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    it.read('Engaged', 2 * MINUTE_MS, 4 * MINUTE_MS);
    expect(it.read('Syncing', 3 * MINUTE_MS, MINUTE_MS)).toBe('Engaged');
  });

  test('begins anew where it is a third status', () => {
    const it = setup(4 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    expect(it.read('Attn Required', 2 * MINUTE_MS)).toBe('Engaged');
    expect(it.read('Attn Required', 3 * MINUTE_MS, 2 * MINUTE_MS)).toBe('Attn Required');
  });

  test('is no contradiction where it was asked for before the read that is known', () => {
    const it = setup(0);
    it.read('All Synced', 2 * MINUTE_MS);
    it.read('Syncing', MINUTE_MS);
    expect(it.facts().status.contradiction).toBeNull();
  });

  test('is read again a minute later, and until then nothing is decided, not even a withdrawal', () => {
    const it = new Situation('Invited', DEFAULT_POLICY).read('Engaged', 0, { updatedMs: 4 * MINUTE_MS });
    const deadlineMs = DEFAULT_POLICY.expiresMs.applicant;
    it.read('Syncing', deadlineMs, { updatedMs: MINUTE_MS });
    expect(it.next(deadlineMs)).toMatchObject({ do: 'wait', wait: { statusPoll: null, listPoll: null } });
    expect(it.waitsUntilMs(deadlineMs)).toBe(deadlineMs + MINUTE_MS);
    expect(it.next(deadlineMs + MINUTE_MS)).toEqual({ do: 'read', because: 'contradiction' });
    it.read('Engaged', deadlineMs + MINUTE_MS, { updatedMs: 4 * MINUTE_MS });
    expect(it.next(deadlineMs + MINUTE_MS)).toMatchObject({ do: 'list', because: 'conclusion' });
  });

  test('that goes away again costs no more than a read a cadence', () => {
    const it = setup(4 * MINUTE_MS);
    it.read('Syncing', HOUR_MS, MINUTE_MS);
    it.read('Engaged', HOUR_MS + MINUTE_MS, 4 * MINUTE_MS);

    const nowMs = T0 + HOUR_MS + MINUTE_MS;
    const step = decide({
      facts: it.facts(),
      collection: emptyCollection(),
      policy: DEFAULT_POLICY,
      nowMs,
      autoInvite: true,
    });
    expect(step).toMatchObject({ do: 'wait', wait: { statusPoll: { startMs: T0 + 2 * HOUR_MS + MINUTE_MS } } });
  });
});
