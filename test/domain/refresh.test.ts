import { emptyCollection, withList } from '../../src/domain/collection';
import { NEW_REFRESH, withLook, withNamedReport } from '../../src/domain/refresh';

const NOW = Date.UTC(2026, 0, 2);
const NOTICE = { humanId: 'h', reportId: 'r1', type: 'unity', updatedAt: '2026-01-01T00:00:00.000Z' };

function listed(updatedAt: string) {
  const reports = [{ id: 'r1', type: 'unity', organization: null, updatedAt }];
  return { reports, collection: withList(emptyCollection(), { reports, digest: updatedAt, askedAtMs: NOW }, NOW) };
}

describe('a report notice after the closing', () => {
  test('is answered by a row of its version, and by none dated 2099, which would hide every later version', () => {
    const awaited = (updatedAt: string) =>
      withNamedReport({ ...NEW_REFRESH, collection: listed(updatedAt).collection }, NOTICE, NOW).awaited.length;
    expect([awaited(NOTICE.updatedAt), awaited('2099-01-01T00:00:00.000Z')]).toEqual([0, 1]);
  });

  test('is looked for again where the list shows a row dated 2099', () => {
    const told = withNamedReport(NEW_REFRESH, NOTICE, NOW);
    const { reports, collection } = listed('2099-01-01T00:00:00.000Z');
    expect(withLook(told, collection, reports, NOW + 2_000).awaited).toMatchObject([{ looks: 1 }]);
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
    expect(withNamedReport(setup(), notice(date), NOW).awaited).toHaveLength(1);
  },
);

test('a notice of a version that is listed asks for nothing', () => {
  expect(withNamedReport(setup(), notice('2026-01-01T00:00:00.000Z'), NOW)).toEqual(setup());
});
