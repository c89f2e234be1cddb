import { emptyCollection, withList } from '../../src/domain/collection';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import {
  checkDelaysMs,
  decideRefresh,
  NEW_REFRESH,
  type Refresh,
  withAwaitedReport,
  withCheckSchedule,
  withClosedRound,
  withListResult,
} from '../../src/domain/refresh';

const NOW = Date.UTC(2026, 0, 2);
const LISTED_AT = '2026-01-01T00:00:00.000Z';
const noticeOf = (updatedAt: string | null) => ({ humanId: 'h', reportId: 'r1', type: 'unity', updatedAt });
const listOf = (updatedAt: string) => {
  const reports = [{ id: 'r1', type: 'unity', organization: null, updatedAt }];
  return { reports, collection: withList(emptyCollection(), { reports, digest: updatedAt, askedAtMs: NOW }, NOW) };
};

describe('a report notice after the closing', () => {
  test.each([
    ['of a listed version requests nothing', LISTED_AT, LISTED_AT, 0],
    ['of a version that may be newer is awaited', null, LISTED_AT, 1],
    ['with an unreadable date is awaited', 'yesterday', LISTED_AT, 1],
    ['is awaited if the listed version is dated 2099', LISTED_AT, '2099-01-01T00:00:00.000Z', 1],
  ])('%s', (_what, updatedAt, listedAt, awaited) => {
    const before = { ...NEW_REFRESH, collection: listOf(listedAt).collection };
    expect(withAwaitedReport(before, noticeOf(updatedAt), NOW).awaited).toHaveLength(awaited);
  });

  test('is still awaited after a list that shows a version dated 2099', () => {
    const { reports, collection } = listOf('2099-01-01T00:00:00.000Z');
    const notified = withAwaitedReport(NEW_REFRESH, noticeOf(LISTED_AT), NOW);
    expect(withListResult(notified, collection, reports, NOW + 2_000).awaited).toMatchObject([{ looks: 1 }]);
  });
});

describe('the checks after a closing', () => {
  const SCHEDULE = { closedAtMs: NOW, afterMs: [DAY_MS, 7 * DAY_MS] };
  const closedAt = (atMs: number) => {
    return { humanId: 'h', closedAt: new Date(atMs).toISOString(), policy: DEFAULT_POLICY, documents: [] };
  };
  const scheduled = withCheckSchedule(NEW_REFRESH, SCHEDULE);
  const checked = (refresh: Refresh, atMs: number) => withListResult(refresh, refresh.collection, [], atMs);
  const waitUntil = (ms: number) => ({ do: 'wait', untilMs: NOW + ms });

  test('each make a list, counted from the closing; the refresh ends after the last one', () => {
    const closed = withClosedRound(scheduled, closedAt(NOW));
    expect(decideRefresh(closed, NOW)).toEqual(waitUntil(DAY_MS));
    expect(decideRefresh(closed, NOW + DAY_MS)).toEqual({ do: 'list' });
    const once = checked(closed, NOW + DAY_MS);
    expect(decideRefresh(once, NOW + DAY_MS)).toEqual(waitUntil(7 * DAY_MS));
    expect(decideRefresh(checked(once, NOW + 7 * DAY_MS), NOW + 7 * DAY_MS)).toEqual({ do: 'end' });
  });

  test('that are due together make one list', () => {
    expect(decideRefresh(checked(scheduled, NOW + 8 * DAY_MS), NOW + 8 * DAY_MS)).toEqual({ do: 'end' });
  });

  test('remain after a list for a notice', () => {
    const notified = withAwaitedReport(scheduled, noticeOf(LISTED_AT), NOW);
    expect(decideRefresh(notified, NOW)).toEqual(waitUntil(2 * SECOND_MS));
    const { reports, collection } = listOf(LISTED_AT);
    const answered = withListResult(notified, collection, reports, NOW + 2 * SECOND_MS);
    expect(decideRefresh(answered, NOW + HOUR_MS)).toMatchObject(waitUntil(DAY_MS));
  });

  test('restart with a later closing, and count from the closing in the manifest', () => {
    const once = checked(scheduled, NOW + DAY_MS);
    const again = withCheckSchedule(once, { ...SCHEDULE, closedAtMs: NOW + 2 * DAY_MS });
    expect(decideRefresh(again, NOW + 2 * DAY_MS)).toEqual(waitUntil(3 * DAY_MS));
    const later = withClosedRound(again, closedAt(NOW + 2 * DAY_MS + HOUR_MS));
    expect(decideRefresh(later, NOW + 2 * DAY_MS)).toEqual(waitUntil(3 * DAY_MS + HOUR_MS));
  });

  test('are not changed by a repeated, an earlier or a malformed schedule', () => {
    const once = checked(scheduled, NOW + DAY_MS);
    const malformed = [null, {}, { closedAtMs: NOW + 1 }, { closedAtMs: NOW + 1, afterMs: ['1'] }];
    for (const schedule of [SCHEDULE, { closedAtMs: NOW - DAY_MS, afterMs: [1] }, ...malformed]) {
      expect(withCheckSchedule(once, schedule as never)).toBe(once);
    }
  });

  test('are delayed per applicant, by half an hour and a tenth of their time at most', () => {
    expect(checkDelaysMs([10_000, DAY_MS], 0)).toEqual([10_000, DAY_MS]);
    expect(checkDelaysMs([10_000, DAY_MS], 0.5)).toEqual([10_500, DAY_MS + 15 * MINUTE_MS]);
  });
});
