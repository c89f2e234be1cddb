import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { NothingYet, toFailure } from '../../src/activities/failures';
import { startProgress } from '../../src/activities/progress';
import { RateLimited, Unavailable } from '../../src/upstream/errors';
import { facts } from '../support/fake-upstream';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const DOWN = new Unavailable(facts(503), 'answered outside the contract (503)');

/** The delays of failures in a row, each waited. */
function delaysMs(failures: number): number[] {
  const progress = startProgress(null);
  return Array.from({ length: failures }, () => {
    const failure = toFailure(DOWN, progress, NOW_MS);
    const delayMs = Number('nextRetryDelay' in failure ? failure.nextRetryDelay : Number.NaN);
    progress.elapsedMs += delayMs;
    return delayMs;
  });
}

test('the first retry comes within a second, and the delay doubles to a minute', () => {
  const delays = delaysMs(8);
  [1, 2, 4, 8, 16, 32, 60, 60].forEach((seconds, at) => {
    expect(delays[at]).toBeLessThanOrEqual(seconds * 1_000);
    expect(delays[at]).toBeGreaterThanOrEqual(seconds * 800);
  });
});

test('in an outage of more than a quarter of an hour the delay grows to five minutes', () => {
  const delays = delaysMs(40);
  expect(Math.max(...delays.slice(0, 15))).toBeLessThanOrEqual(60_000);
  expect(delays.at(-1)).toBeGreaterThan(4 * 60_000 - 1);
  expect(delays.at(-1)).toBeLessThanOrEqual(5 * 60_000);
});

test('a quiet attempt is benign, has its own delay, and ends the streak', () => {
  const progress = { ...startProgress(null), failingFromMs: 0, failingSinceMs: NOW_MS, streak: 7 };
  expect(toFailure(new NothingYet('a change', 6 * 3_600_000), progress, NOW_MS)).toMatchObject({
    type: 'NothingYet',
    nonRetryable: false,
    nextRetryDelay: 6 * 3_600_000,
    category: ApplicationFailureCategory.BENIGN,
  });
  expect(progress).toMatchObject({ failingFromMs: null, failingSinceMs: null, streak: 0, delayMs: 6 * 3_600_000 });
});

test('a streak counts from its first failure', () => {
  const progress = startProgress(null);
  for (const elapsedMs of [500, 1_500]) {
    progress.elapsedMs = elapsedMs;
    toFailure(DOWN, progress, NOW_MS + elapsedMs);
  }
  expect(progress).toMatchObject({ failingFromMs: 500, failingSinceMs: NOW_MS + 500, streak: 2 });
});

test('a Retry-After of the upstream is the delay', () => {
  expect(toFailure(new RateLimited(facts(429), 90_000), startProgress(null), NOW_MS)).toMatchObject({
    type: 'RateLimited',
    nextRetryDelay: 90_000,
  });
  const unknown = toFailure(new RateLimited(facts(429), null), startProgress(null), NOW_MS);
  expect(Number('nextRetryDelay' in unknown && unknown.nextRetryDelay)).toBeLessThanOrEqual(1_000);
});

test("a failure has the upstream's request id in its message and in a field, because a log line shows no message", () => {
  const requestId = '1f0c3b1d-2a4f-4788-990a-010203040506';
  const error = new Unavailable({ ...facts(503), requestId }, 'answered 503');
  const failure = toFailure(error, startProgress(null), NOW_MS);
  expect(failure).toMatchObject({ requestId, message: `GET /scripted: answered 503 (request ${requestId})` });
  expect(Object.keys(toFailure(DOWN, startProgress(null), NOW_MS))).not.toContain('requestId');
});

test('every failure is retryable, unexpected errors too', () => {
  for (const error of [DOWN, new TypeError('x'), 'thrown text', null]) {
    expect(toFailure(error, startProgress(null), NOW_MS)).toMatchObject({ nonRetryable: false });
  }
});

test('the message of another error, which may quote personal data, is dropped', () => {
  const error = Object.assign(new SyntaxError('Unexpected token in "max@example.org"'), { code: 'EBAD' });
  const { message, cause } = toFailure(error, startProgress(null), NOW_MS);
  expect(message).toBe('unexpected SyntaxError (EBAD)');
  expect(cause).toBeUndefined();
});

test('a Temporal failure keeps its message and type, and is retried with back-off', () => {
  const away = ApplicationFailure.create({ message: 'the report store failed (EIO)', type: 'StoreUnavailable' });
  const failure = toFailure(away, startProgress(null), NOW_MS);
  expect(failure).toMatchObject({ message: 'the report store failed (EIO)', type: 'StoreUnavailable' });
  expect(Number('nextRetryDelay' in failure && failure.nextRetryDelay)).toBeGreaterThan(0);
});

test('a cancellation is passed on', () => {
  const cancelled = new CancelledFailure('cancelled');
  const progress = startProgress(null);
  expect(toFailure(cancelled, progress, NOW_MS)).toBe(cancelled);
  expect(progress.delayMs).toBe(0);
});
