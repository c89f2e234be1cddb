import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import { RETENTION, retentionWorkflowId, SWEEP, sweepWorkflowId } from '../workflows/contract';
import { callBy, isNotAllowed } from './rpc';

/** `everyMs` null: no schedule. */
interface ScheduleSettings {
  readonly client: Client;
  readonly taskQueue: string;
  readonly everyMs: number | null;
}

interface ScheduleSpec {
  readonly workflowType: string;
  /** The id of the schedule; its runs have the same id with a time after it. */
  readonly id: (taskQueue: string) => string;
  readonly name: string;
  readonly effect: string;
  readonly advice: string;
}

const SWEEP_SCHEDULE: ScheduleSpec = {
  workflowType: SWEEP,
  id: sweepWorkflowId,
  name: 'the schedule of the sweep',
  effect: 'no sweep runs',
  advice: 'set SWEEP_EVERY=off, or run `npm run chartway -- sweep` yourself',
};
const RETENTION_SCHEDULE: ScheduleSpec = {
  workflowType: RETENTION,
  id: retentionWorkflowId,
  name: 'the schedule of erasing by age',
  effect: 'nothing is erased by age',
  advice: 'set REPORTS_RETENTION=off, and run `npm run erase` yourself',
};
/** One more day does not matter to any retention. */
const ERASE_EVERY_MS = 24 * 3_600_000;

interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/** A missed run is made up for within a day, once. */
const CATCH_UP_MS = 24 * 3_600_000;
const RETRY_MS = 30_000;

/** Applies the settings to the schedule of the sweep. Nothing depends on it: `chartway sweep` works without. */
export function keepSweepSchedule(settings: ScheduleSettings, log: Log, signal: AbortSignal): Promise<void> {
  return maintain(SWEEP_SCHEDULE, settings, log, signal);
}

/** Applies the settings to the schedule of erasing by age: daily, or more often if the retention is shorter; none if it is null. */
export function keepRetentionSchedule(
  { client, taskQueue, retentionMs }: Omit<ScheduleSettings, 'everyMs'> & { readonly retentionMs: number | null },
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = retentionMs === null ? null : Math.min(retentionMs, ERASE_EVERY_MS);
  return maintain(RETENTION_SCHEDULE, { client, taskQueue, everyMs }, log, signal);
}

/**
 * Creates, changes or removes a schedule; any number of workers may do so at once. Retries until it is done or not allowed; the latter is
 * logged if there should be a schedule, and is not an error.
 */
async function maintain(spec: ScheduleSpec, settings: ScheduleSettings, log: Log, signal: AbortSignal): Promise<void> {
  const { name, effect, advice } = spec;
  const { client, taskQueue, everyMs } = settings;
  const at = { schedule: spec.id(taskQueue) };
  while (!signal.aborted) {
    try {
      const result = await callBy(client, () => applySchedule(spec, settings));
      if (result !== 'unchanged') log.info(at, `${name} was ${result}`);
      return;
    } catch (error) {
      if (isNotAllowed(error)) {
        // An account that may not manage schedules has created none.
        if (everyMs === null) return;
        const text = `schedules are not allowed here, so ${effect}: ask an administrator to allow schedules, ${advice}`;
        log.warn({ ...at, error }, text);
        return;
      }
      log.warn({ ...at, error }, `${name} could not be updated; it is retried`);
      await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** One call if nothing has to change. A schedule that an operator paused stays paused. */
async function applySchedule(spec: ScheduleSpec, { client, taskQueue, everyMs }: ScheduleSettings) {
  const scheduleId = spec.id(taskQueue);
  const handle = client.schedule.getHandle(scheduleId);
  if (everyMs === null) return (await remove(handle)) ? 'removed' : 'unchanged';
  const wanted = {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: spec.workflowType,
      taskQueue,
      workflowId: scheduleId,
      // No arguments: they would be encrypted for the schedule, and the run could not decrypt them.
      args: [],
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: CATCH_UP_MS },
  };
  try {
    const { spec: current } = await handle.describe();
    const [interval, ...others] = current.intervals ?? [];
    if (others.length === 0 && interval?.every === everyMs) return 'unchanged';
    await handle.update((before) => ({ ...before, ...wanted }));
    return 'changed';
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
  try {
    await client.schedule.create({ scheduleId, ...wanted });
    return 'created';
  } catch (error) {
    // Another worker was faster.
    if (error instanceof ScheduleAlreadyRunning) return 'unchanged';
    throw error;
  }
}

async function remove(handle: { delete(): Promise<unknown> }): Promise<boolean> {
  try {
    await handle.delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
