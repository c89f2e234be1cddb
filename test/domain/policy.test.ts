import { completePolicy, DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, parseDurationMs } from '../../src/domain/policy';

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
    accessRefusedPatienceMs: HOUR_MS,
    wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
    refreshCheckAfterMs: [DAY_MS, 7 * DAY_MS],
  });
});

describe('the policy of an input', () => {
  test('that is whole stays as it is', () => {
    const policy = { ...DEFAULT_POLICY, settleMs: { allSynced: 1, someSynced: 2, error: 3 }, wanted: {} };
    expect(completePolicy(policy)).toEqual(policy);
  });

  test('gets the default of every key that it lacks, and keeps those that are unknown', () => {
    const { pollMs, expiresMs } = DEFAULT_POLICY;
    const { syncing: _syncing, ...polls } = pollMs;
    const given = { later: 1, pollMs: { ...polls, invited: 5, later: 'x' }, expiresMs };
    expect(completePolicy(given)).toEqual({
      ...DEFAULT_POLICY,
      later: 1,
      pollMs: { ...pollMs, invited: 5, later: 'x' },
    });
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /the policy to be an object, got undefined/],
    ['null', null, /the policy to be an object, got null/],
    ['a text', 'a', /the policy to be an object, got string/],
    ['a list', [], /the policy to be an object, got a list/],
    ['a group that is none', { pollMs: 5 }, /pollMs to be an object, got 5/],
    [
      'a text for a time',
      { expiresMs: { invitation: 'soon' } },
      /expiresMs\.invitation to be milliseconds .* got string/,
    ],
    ['null for a time, as JSON has infinity', { settleMs: { error: null } }, /settleMs\.error .* got null/],
    ['a deadline of no time', { expiresMs: { applicant: 0 } }, /expiresMs\.applicant .* above zero, got 0/],
    ['wanted types without a list', { wanted: { unity: 'pdf' } }, /wanted to list the formats/],
    ['wanted types as a list', { wanted: [] }, /wanted to be an object, got a list/],
  ])('that holds %s is refused: a default in its place could end an applicant', (_what, given, message) => {
    expect(() => completePolicy(given)).toThrow(message);
  });
});
