import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createPersonActivities, type StatusAnswer, type WatchStatusInput } from '../../src/activities/person';
import { type Progress, startProgress } from '../../src/activities/progress';
import { MINUTE_MS } from '../../src/domain/policy';
import { RateLimited, Unavailable } from '../../src/upstream/errors';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { atStandstill } from './attempts';

const NOW_MS = Date.UTC(2026, 0, 1);
const SILENT = { logger: new DefaultLogger('ERROR', () => {}) };

/** One attempt upon an upstream that is away; `streak` earlier ones have failed, `failingForMs` long. */
function setup({ error = new Unavailable(facts(503), 'scripted') as Error, failingForMs = 0, streak = 0 } = {}) {
  const humanApi = new FakeUpstream();
  humanApi.faults.push({ route: 'readStatus', error });
  const failing = { streak, failingFromMs: 0, failingSinceMs: NOW_MS - failingForMs };
  const before: Progress = { ...startProgress(null), attempt: streak, elapsedMs: failingForMs, delayMs: 0, ...failing };
  const heartbeatDetails = streak === 0 ? undefined : before;
  const info = { attempt: streak + 1, currentAttemptScheduledTimestampMs: NOW_MS, heartbeatDetails };
  const environment = new MockActivityEnvironment(info, SILENT);
  const { watchStatus, readStatus } = createPersonActivities({ upstream: humanApi });
  return {
    poll: (failureReportMs: number | null): Promise<StatusAnswer> => {
      const known = { humanId: 'h-1', status: 'Invited', delaysMs: [MINUTE_MS] };
      const input: WatchStatusInput = { ...known, failureReportMs };
      return atStandstill(() => environment.run(watchStatus, input));
    },
    read: (outage: { durationMs: number; failures: number }): Promise<StatusAnswer> =>
      environment.run(readStatus, { humanId: 'h-1', patienceMs: null, outage }),
  };
}

test('a poll that fails returns the outage from the given time on, and when its next attempt is due', async () => {
  const answer = await setup({ failingForMs: 20 * MINUTE_MS, streak: 9 }).poll(NOW_MS);
  expect(answer).toMatchObject({ kind: 'outage', failures: 10 });
  if (answer.kind !== 'outage') return;
  expect(answer.durationMs).toBe(20 * MINUTE_MS);
  expect(answer.retryMs).toBeGreaterThan(0);
});

test('the next attempt is due when Retry-After says', async () => {
  const answer = await setup({ error: new RateLimited(facts(429), 137_000) }).poll(NOW_MS);
  expect(answer).toMatchObject({ kind: 'outage', failures: 1, retryMs: 137_000 });
});

test.each([null, NOW_MS + MINUTE_MS])('a poll that fails earlier is retried (from %p on)', async (failureReportMs) => {
  await expect(setup().poll(failureReportMs)).rejects.toMatchObject({ type: 'Unavailable' });
});

test('a read that continues an outage counts on from it', async () => {
  const failure = await setup()
    .read({ durationMs: 20 * MINUTE_MS, failures: 10 })
    .catch((error: unknown) => error as ApplicationFailure);
  // The back-off of the eleventh failure, not of the first.
  expect('nextRetryDelay' in failure && failure.nextRetryDelay).toBeGreaterThan(3 * MINUTE_MS);
});
