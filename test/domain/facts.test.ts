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
const IN_2099_MS = 73 * 365 * DAY_MS;

/** An applicant read as Syncing at T0, with a date one minute earlier. Times relative to T0. */
function setup(status = 'Syncing', updatedMs: number | null = -MINUTE_MS) {
  const date = (ms: number | null) => (ms === null ? null : T0 + ms);
  const opened = openFacts({ status, updatedAtMs: date(updatedMs), askedAtMs: T0 }, T0);
  const notice = (facts: Facts, text: string, updated: number | null, nowMs: number) =>
    withNotice(facts, { status: text, updatedAtMs: date(updated) }, T0 + nowMs, DEFAULT_POLICY);
  const read = (facts: Facts, text: string, updated: number | null, askedMs: number, nowMs = askedMs + 300) => {
    const answer = { status: text, updatedAtMs: date(updated), askedAtMs: T0 + askedMs };
    return withRead(facts, answer, T0 + nowMs, DEFAULT_POLICY);
  };
  return { opened, notice, read };
}

const readBackAtMs = ({ due }: Facts) => due.readBackRequestedAtMs;

describe('a notice', () => {
  test('that repeats the read or the claim changes nothing', () => {
    const { opened, notice } = setup();
    expect(notice(opened, ' SYNCING', -MINUTE_MS, HOUR_MS)).toBe(opened);
    const claimed = notice(opened, 'Engaged', 1, 1_000);
    expect(notice(claimed, 'Engaged', 1, DAY_MS)).toBe(claimed);
  });

  test.each<[string, number | null]>([
    ['older than the last read', -HOUR_MS],
    ['with the date of the last read and another status', -MINUTE_MS],
    ['without a date', null],
    ['from 2099', IN_2099_MS],
    ['more than 5 min ahead of the clock', HOUR_MS + 5 * MINUTE_MS + 1],
  ])('%s only requests a read, and blocks no later notice', (_what, updatedMs) => {
    const { opened, notice } = setup();
    const after = notice(opened, 'Declined', updatedMs, HOUR_MS);
    expect(after).toEqual({ ...opened, due: { ...opened.due, readBackRequestedAtMs: T0 + HOUR_MS } });
    expect(currentStatus(notice(after, 'All Synced', HOUR_MS, HOUR_MS))).toBe('All Synced');
  });

  test('up to 5 min ahead of the clock becomes a claim', () => {
    const { opened, notice } = setup();
    expect(currentKind(notice(opened, 'Attn Required', HOUR_MS + 5 * MINUTE_MS, HOUR_MS))).toBe('attention');
  });

  test('becomes a claim if the last read has no date', () => {
    const { opened, notice } = setup('Syncing', null);
    expect(currentStatus(notice(opened, 'All Synced', -DAY_MS, 1_000))).toBe('All Synced');
  });

  test('that arrives after a newer one changes nothing, and causes no read', () => {
    const { opened, notice } = setup('Invited');
    const synced = notice(opened, 'All Synced', 3, 1_000);
    expect(notice(notice(synced, 'Syncing', 2, 1_000), 'Engaged', 1, 1_000)).toBe(synced);
  });

  test.each<[status: string, isReadBack: boolean, isReadBackLate: boolean]>([
    ...['Declined', 'Error', 'Disconnected', 'Some Synced'].map((status): [string, boolean, boolean] => [
      status,
      true,
      true,
    ]),
    ['All Synced', false, true],
    ...['Invited', 'Attn Required', 'Pondering'].map((status): [string, boolean, boolean] => [status, false, false]),
  ])('of %s is read back: %s; after a newer notice, which may be forged: %s', (status, isReadBack, isReadBackLate) => {
    const { opened, notice } = setup();
    expect(readBackAtMs(notice(opened, status, 1, 1_000))).toBe(isReadBack ? T0 + 1_000 : null);
    const late = notice(notice(opened, 'Engaged', 2, 1_000), status, 1, 2_000);
    expect([currentStatus(late), readBackAtMs(late)]).toEqual(['Engaged', isReadBackLate ? T0 + 2_000 : null]);
  });

  test('of Some Synced does not start the window that never restarts; a read does', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'Some Synced', 1, 1_000);
    const startOf = ({ timestamps }: Facts) => timestamps.someSyncedAtMs;
    expect(startOf(claimed)).toBeNull();
    expect(startOf(read(claimed, 'Some Synced', 1, 2_000))).toBe(T0 + 2_300);
    expect(startOf(read(claimed, 'Syncing', -MINUTE_MS, 2_000))).toBeNull();
    const again = read(setup('Some Synced').opened, 'Syncing', 1, HOUR_MS);
    expect(startOf(read(again, 'Some Synced', 2, 2 * HOUR_MS))).toBe(T0);
  });
});

describe('a read', () => {
  test('replaces a claim made before it was requested, whatever the date of the claim', () => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Declined', 5 * MINUTE_MS, 1_000), 'Syncing', -MINUTE_MS, 1_000);
    expect([currentStatus(after), after.status.claim, readBackAtMs(after)]).toEqual(['Syncing', null, null]);
  });

  test.each<[string, number, string, number, string, string | null]>([
    ['stays if its date is later', 1_400, 'Syncing', -MINUTE_MS, 'Declined', 'Declined'],
    ['is replaced if the read has a later date', 1_400, 'All Synced', 1_450, 'All Synced', null],
    ['is replaced if the read confirms it', 1_400, 'Declined', 1_400, 'Declined', null],
  ])('a claim made while a read is in flight %s', (_what, claimedMs, status, updatedMs, current, claim) => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Declined', claimedMs, 1_500), status, updatedMs, 1_000, 2_000);
    expect([currentStatus(after), after.status.claim?.status ?? null]).toEqual([current, claim]);
  });

  test.each<[string, number | null, number | null, number]>([
    ['the same date', -MINUTE_MS, -MINUTE_MS, 1_000],
    ['no date', -MINUTE_MS, null, 1_000],
    ['a date after a read without one', null, -DAY_MS, 1_000],
    ['the same date, requested in the same millisecond,', -MINUTE_MS, -MINUTE_MS, 0],
  ])('with %s counts if it was not requested earlier', (_what, first, second, askedMs) => {
    const { opened, read } = setup('Syncing', first);
    expect(read(opened, 'All Synced', second, askedMs).status.read.status).toBe('All Synced');
  });

  test.each<[string, number | null, number | null]>([
    ['neither has a date', null, null],
    ['only the later one has no date', null, -MINUTE_MS],
    ['only the earlier one has no date', -MINUTE_MS, null],
  ])('that was requested earlier and answered later does not count if %s', (_what, first, second) => {
    const { opened, read } = setup('Syncing', null);
    const later = read(opened, 'All Synced', first, 2_000);
    expect(read(later, 'Syncing', second, 1_000, 3_000).status.read).toEqual(later.status.read);
  });

  test('with an older date only updates when the status was read', () => {
    const { opened, read } = setup();
    const after = read(opened, 'Engaged', -HOUR_MS, DAY_MS);
    expect(after.status.read).toEqual({ ...opened.status.read, askedAtMs: T0 + DAY_MS });
  });

  test('answers only the requests that were made before it', () => {
    const { opened, notice, read } = setup();
    const requested = notice(opened, 'Engaged', null, 1_500);
    expect(readBackAtMs(read(requested, 'Syncing', -MINUTE_MS, 1_500))).toBeNull();
    expect(readBackAtMs(read(requested, 'Syncing', -MINUTE_MS, 1_499))).toBe(T0 + 1_500);
  });

  test('of the same status in another spelling restarts neither the kind nor the poll', () => {
    const { opened, read } = setup();
    const { timestamps, due } = read(opened, ' syncing ', HOUR_MS, HOUR_MS);
    expect([timestamps.current, due.pollBaseMs]).toEqual([{ kindSinceMs: T0, confirmedSinceMs: T0 }, T0]);
  });

  test('that confirms a claim keeps the start of the kind, and records when it was confirmed', () => {
    const { opened, notice, read } = setup();
    const claimed = notice(opened, 'All Synced', 900, 1_000);
    expect(claimed.timestamps.current).toEqual({ kindSinceMs: T0 + 1_000, confirmedSinceMs: null });
    const { current } = read(claimed, 'All Synced', 900, HOUR_MS).timestamps;
    expect(current).toEqual({ kindSinceMs: T0 + 1_000, confirmedSinceMs: T0 + HOUR_MS + 300 });
  });

  test.each([
    ['later than the claim, which was true before', 1_500],
    ['that of the claim, which upstream has received by then', 1],
  ])('that refutes a claim starts no rereads if its date is %s', (_what, updatedMs) => {
    const { opened, notice, read } = setup();
    const after = read(notice(opened, 'Engaged', 1, 1_000), 'Syncing', updatedMs, 2_000);
    expect(after.due.rereadSeriesAtMs).toBeNull();
  });

  test('for a notice counts against the rate limit', () => {
    let facts = setup().opened;
    for (let i = 0; i < 5; i++) facts = withNoticeRead(facts, T0, DEFAULT_POLICY);
    expect(nextAllowedAtMs(facts.due.noticeReads, HOUR_MS)).toBe(T0 + MINUTE_MS);
  });
});
