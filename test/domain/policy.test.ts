import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, parseDurationMs } from '../../src/domain/policy';

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['1ms', 1],
    ['10s', 10_000],
    ['5m', 5 * MINUTE_MS],
    ['6h', 6 * HOUR_MS],
    ['30d', 30 * DAY_MS],
    ['007s', 7_000],
    [' 5m ', 5 * MINUTE_MS],
    ['36500d', 36_500 * DAY_MS],
  ])('%p is taken', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each([
    '',
    '5',
    'm',
    '0s',
    '00m',
    '-5m',
    '+5m',
    '1.5h',
    '1,5h',
    '5 m',
    '5M',
    '5min',
    '1h30m',
    '1e3s',
    '∞d',
    '٣d',
    '36501d',
    '999999999999999d',
    '1234567890123456ms',
    '5w',
  ])('%p is not', (text) => expect(parseDurationMs(text)).toBeNull());
});

test('the policy when nothing is configured is the one that the documentation promises', () => {
  expect(DEFAULT_POLICY).toEqual({
    pollMs: {
      invited: 6 * HOUR_MS,
      engaged: HOUR_MS,
      syncing: 10 * MINUTE_MS,
      attention: 6 * HOUR_MS,
      someSynced: HOUR_MS,
      disconnected: 6 * HOUR_MS,
    },
    settleMs: { allSynced: 10 * MINUTE_MS, someSynced: 24 * HOUR_MS, error: HOUR_MS },
    expiresMs: { invitation: 30 * DAY_MS, applicant: 90 * DAY_MS },
    wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
  });
});
