import { NEW_REFRESH, withNamedReport } from '../../src/domain/refresh';

/** A refresh that has listed one report. */
function setup() {
  const listed = [{ id: 'r-1', type: 'unity', organization: null, updatedAt: '2026-01-01T00:00:00.000Z' }];
  return { ...NEW_REFRESH, collection: { ...NEW_REFRESH.collection, listed } };
}

const notice = (updatedAt: string | null) => ({ humanId: 'h-1', reportId: 'r-1', type: 'unity', updatedAt });

test.each([null, 'yesterday'])(
  'a notice of a listed report with the date %j is looked for: it may be of a newer version',
  (date) => {
    expect(withNamedReport(setup(), notice(date), 0).awaited).toHaveLength(1);
  },
);

test('a notice of a version that is listed asks for nothing', () => {
  expect(withNamedReport(setup(), notice('2026-01-01T00:00:00.000Z'), 0)).toEqual(setup());
});
