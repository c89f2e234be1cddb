import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError, ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import { RETENTION, retentionWorkflowId, SWEEP, sweepWorkflowId } from '../workflows/contract';

/** How often, where; null: not at all. */
interface ScheduleSettings {
  readonly client: Client;
  readonly taskQueue: string;
  readonly everyMs: number | null;
}

/** What is scheduled, and what is said of it. */
interface Scheduled {
  readonly workflowType: string;
  /** Of the schedule and, with a time behind it, of its runs. */
  readonly id: (taskQueue: string) => string;
  readonly words: string;
  readonly consequence: string;
  readonly advice: string;
}

const SWEEPING: Scheduled = {
  workflowType: SWEEP,
  id: sweepWorkflowId,
  words: 'the schedule of the sweep',
  consequence: 'nothing is swept',
  advice: 'set SWEEP_EVERY=off, or run `npm run chartway -- sweep` yourself',
};
const ERASING: Scheduled = {
  workflowType: RETENTION,
  id: retentionWorkflowId,
  words: 'the schedule of erasing by age',
  consequence: 'nothing is erased by age',
  advice: 'set REPORTS_RETENTION=off, and run `npm run erase` yourself',
};
/** However long the retention, one more day is nothing beside it. */
const ERASE_EVERY_MS = 24 * 3_600_000;

interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/** gRPC's numbers: the account may not, or the server has no schedules. */
const NOT_ALLOWED: readonly unknown[] = [7 /* PERMISSION_DENIED */, 12 /* UNIMPLEMENTED */, 16 /* UNAUTHENTICATED */];
/** What was missed is made up for within a day, once. */
const CATCH_UP_MS = 24 * 3_600_000;
const TRY_AGAIN_MS = 30_000;
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;

/** `sweep-<task queue>`: the id of the schedule. */
export function sweepScheduleId(taskQueue: string): string {
  return sweepWorkflowId(taskQueue);
}

/** Has the schedule of the sweep as the settings want it. Nobody depends on it: `chartway sweep` works without. */
export async function keepSweepSchedule(settings: ScheduleSettings, log: Log, signal: AbortSignal): Promise<void> {
  await keep(SWEEPING, settings, log, signal);
}

/** Has the schedule of erasing by age as the settings want it: daily, or as often as a shorter retention needs; none where it is null. */
export async function keepRetentionSchedule(
  { client, taskQueue, retentionMs }: Omit<ScheduleSettings, 'everyMs'> & { readonly retentionMs: number | null },
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = retentionMs === null ? null : Math.min(retentionMs, ERASE_EVERY_MS);
  await keep(ERASING, { client, taskQueue, everyMs }, log, signal);
}

/** One call where nothing is to be done. What an operator paused stays paused. */
export async function ensureSweepSchedule(settings: ScheduleSettings) {
  return ensure(SWEEPING, settings);
}

/**
 * Makes, changes or removes a schedule. Any number of workers may do so at once. Tries until it is done or not allowed, which is said, where
 * there should be one, and stops nobody.
 */
async function keep(scheduled: Scheduled, settings: ScheduleSettings, log: Log, signal: AbortSignal): Promise<void> {
  const { words, consequence, advice } = scheduled;
  const at = { schedule: scheduled.id(settings.taskQueue) };
  while (!signal.aborted) {
    try {
      const done = await settings.client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => ensure(scheduled, settings));
      if (done !== 'as it was') log.info(at, `${words} was ${done}`);
      return;
    } catch (error) {
      if (isNotAllowed(error)) {
        // Who may not keep schedules has made none.
        if (settings.everyMs === null) return;
        const what = `${words} may not be kept here, so ${consequence}`;
        log.warn({ ...at, error }, `${what}: have an administrator allow schedules, ${advice}`);
        return;
      }
      log.warn({ ...at, error }, `${words} could not be kept; it is tried again`);
      await sleep(TRY_AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

async function ensure(scheduled: Scheduled, { client, taskQueue, everyMs }: ScheduleSettings) {
  const scheduleId = scheduled.id(taskQueue);
  const handle = client.schedule.getHandle(scheduleId);
  if (everyMs === null) return (await removed(handle)) ? 'removed' : 'as it was';
  const wanted = {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: scheduled.workflowType,
      taskQueue,
      workflowId: scheduled.id(taskQueue),
      // No arguments: they would be sealed for the schedule, and the run could not open them.
      args: [],
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: CATCH_UP_MS },
  };
  try {
    const { spec } = await handle.describe();
    const [interval, ...others] = spec.intervals ?? [];
    if (others.length === 0 && interval?.every === everyMs) return 'as it was';
    await handle.update((before) => ({ ...before, ...wanted }));
    return 'changed';
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
  try {
    await client.schedule.create({ scheduleId, ...wanted });
    return 'made';
  } catch (error) {
    // Another worker was faster.
    if (error instanceof ScheduleAlreadyRunning) return 'as it was';
    throw error;
  }
}

async function removed(handle: { delete(): Promise<unknown> }): Promise<boolean> {
  try {
    await handle.delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

function isNotAllowed(error: unknown): boolean {
  const code = isGrpcServiceError(error) ? error.code : null;
  if (NOT_ALLOWED.includes(code)) return true;
  return error instanceof Error && error.cause !== undefined && isNotAllowed(error.cause);
}
