import { createSegments } from '../../src/spool/segments';

test('the segment that was due first is next, so that retries do not hold up a new one', () => {
  let nowMs = 0;
  const segments = createSegments(() => nowMs);
  for (let n = 0; n < 300; n += 1) {
    segments.add(`1-deferred-${n}`, 1_000);
    const segment = segments.next(false);
    if (segment !== null) segment.retryAtMs = 60_000 + n;
  }
  nowMs = 120_000;
  segments.add('2-new', 100);
  expect(segments.next(false)?.name).toBe('2-new');
  segments.remove('2-new');
  expect(segments.next(false)?.name).toBe('1-deferred-0');
});

test('while Temporal is down, a segment that waits for something else is not retried before its time', () => {
  const segments = createSegments(() => 0);
  segments.add('1-unreachable', 100);
  segments.add('2-key-missing', 100);
  const unreachable = segments.next(false);
  Object.assign(unreachable ?? {}, { retryAtMs: 1_000, isUnreachable: true });
  Object.assign(segments.next(false) ?? {}, { retryAtMs: 500 });
  expect(segments.next(true)).toBe(unreachable);
  segments.remove('1-unreachable');
  expect(segments.next(true)).toBeNull();
  expect(segments.dueInMs(true)).toBe(500);
});

test('the wait lasts until the open segment may be closed, also while Temporal is down', () => {
  let nowMs = 0;
  const segments = createSegments(() => nowMs);
  for (let n = 0; n < 9; n += 1) segments.add(`1-deferred-${n}`, 1_000);
  for (let n = 0; n < 9; n += 1) Object.assign(segments.next(false) ?? {}, { retryAtMs: 60_000 });
  segments.recordAppend('2-open', { lines: Buffer.from('line'), records: 1, atMs: 0, isDeferred: false });
  expect(segments.next(false)?.name).toBe('2-open');
  nowMs = 9_000;
  expect(segments.next(false)).toBeNull();
  expect(segments.dueInMs(false)).toBe(1_000);
  nowMs = 10_000;
  expect(segments.next(true)).toBeNull();
  expect(segments.dueInMs(true)).toBe(20_000);
  expect(segments.next(false)?.name).toBe('2-open');
});
