import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { DAY_MS } from '../../src/domain/policy';
import { keepSchedule, RETENTION_SCHEDULE, SWEEP_SCHEDULE } from '../../src/temporal/schedules';
import { retentionWorkflowId, sweepWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';

const temporal = useTemporalServer();

function setup() {
  const { client } = temporal();
  const taskQueue = `queue-${randomUUID()}`;
  const logged: string[] = [];
  const log = {
    info: (_: object, text: string) => void logged.push(text),
    warn: (_: object, text: string) => void logged.push(text),
  };
  return {
    client,
    taskQueue,
    logged,
    changes: (name: string) => logged.map((text) => text.replace(`${name} was `, '')),
    keepRetention: (everyMs: number | null, through: Client = client) =>
      keepSchedule(RETENTION_SCHEDULE, { client: through, taskQueue, everyMs }, log, new AbortController().signal),
    retention: client.schedule.getHandle(retentionWorkflowId(taskQueue)),
    keep: (everyMs: number | null, through: Client = client) =>
      keepSchedule(SWEEP_SCHEDULE, { client: through, taskQueue, everyMs }, log, new AbortController().signal),
    handle: client.schedule.getHandle(sweepWorkflowId(taskQueue)),
  };
}

test('the schedule is created once, changed with the setting, and removed with it', async () => {
  const { keep, handle, changes } = setup();
  await keep(60_000);
  await keep(60_000);
  expect(await handle.describe()).toMatchObject({
    spec: { intervals: [{ every: 60_000 }] },
    policies: { overlap: 'SKIP' },
    action: { type: 'startWorkflow', workflowType: 'sweep', args: [] },
  });
  await keep(120_000);
  expect((await handle.describe()).spec.intervals).toMatchObject([{ every: 120_000 }]);
  await keep(null);
  await keep(null);
  expect(changes('the sweep schedule')).toEqual(['created', 'changed', 'removed']);
});

test('many workers at once create one schedule, and one of them logs it', async () => {
  const { keep, logged } = setup();
  await Promise.all(Array.from({ length: 8 }, () => keep(60_000)));
  expect(logged).toEqual(['the sweep schedule was created']);
});

test('a paused schedule stays paused when the setting changes', async () => {
  const { keep, handle } = setup();
  await keep(60_000);
  await handle.pause();
  await keep(120_000);
  expect((await handle.describe()).state.paused).toBe(true);
});

test('a run of the schedule starts a sweep without arguments on the task queue', async () => {
  const { keep, handle, client, taskQueue } = setup();
  await keep(86_400_000);
  await handle.trigger();
  const [run] = await until('the run', async () => {
    const { recentActions } = (await handle.describe()).info;
    return recentActions.length > 0 ? recentActions : null;
  });
  const action = run?.action;
  if (action?.type !== 'startWorkflow') throw new Error('expected the schedule to start a workflow');
  const described = await client.workflow.getHandle(action.workflow.workflowId).describe();
  expect(described).toMatchObject({ type: 'sweep', taskQueue });
  const { events } = await client.workflow.getHandle(action.workflow.workflowId).fetchHistory();
  expect(events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []).toEqual([]);
  await keep(null);
});

test('the retention runs daily, or more often for a shorter period, and not at the time of the daily sweep', async () => {
  const { keepRetention, retention, changes } = setup();
  await keepRetention(2_192 * DAY_MS);
  expect((await retention.describe()).spec.intervals).toEqual([{ every: DAY_MS, offset: DAY_MS / 2 }]);
  await keepRetention(5_000);
  await keepRetention(5_000);
  expect((await retention.describe()).spec.intervals).toEqual([{ every: 5_000, offset: 2_000 }]);
  await retention.pause();
  await keepRetention(null);
  await expect(retention.describe()).rejects.toThrow();
  expect(changes('the retention schedule')).toEqual(['created', 'changed', 'removed']);
});

test('if schedules are not allowed, a warning with the remedy is logged once', async () => {
  const { keep, keepRetention, logged, client } = setup();
  const forbidden = () => Promise.reject(Object.assign(new Error('no'), { code: 7, details: 'no', metadata: {} }));
  const through = {
    withDeadline: (_: number, call: () => Promise<unknown>) => call(),
    schedule: { ...client.schedule, getHandle: () => ({ describe: forbidden, delete: forbidden }) },
  } as unknown as Client;
  await keep(60_000, through);
  expect(logged).toEqual([
    expect.stringMatching(/not allowed here, so no sweep runs: .*SWEEP_EVERY=off.*chartway -- sweep/),
  ]);
  await keepRetention(DAY_MS, through);
  expect(logged[1]).toMatch(/nothing is erased by age: .*REPORTS_RETENTION=off.*npm run chartway -- erase/);
  // Without a schedule in the settings, nothing is logged.
  await keepRetention(null, through);
  expect(logged).toHaveLength(2);
});
