import { createAdaptiveConcurrency } from '../../src/spool/adaptive-concurrency';

function setup() {
  const state = { nowMs: 1_000, random: 0, pendingRequests: 0 };
  const concurrency = createAdaptiveConcurrency({
    pendingRequests: () => state.pendingRequests,
    nowMs: () => state.nowMs,
    random: () => state.random,
  });
  return {
    state,
    concurrency,
    /** Fails a delivery that starts now, and returns the backoff. */
    fail(): number {
      concurrency.recordFailure(state.nowMs);
      return concurrency.backoffMs();
    },
    succeed(times: number): void {
      for (let n = 0; n < times; n += 1) concurrency.recordSuccess();
    },
  };
}

test('each failure doubles the backoff up to 5 s, and a success ends it', () => {
  const { state, concurrency, fail } = setup();
  const backoffs = Array.from({ length: 7 }, () => {
    const backoffMs = fail();
    state.nowMs += backoffMs;
    return backoffMs;
  });
  expect(backoffs).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  fail();
  expect(concurrency.recordSuccess()).toBe(true);
  expect([concurrency.backoffMs(), concurrency.isTemporalDown, concurrency.recordSuccess()]).toEqual([0, false, false]);
  expect(fail()).toBe(250);
});

test('jitter shortens a backoff by at most half', () => {
  const { state, fail } = setup();
  state.random = 1;
  expect(fail()).toBe(125);
});

test('one failure of Temporal counts once, also if it fails many deliveries', () => {
  const { state, concurrency, fail } = setup();
  const startedMs = state.nowMs;
  expect([fail(), fail()]).toEqual([250, 250]);
  state.nowMs += 100;
  expect(fail()).toBe(150);
  state.nowMs += 150;
  concurrency.recordFailure(startedMs);
  expect(concurrency.backoffMs()).toBe(0);
  expect(fail()).toBe(500);
});

test('eight successes raise the limit by 1, up to 16; it is at most 2 during requests', () => {
  const { state, concurrency, succeed } = setup();
  succeed(7);
  expect(concurrency.limit()).toBe(1);
  succeed(1);
  expect(concurrency.limit()).toBe(2);
  succeed(500);
  expect(concurrency.limit()).toBe(16);
  state.pendingRequests = 1;
  expect(concurrency.limit()).toBe(2);
  state.pendingRequests = 0;
  expect(concurrency.limit()).toBe(16);
});

test('a failure allows no delivery during its backoff, one until a success, and then the limit starts at 1 again', () => {
  const { state, concurrency, fail, succeed } = setup();
  succeed(500);
  const backoffMs = fail();
  state.nowMs += backoffMs - 1;
  expect(concurrency.limit()).toBe(0);
  state.nowMs += 1;
  expect([concurrency.limit(), concurrency.isTemporalDown]).toEqual([1, true]);
  succeed(8);
  expect(concurrency.limit()).toBe(1);
  succeed(1);
  expect(concurrency.limit()).toBe(2);
});
