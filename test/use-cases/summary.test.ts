import { DAY_MS } from '../../src/domain/policy';
import { createSummary } from '../../src/use-cases/summary';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';
import { failingClient, startRun, useCaseDeps } from './deps';

const server = useTemporalServer();

test('counts stages, outcomes, days and ages; callers within 5 s share one answer', async () => {
  const { client } = server();
  const nowMs = Date.now();
  let clockMs = nowMs;
  const { deps } = useCaseDeps(client, { nowMs: () => clockMs });
  const summary = createSummary(deps);
  await startRun(deps, 'new', { ApplicantStage: ['inviting'] });
  await startRun(deps, 'old', { ApplicantStage: ['invited'], ApplicantOpenedAt: [new Date(nowMs - 5 * DAY_MS)] });
  await (await startRun(deps, 'terminated', { ApplicantStage: ['invited'] })).terminate();
  const closed = {
    ApplicantStage: ['closed'],
    ApplicantOutcome: ['collected'],
    ApplicantOpenedAt: [new Date(nowMs - 40 * DAY_MS)],
  };
  await (await startRun(deps, 'closed', closed)).terminate();
  // Visibility lags.
  const first = await until('all runs', async () => {
    clockMs += 5_000;
    const read = await summary();
    return read.stages.closed === 2 && read.days.at(-1)?.closed === 2 && read;
  });
  expect(first).toMatchObject({
    stages: { inviting: 1, invited: 1, engaged: 0, closed: 2 },
    outcomes: { collected: 1, partial: 0 },
    coverage: { since: new Date(clockMs - DAY_MS).toISOString() },
    asOf: new Date(clockMs).toISOString(),
  });
  expect(first.days).toHaveLength(30);
  expect(first.days.at(-1)).toEqual({ date: new Date(clockMs).toISOString().slice(0, 10), opened: 2, closed: 2 });
  expect(first.days.at(-6)).toMatchObject({ opened: 1, closed: 0 });
  const ages = first.ages.map(({ atMostDays, count }) => [atMostDays, count]);
  expect(ages).toEqual([
    [1, 1],
    [3, 0],
    [7, 1],
    [14, 0],
    [30, 0],
    [60, 0],
    [90, 0],
    [null, 0],
  ]);
  clockMs += 4_999;
  expect(await summary()).toBe(first);
  clockMs += 1;
  const [one, other] = await Promise.all([summary(), summary()]);
  expect(one).toBe(other);
  expect(one).not.toBe(first);
});

test('a failure is unavailable, and the next call tries again', async () => {
  const { client } = server();
  let isDown = true;
  const flaky = failingClient(client, { isDown: () => isDown });
  const summary = createSummary(useCaseDeps(flaky, { nowMs: () => 0 }).deps);
  await expect(summary()).rejects.toMatchObject({ kind: 'unavailable', what: 'temporal', done: 'nothing' });
  isDown = false;
  expect(await summary()).toMatchObject({ asOf: '1970-01-01T00:00:00.000Z' });
});
