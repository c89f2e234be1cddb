import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { NEW_RATE_LIMIT, nextAllowedAtMs, withCall } from '../../src/domain/rate-limit';
import { fc } from '../support/property';

const T0 = Date.UTC(2026, 0, 1);

/** The times of the calls, relative to T0, if a call is requested at each of these times. */
function callsAt(requestsMs: readonly number[], cadenceMs = HOUR_MS): number[] {
  let limit = NEW_RATE_LIMIT;
  return requestsMs.filter((ms) => {
    if (T0 + ms < nextAllowedAtMs(limit, cadenceMs)) return false;
    limit = withCall(limit, T0 + ms, cadenceMs);
    return true;
  });
}

const burstsEvery = (everyMs: number, untilMs: number) =>
  Array.from({ length: untilMs / everyMs + 1 }, (_, i) => Array(9).fill(i * everyMs) as number[]).flat();

test('the limit is five calls at once, then one per minute', () => {
  const calls = callsAt(burstsEvery(1_000, 3 * MINUTE_MS));
  expect(calls.map((ms) => ms / MINUTE_MS)).toEqual([0, 0, 0, 0, 0, 1, 2, 3]);
});

test('in any period there are at most five calls plus one per minute', () => {
  const gaps = fc.array(fc.oneof(fc.nat(50), fc.nat(5 * MINUTE_MS)), { maxLength: 200 });
  fc.assert(
    fc.property(gaps, (gapsMs) => {
      let atMs = 0;
      const calls = callsAt(gapsMs.map((ms) => (atMs += ms)));
      for (const [i, fromMs] of calls.entries()) {
        for (const [j, untilMs] of calls.entries()) {
          if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(5 + Math.floor((untilMs - fromMs) / MINUTE_MS));
        }
      }
    }),
  );
});

test('after five quiet minutes five calls are allowed again, and never more', () => {
  expect(callsAt([0, 5 * MINUTE_MS, 24 * HOUR_MS].flatMap((ms) => Array(9).fill(ms) as number[]))).toHaveLength(15);
});

test('a poll cadence below a minute refills it', () => {
  expect(callsAt(burstsEvery(100, 4_000), 2_000)).toEqual([0, 0, 0, 0, 0, 2_000, 4_000]);
});
