import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import { DAY_MS, SECOND_MS } from '../domain/policy';
import { RETENTION, retentionWorkflowId, SWEEP, sweepWorkflowId } from '../workflows/contract';
import { callWithDeadline, isNotAllowed, type TemporalDeps } from './rpc';

interface ScheduleSpec {
  readonly workflowType: string;
  /** The id of the schedule. The server appends a time to it for the id of each run. */
  readonly id: (taskQueue: string) => string;
  readonly toInterval: (everyMs: number) => { readonly every: number; readonly offset: number };
  readonly name: string;
  readonly effect: string;
  readonly advice: string;
}

/** The command `chartway sweep` works without this schedule. */
export const SWEEP_SCHEDULE: ScheduleSpec = {
  workflowType: SWEEP,
  id: sweepWorkflowId,
  toInterval: (everyMs) => ({ every: everyMs, offset: 0 }),
  name: 'the sweep schedule',
  effect: 'no sweep runs',
  advice: 'set SWEEP_EVERY=off and run `npm run chartway -- sweep` yourself',
};
/** Daily, or more often for a shorter retention. Halfway between the daily sweeps, because an erasure changes the files of a running sweep. */
export const RETENTION_SCHEDULE: ScheduleSpec = {
  workflowType: RETENTION,
  id: retentionWorkflowId,
  toInterval: (retentionMs) => {
    const every = Math.min(retentionMs, DAY_MS);
    return { every, offset: Math.floor(every / 2 / SECOND_MS) * SECOND_MS };
  },
  name: 'the retention schedule',
  effect: 'nothing is erased by age',
  advice: 'set REPORTS_RETENTION=off and run `npm run chartway -- erase` yourself',
};

/** A run that was missed during an outage of the server starts up to a day later, once. */
const CATCH_UP_MS = DAY_MS;
const RETRY_MS = 30_000;

/** `everyMs`: SWEEP_EVERY or REPORTS_RETENTION; null: no schedule. */
interface ScheduleSettings extends TemporalDeps {
  readonly everyMs: number | null;
}

interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/**
 * Creates, changes or removes a schedule; any number of workers may do so at once. Retries until it is done. If the account may not manage schedules,
 * logs how to do without, and returns.
 */
export async function keepSchedule(
  spec: ScheduleSpec,
  settings: ScheduleSettings,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { name, effect, advice } = spec;
  const { client, taskQueue, everyMs } = settings;
  const logFields = { schedule: spec.id(taskQueue) };
  while (!signal.aborted) {
    try {
      const result = await callWithDeadline(client, () => applySchedule(spec, settings));
      if (result !== 'unchanged') log.info(logFields, `${name} was ${result}`);
      return;
    } catch (error) {
      if (isNotAllowed(error)) {
        // An account that may not manage schedules has created none.
        if (everyMs === null) return;
        const text = `schedules are not allowed here, so ${effect}: ask an administrator to allow schedules, or ${advice}`;
        log.warn({ ...logFields, error }, text);
        return;
      }
      log.warn({ ...logFields, error }, `could not update ${name}; retrying`);
      await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** One call if nothing has to change. A schedule that an operator paused stays paused. */
async function applySchedule(spec: ScheduleSpec, { client, taskQueue, everyMs }: ScheduleSettings) {
  const scheduleId = spec.id(taskQueue);
  const handle = client.schedule.getHandle(scheduleId);
  if (everyMs === null) return (await nullIfNoSchedule(handle.delete())) === null ? 'unchanged' : 'removed';
  const interval = spec.toInterval(everyMs);
  const wanted = {
    spec: { intervals: [interval] },
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
  const current = await nullIfNoSchedule(handle.describe());
  if (current) {
    if (isDeepStrictEqual(current.spec.intervals, [interval])) return 'unchanged';
    await handle.update((before) => ({ ...before, ...wanted }));
    return 'changed';
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

async function nullIfNoSchedule<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}
