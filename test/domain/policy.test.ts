import { completePolicy, DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, parseDurationMs } from '../../src/domain/policy';

test('a duration is an integer above zero with a unit', () => {
  const valid = { '250ms': 250, '1ms': 1, '10s': 10_000, '5m': 5 * MINUTE_MS, '6h': 6 * HOUR_MS, '30d': 30 * DAY_MS };
  const unusual = { '007s': 7_000, ' 5m ': 5 * MINUTE_MS, '36500d': 36_500 * DAY_MS };
  for (const [text, ms] of Object.entries({ ...valid, ...unusual })) {
    expect([text, parseDurationMs(text)]).toEqual([text, ms]);
  }
});

test.each([
  ...['', '5', 'm', '0s', '00m', '-5m', '+5m', '1.5h', '1,5h', '5 m', '5M', '5min', '1h30m', '1e3s', '∞d', '٣d'],
  ...['36501d', '999999999999999d', '1234567890123456ms', '5w'],
])('%p is not a duration', (text) => expect(parseDurationMs(text)).toBeNull());

test('the default policy is the documented one', () => {
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
    chaseMs: { invited: 7 * DAY_MS, engaged: 3 * DAY_MS },
    accessRefusedPatienceMs: HOUR_MS,
    wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
    refreshCheckAfterMs: [DAY_MS, 7 * DAY_MS],
  });
});

describe('the policy of an input', () => {
  test('that is complete stays unchanged', () => {
    const policy = { ...DEFAULT_POLICY, settleMs: { allSynced: 1, someSynced: 2, error: 3 }, wanted: {} };
    expect(completePolicy(policy)).toEqual(policy);
  });

  test('gets the default of each missing key, and keeps unknown keys', () => {
    const { pollMs, expiresMs } = DEFAULT_POLICY;
    const { syncing: _syncing, ...polls } = pollMs;
    const written = { later: 1, pollMs: { ...polls, invited: 5, later: 'x' }, expiresMs };
    const completed = { ...DEFAULT_POLICY, later: 1, pollMs: { ...pollMs, invited: 5, later: 'x' } };
    expect(completePolicy(written)).toEqual(completed);
  });

  test.each<[unknown, RegExp]>([
    [undefined, /the policy to be an object, got undefined/],
    [null, /the policy to be an object, got null/],
    ['a', /the policy to be an object, got string/],
    [[], /the policy to be an object, got a list/],
    [{ pollMs: 5 }, /pollMs to be an object, got 5/],
    [{ expiresMs: { invitation: 'soon' } }, /expiresMs\.invitation to be milliseconds .* got string/],
    // JSON writes infinity as null.
    [{ settleMs: { error: null } }, /settleMs\.error .* got null/],
    [{ expiresMs: { applicant: 0 } }, /expiresMs\.applicant .* above zero, got 0/],
    [{ wanted: { unity: 'pdf' } }, /wanted to list the formats/],
    [{ wanted: [] }, /wanted to be an object, got a list/],
  ])('%j is rejected: a default in its place could end an applicant', (written, message) => {
    expect(() => completePolicy(written)).toThrow(message);
  });
});
