import { DAY_MS } from '../../src/domain/policy';
import { type ClosingTimes, isPastRetention } from '../../src/domain/retention';

const NOW_MS = Date.parse('2026-06-30T12:00:00.000Z');
const CLOSED: ClosingTimes = { outcome: 'collected', closedAt: '2026-06-01T12:00:00.000Z', refreshedAt: null };

/** The retention is the age of {@link CLOSED}, 29 days, less `shorterMs`. */
function isPast(changes: Partial<ClosingTimes>, shorterMs = 0) {
  return isPastRetention({ ...CLOSED, ...changes }, NOW_MS, 29 * DAY_MS - shorterMs);
}

test('an applicant is past the retention once it has been closed for longer', () => {
  expect([isPast({}), isPast({}, 1)]).toEqual([false, true]);
});

test('a refresh after the closing restarts the retention; one before it does not count', () => {
  expect(isPast({ refreshedAt: '2026-06-01T12:00:00.001Z' }, 1)).toBe(false);
  expect(isPast({ refreshedAt: '2026-05-01T12:00:00.000Z' }, 1)).toBe(true);
});

test.each<[string, Partial<ClosingTimes>]>([
  ['open', { outcome: null, closedAt: null }],
  ['open again', { outcome: null }],
  ['without a closing time', { closedAt: null, refreshedAt: '2020-01-01T00:00:00.000Z' }],
  ['with an unreadable closing time', { closedAt: 'yesterday' }],
  ['closed in the future', { closedAt: '2027-01-01T00:00:00.000Z' }],
])('an applicant %s is not past the retention', (_, changes) => {
  expect(isPast(changes, 28 * DAY_MS)).toBe(false);
});
