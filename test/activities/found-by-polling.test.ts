import { MockActivityEnvironment } from '@temporalio/testing';
import { Registry } from 'prom-client';
import { createPersonActivities, type WatchStatusInput } from '../../src/activities/person';
import { createPollMetrics } from '../../src/activities/poll-metrics';
import type { Person } from '../../src/upstream/port';
import { FakeUpstream } from '../support/fake-upstream';

/** One attempt of a poll of somebody whose status upstream is Invited. */
async function setup(known: Partial<WatchStatusInput>) {
  const humanApi = new FakeUpstream();
  const registry = new Registry();
  const environment = new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: Date.now() });
  const { watchStatus } = createPersonActivities({ upstream: humanApi, pollMetrics: createPollMetrics(registry) });
  const { subjectId: humanId }: Person = await environment.run(() =>
    humanApi.invite({ clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' }),
  );
  const input = {
    humanId,
    status: 'Invited',
    delaysMs: [60_000],
    failureReportMs: null,
    ...known,
  };
  const found = async () => (await registry.getSingleMetric('chartway_facts_found_by_polling_total')?.get())?.values;
  return { polled: environment.run(watchStatus, input), found };
}

test('a status that no notice had told counts as found by polling', async () => {
  const { polled, found } = await setup({ status: 'Engaged' });
  await expect(polled).resolves.toMatchObject({ kind: 'status', status: 'Invited' });
  expect(await found()).toEqual([expect.objectContaining({ labels: { of: 'status' }, value: 1 })]);
});

test('a status that was known does not', async () => {
  const { polled, found } = await setup({});
  await expect(polled).rejects.toMatchObject({ type: 'NothingYet' });
  expect(await found()).toEqual([]);
});
