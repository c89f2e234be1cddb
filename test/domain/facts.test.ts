import {
  currentKind,
  currentStatus,
  type Facts,
  openFacts,
  withNotice,
  withNoticeRead,
  withRead,
} from '../../src/domain/facts';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { nextAllowedAtMs } from '../../src/domain/rate-limit';

const T0 = Date.UTC(2026, 0, 1);

/** An applicant read as Syncing at T0, upstream's stamp a minute older, and what can be told to it. Times relative to T0. */
function setup(status = 'Syncing', updatedMs: number | null = -MINUTE_MS) {
  const stamp = (ms: number | null) => (ms === null ? null : T0 + ms);
  const opened = openFacts({ status, updatedAtMs: stamp(updatedMs), askedAtMs: T0 }, T0);
  return {
    opened,
    notice: (facts: Facts, told: string, updated: number | null, nowMs: number) =>
      withNotice(facts, { status: told, updatedAtMs: stamp(updated) }, T0 + nowMs, DEFAULT_POLICY),
    read: (facts: Facts, told: string, updated: number | null, askedMs: number, nowMs = askedMs + 300) =>
      withRead(
        facts,
        { status: told, updatedAtMs: stamp(updated), askedAtMs: T0 + askedMs },
        T0 + nowMs,
        DEFAULT_POLICY,
      ),
  };
}

describe('a notice', () => {
  test('moves an applicant on if it is later than the last read', () => {
    const { opened, notice } = setup();
    expect(currentStatus(notice(opened, 'All Synced', 1, 1_000))).toBe('All Synced');
  });

  test('that says what is known already changes nothing', () => {
    const { opened, notice } = setup();
    expect(notice(opened, ' SYNCING', -MINUTE_MS, HOUR_MS)).toBe(opened);
    const claimed = notice(opened, 'Engaged', 1, 1_000);
    expect(notice(claimed, 'Engaged', 1, DAY_MS)).toBe(claimed);
  });

  test.each<[string, number | null]>([
    ['older than the last read', -HOUR_MS],
    ['as old as the last read, but saying otherwise', -MINUTE_MS],
    ['without a date', null],
    ['from 2099', 73 * 365 * DAY_MS],
    ['more than 5 min ahead of the clock', HOUR_MS + 5 * MINUTE_MS + 1],
  ])('%s only asks for a read', (_what, updatedMs) => {
    const { opened, notice } = setup();
    const heard = notice(opened, 'Declined', updatedMs, HOUR_MS);
    expect(heard).toEqual({ ...opened, checks: { ...opened.checks, readBackRequestedAtMs: T0 + HOUR_MS } });
  });

  test('at most 5 min ahead of the clock is taken', () => {
    const { opened, notice } = setup();
    expect(currentKind(notice(opened, 'Attn Required', HOUR_MS + 5 * MINUTE_MS, HOUR_MS))).toBe('attention');
  });

  test('from 2099 does not deafen: a true one is taken after it', () => {
    const { opened, notice } = setup();
    const forged = notice(opened, 'Declined', 73 * 365 * DAY_MS, 1_000);
    expect(currentStatus(notice(forged, 'All Synced', 1_500, 2_000))).toBe('All Synced');
  });

  test('that comes late does not move an applicant back', () => {
    const { opened, notice } = setup();
    const later = notice(opened, 'All Synced', 2_000, 3_000);
    const late = notice(later, 'Some Synced', 1_000, 4_000);
    expect(currentStatus(late)).toBe('All Synced');
    expect(late.checks.readBackRequestedAtMs).toBe(T0 + 4_000);
  });

  test('that a newer one overtook on the way says nothing, and costs no read', () => {
    const { opened, notice } = setup('Invited');
    const synced = notice(opened, 'All Synced', 3, 1_000);
    expect(notice(notice(synced, 'Syncing', 2, 1_000), 'Engaged', 1, 1_000)).toBe(synced);
  });

  test.each(['Declined', 'Error', 'Disconnected', 'Some Synced', 'All Synced'])(
    'of %s that a newer one overtook is read back: the newer one may be forged',
    (status) => {
      const { opened, notice } = setup();
      const claimed = notice(opened, 'Engaged', 2, 1_000);
      expect(notice(claimed, status, 1, 2_000)).toEqual({
        ...claimed,
        checks: { ...claimed.checks, readBackRequestedAtMs: T0 + 2_000 },
      });
    },
  );

  test('is taken if the last read told no date', () => {
    const { opened, notice } = setup('Syncing', null);
    expect(currentStatus(notice(opened, 'All Synced', -DAY_MS, 1_000))).toBe('All Synced');
  });

  test.each(['Declined', 'Error', 'Disconnected', 'Some Synced'])(
    'of %s, which may end an applicant, is read back',
    (status) => {
      const { opened, notice } = setup();
      expect(notice(opened, status, 1, 1_000).checks.readBackRequestedAtMs).toBe(T0 + 1_000);
    },
  );

  test.each(['Invited', 'Engaged', 'Attn Required', 'All Synced', 'Pondering'])('of %s costs no read', (status) => {
    const { opened, notice } = setup();
    expect(notice(opened, status, 1, 1_000).checks.readBackRequestedAtMs).toBeNull();
  });

  test('of Some Synced does not start the window that is never restarted: only a read does', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'Some Synced', 1, 1_000);
    expect(claimed.timestamps.someSyncedAtMs).toBeNull();
    expect(read(claimed, 'Some Synced', 1, 2_000).timestamps.someSyncedAtMs).toBe(T0 + 2_300);
    expect(read(claimed, 'Syncing', -MINUTE_MS, 2_000).timestamps.someSyncedAtMs).toBeNull();
  });
});

describe('a read', () => {
  test('replaces a claim made before it was asked for, whatever that claimed of its date', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'Declined', 5 * MINUTE_MS, 1_000);
    const after = read(claimed, 'Syncing', -MINUTE_MS, 1_000);
    expect([currentStatus(after), after.status.claim, after.checks.readBackRequestedAtMs]).toEqual([
      'Syncing',
      null,
      null,
    ]);
  });

  test('leaves a claim that was made while it was under way', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'Declined', 1_400, 1_500);
    const after = read(claimed, 'Syncing', -MINUTE_MS, 1_000, 2_000);
    expect(currentStatus(after)).toBe('Declined');
    expect(after.checks.readBackRequestedAtMs).toBe(T0 + 1_500);
  });

  test('that is newer than a claim made while it was under way replaces it', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'Engaged', 1_100, 1_500);
    expect(currentStatus(read(claimed, 'All Synced', 1_200, 1_000, 2_000))).toBe('All Synced');
  });

  test('that knows just what a claim made while it was under way says replaces it', () => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Engaged', 1_100, 1_500), 'Engaged', 1_100, 1_000, 2_000);
    expect([currentStatus(after), after.status.claim]).toEqual(['Engaged', null]);
  });

  test('that is older by updatedAt does not move an applicant back', () => {
    const { opened, read } = setup();
    const after = read(opened, 'Engaged', -HOUR_MS, DAY_MS);
    expect(after.status.read).toEqual({ ...opened.status.read, askedAtMs: T0 + DAY_MS });
  });

  test.each<[string, number | null, number | null]>([
    ['the same date', -MINUTE_MS, -MINUTE_MS],
    ['no date', -MINUTE_MS, null],
    ['a date after one without', null, -DAY_MS],
  ])('with %s counts as the later one, for it is', (_what, first, second) => {
    const { opened, read } = setup('Syncing', first);
    expect(read(opened, 'All Synced', second, 1_000).status.read.status).toBe('All Synced');
  });

  test('that was asked for earlier and answered later does not count as the later one', () => {
    const { opened, read } = setup('Syncing', null);
    const later = read(opened, 'All Synced', null, 2_000);
    const overtaken = read(later, 'Syncing', null, 1_000, 3_000);
    expect(overtaken.status.read).toEqual(later.status.read);
  });

  test('asked for in the same millisecond as another counts as the later one', () => {
    const { opened, read } = setup();
    expect(read(opened, 'All Synced', -MINUTE_MS, 0).status.read.status).toBe('All Synced');
  });

  test.each<[string, number | null, number | null]>([
    ['the first', null, -MINUTE_MS],
    ['the second', -MINUTE_MS, null],
  ])('that was overtaken does not count as the later one either where %s alone has no date', (_what, first, second) => {
    const { opened, read } = setup('Syncing', null);
    const later = read(opened, 'All Synced', first, 2_000);
    expect(read(later, 'Syncing', second, 1_000, 3_000).status.read).toEqual(later.status.read);
  });

  test('ends a doubt that is older than itself, and no other', () => {
    const { opened, notice, read } = setup();
    const doubted = notice(opened, 'Engaged', null, 1_500);
    expect(read(doubted, 'Syncing', -MINUTE_MS, 1_500).checks.readBackRequestedAtMs).toBeNull();
    expect(read(doubted, 'Syncing', -MINUTE_MS, 1_499).checks.readBackRequestedAtMs).toBe(T0 + 1_500);
  });

  test('that says the same in other letters restarts neither the kind nor the poll', () => {
    const { opened, read } = setup();
    const after = read(opened, ' syncing ', HOUR_MS, HOUR_MS);
    expect([
      after.timestamps.kind.kindSinceMs,
      after.timestamps.kind.confirmedSinceMs,
      after.checks.pollBaseMs,
    ]).toEqual([T0, T0, T0]);
  });

  test('that confirms a claim leaves the time since when it has been so, and adds since when that is sure', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'All Synced', 900, 1_000);
    expect([claimed.timestamps.kind.kindSinceMs, claimed.timestamps.kind.confirmedSinceMs]).toEqual([T0 + 1_000, null]);
    const after = read(claimed, 'All Synced', 900, HOUR_MS);
    expect([after.timestamps.kind.kindSinceMs, after.timestamps.kind.confirmedSinceMs]).toEqual([
      T0 + 1_000,
      T0 + HOUR_MS + 300,
    ]);
  });

  test('of a second Some Synced does not restart its window', () => {
    const { opened, read } = setup('Some Synced');
    const between = read(opened, 'Syncing', 1, HOUR_MS);
    expect(read(between, 'Some Synced', 2, 2 * HOUR_MS).timestamps.someSyncedAtMs).toBe(T0);
  });
});

describe('a claim that the read does not confirm', () => {
  test('starts a series of early re-reads', () => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Engaged', 1, 1_000), 'Syncing', -MINUTE_MS, 2_000);
    expect([after.checks.rereadSeriesAtMs, after.checks.pollBaseMs]).toEqual([T0 + 2_300, T0 + 2_300]);
  });

  test('starts none if the read is newer: the claim was true and is over', () => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Engaged', 1, 1_000), 'Syncing', 1_500, 2_000);
    expect(after.checks.rereadSeriesAtMs).toBeNull();
  });

  test('starts none if the read has the same date: upstream knows that moment already', () => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Engaged', 1, 1_000), 'Syncing', 1, 2_000);
    expect(after.checks.rereadSeriesAtMs).toBeNull();
  });

  test('starts at most one series an hour', () => {
    const { opened, notice, read } = setup();
    const first = read(notice(opened, 'Engaged', 1, 0), 'Syncing', -MINUTE_MS, 0, 0);
    const soon = read(notice(first, 'Engaged', 2, HOUR_MS - 1), 'Syncing', -MINUTE_MS, HOUR_MS - 1, HOUR_MS - 1);
    expect(soon.checks.rereadSeriesAtMs).toBe(T0);
    const later = read(notice(soon, 'Engaged', 3, HOUR_MS), 'Syncing', -MINUTE_MS, HOUR_MS, HOUR_MS);
    expect(later.checks.rereadSeriesAtMs).toBe(T0 + HOUR_MS);
  });
});

test('a read made because of a notice is counted against what notices may cause', () => {
  const { opened } = setup();
  let facts = opened;
  for (let i = 0; i < 5; i++) facts = withNoticeRead(facts, T0, DEFAULT_POLICY);
  expect(nextAllowedAtMs(facts.checks.noticeReads, HOUR_MS)).toBe(T0 + MINUTE_MS);
});
