import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { NEW_RATE_LIMIT, nextAllowedAtMs, withCall } from '../../src/domain/rate-limit';
import { fc } from '../support/property';

const T0 = Date.UTC(2026, 0, 1);

/** Calls as soon as it may, whenever it is asked to. */
function setup(cadenceMs = HOUR_MS) {
  let limit = NEW_RATE_LIMIT;
  const callsAtMs: number[] = [];
  return {
    callsAtMs,
    ask(nowMs: number): void {
      if (nowMs < nextAllowedAtMs(limit, cadenceMs)) return;
      limit = withCall(limit, nowMs, cadenceMs);
      callsAtMs.push(nowMs);
    },
  };
}

describe('what notices may cause', () => {
  test('is five calls at once, then one a minute', () => {
    const { callsAtMs, ask } = setup();
    for (let nowMs = T0; nowMs <= T0 + 3 * MINUTE_MS; nowMs += 1_000) for (let i = 0; i < 20; i++) ask(nowMs);
    expect(callsAtMs.map((atMs) => (atMs - T0) / MINUTE_MS)).toEqual([0, 0, 0, 0, 0, 1, 2, 3]);
  });

  test('is at most 5 calls and one for each minute in any stretch of time, however the notices come', () => {
    const gaps = fc.array(fc.oneof(fc.nat(50), fc.nat(5 * MINUTE_MS)), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, (gapsMs) => {
        const { callsAtMs, ask } = setup();
        let nowMs = T0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          ask(nowMs);
        }
        for (const [i, fromMs] of callsAtMs.entries()) {
          for (const [j, untilMs] of callsAtMs.entries()) {
            if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(5 + Math.floor((untilMs - fromMs) / MINUTE_MS));
          }
        }
      }),
    );
  });

  test('is five calls again after five quiet minutes, and never more', () => {
    const { callsAtMs, ask } = setup();
    for (const atMs of [T0, T0 + 5 * MINUTE_MS, T0 + 24 * HOUR_MS]) for (let i = 0; i < 9; i++) ask(atMs);
    expect(callsAtMs).toHaveLength(15);
  });

  test('refills at the poll cadence where that is below a minute, for polling would have asked by then', () => {
    const { callsAtMs, ask } = setup(2_000);
    for (let nowMs = T0; nowMs <= T0 + 4_000; nowMs += 100) for (let i = 0; i < 9; i++) ask(nowMs);
    expect(callsAtMs.map((atMs) => atMs - T0)).toEqual([0, 0, 0, 0, 0, 2_000, 4_000]);
  });
});
