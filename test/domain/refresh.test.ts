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
const NOTICE = { humanId: 'h', reportId: 'r1', type: 'unity', updatedAt: '2026-01-01T00:00:00.000Z' };

function listed(updatedAt: string) {
  const reports = [{ id: 'r1', type: 'unity', organization: null, updatedAt }];
  return { reports, collection: withList(emptyCollection(), { reports, digest: updatedAt, askedAtMs: NOW }, NOW) };
}

describe('a report notice after the closing', () => {
  test('is answered by a row of its version, and by none dated 2099, which would hide every later version', () => {
    const awaited = (updatedAt: string) =>
      withAwaitedReport({ ...NEW_REFRESH, collection: listed(updatedAt).collection }, NOTICE, NOW).awaited.length;
    expect([awaited(NOTICE.updatedAt), awaited('2099-01-01T00:00:00.000Z')]).toEqual([0, 1]);
  });

  test('is looked for again where the list shows a row dated 2099', () => {
    const told = withAwaitedReport(NEW_REFRESH, NOTICE, NOW);
    const { reports, collection } = listed('2099-01-01T00:00:00.000Z');
    expect(withListResult(told, collection, reports, NOW + 2_000).awaited).toMatchObject([{ looks: 1 }]);
  });
});

/** A refresh that has listed one report. */
function setup() {
  const listed = [{ id: 'r-1', type: 'unity', organization: null, updatedAt: '2026-01-01T00:00:00.000Z' }];
  return { ...NEW_REFRESH, collection: { ...NEW_REFRESH.collection, listed } };
}

const notice = (updatedAt: string | null) => ({ humanId: 'h-1', reportId: 'r-1', type: 'unity', updatedAt });

test.each([null, 'yesterday'])(
  'a notice of a listed report with the date %j is looked for: it may be of a newer version',
  (date) => {
    expect(withAwaitedReport(setup(), notice(date), NOW).awaited).toHaveLength(1);
  },
);

test('a notice of a version that is listed asks for nothing', () => {
  expect(withAwaitedReport(setup(), notice('2026-01-01T00:00:00.000Z'), NOW)).toEqual(setup());
});

describe('the checks after a closing', () => {
  const SCHEDULE = { closedAtMs: NOW, afterMs: [DAY_MS, 7 * DAY_MS] };
  const closedAt = (atMs: number) => ({
    humanId: 'h',
    closedAt: new Date(atMs).toISOString(),
    policy: DEFAULT_POLICY,
    documents: [],
  });
  const checked = (refresh: Refresh, atMs: number) => withListResult(refresh, refresh.collection, [], atMs);

  test('are each a list, counted from the closing; after the last one the refresh ends', () => {
    const asked = withClosedRound(withCheckSchedule(NEW_REFRESH, SCHEDULE), closedAt(NOW));
    expect(decideRefresh(asked, NOW)).toEqual({ do: 'wait', untilMs: NOW + DAY_MS });
    expect(decideRefresh(asked, NOW + DAY_MS)).toEqual({ do: 'list' });
    const once = checked(asked, NOW + DAY_MS);
    expect(decideRefresh(once, NOW + DAY_MS)).toEqual({ do: 'wait', untilMs: NOW + 7 * DAY_MS });
    expect(decideRefresh(checked(once, NOW + 7 * DAY_MS), NOW + 7 * DAY_MS)).toEqual({ do: 'end' });
  });

  test('that came due together are one list', () => {
    const late = checked(withCheckSchedule(NEW_REFRESH, SCHEDULE), NOW + 8 * DAY_MS);
    expect(decideRefresh(late, NOW + 8 * DAY_MS)).toEqual({ do: 'end' });
  });

  test('remain where a notice has the reports listed before they are due', () => {
    const told = withAwaitedReport(withCheckSchedule(NEW_REFRESH, SCHEDULE), NOTICE, NOW);
    expect(decideRefresh(told, NOW)).toEqual({ do: 'wait', untilMs: NOW + 2 * SECOND_MS });
    const { reports, collection } = listed(NOTICE.updatedAt);
    const answered = withListResult(told, collection, reports, NOW + 2 * SECOND_MS);
    expect(decideRefresh(answered, NOW + HOUR_MS)).toMatchObject({ do: 'wait', untilMs: NOW + DAY_MS });
  });

  test('begin anew with a later closing, and count from the one that the manifest tells', () => {
    const once = checked(withCheckSchedule(NEW_REFRESH, SCHEDULE), NOW + DAY_MS);
    const again = withCheckSchedule(once, { ...SCHEDULE, closedAtMs: NOW + 2 * DAY_MS });
    expect(decideRefresh(again, NOW + 2 * DAY_MS)).toEqual({ do: 'wait', untilMs: NOW + 3 * DAY_MS });
    const later = withClosedRound(again, closedAt(NOW + 2 * DAY_MS + HOUR_MS));
    expect(decideRefresh(later, NOW + 2 * DAY_MS)).toEqual({ do: 'wait', untilMs: NOW + 3 * DAY_MS + HOUR_MS });
  });

  test('are not made twice where the closing is told again, and not at all by what is no schedule', () => {
    const once = checked(withCheckSchedule(NEW_REFRESH, SCHEDULE), NOW + DAY_MS);
    expect(withCheckSchedule(once, SCHEDULE)).toBe(once);
    expect(withCheckSchedule(once, { closedAtMs: NOW - DAY_MS, afterMs: [1] })).toBe(once);
    for (const junk of [null, {}, { closedAtMs: NOW + 1 }, { closedAtMs: NOW + 1, afterMs: ['1'] }]) {
      expect(withCheckSchedule(once, junk as never)).toBe(once);
    }
  });

  test("have each applicant's own place, at most half an hour and a tenth of the time later", () => {
    expect(checkDelaysMs([10_000, DAY_MS], 0)).toEqual([10_000, DAY_MS]);
    expect(checkDelaysMs([10_000, DAY_MS], 0.5)).toEqual([10_500, DAY_MS + 15 * MINUTE_MS]);
  });
});
