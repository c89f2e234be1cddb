import { DAY_MS } from '../../src/domain/policy';
import { type ClosingTimes, isPastRetention } from '../../src/domain/retention';

const NOW_MS = Date.parse('2026-06-30T12:00:00.000Z');
const CLOSED: ClosingTimes = { outcome: 'collected', closedAt: '2026-06-01T12:00:00.000Z', refreshedAt: null };

/** The retention is 29 days to the millisecond, which is how long ago {@link CLOSED} was. */
function setup(given: Partial<ClosingTimes>, moreMs = 0) {
  return isPastRetention({ ...CLOSED, ...given }, NOW_MS, 29 * DAY_MS - moreMs);
}

test('an applicant is past it once closed for longer, not when just as long', () => {
  expect([setup({}), setup({}, 1)]).toEqual([false, true]);
});

test('a refresh after the closing begins the time anew; one of before does not count', () => {
  expect(setup({ refreshedAt: '2026-06-01T12:00:00.001Z' }, 1)).toBe(false);
  expect(setup({ refreshedAt: '2026-05-01T12:00:00.000Z' }, 1)).toBe(true);
});

test.each<[string, Partial<ClosingTimes>]>([
  ['open', { outcome: null, closedAt: null }],
  ['open again, whatever it says of the closing before', { outcome: null }],
  ['without a time of closing', { closedAt: null, refreshedAt: '2020-01-01T00:00:00.000Z' }],
  ['closed at no time that can be read', { closedAt: 'yesterday' }],
  ['closed by a clock that is ahead', { closedAt: '2027-01-01T00:00:00.000Z' }],
])('nobody is past it who is %s', (_, given) => {
  expect(setup(given, 28 * DAY_MS)).toBe(false);
});
