import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError, ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import { SWEEP, sweepWorkflowId } from '../workflows/contract';

interface SweepSchedule {
  readonly client: Client;
  readonly taskQueue: string;
  /** How often; null: not at all. */
  readonly everyMs: number | null;
}

interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/** gRPC's numbers: the account may not, or the server has no schedules. */
const NOT_ALLOWED: readonly unknown[] = [7 /* PERMISSION_DENIED */, 12 /* UNIMPLEMENTED */, 16 /* UNAUTHENTICATED */];
/** A sweep that was missed is made up for within a day, once. */
const CATCH_UP_MS = 24 * 3_600_000;
const TRY_AGAIN_MS = 30_000;
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;

/** `sweep-<task queue>`: the id of the schedule. */
export function sweepScheduleId(taskQueue: string): string {
  return sweepWorkflowId(taskQueue);
}

/**
 * Has the schedule of the sweep as the settings want it: made, changed or removed. Any number of workers may do so at once. Tries until it
 * is done or not allowed, which is said and stops nobody: `chartway sweep` works without a schedule.
 */
export async function keepSweepSchedule(schedule: SweepSchedule, log: Log, signal: AbortSignal): Promise<void> {
  const at = { schedule: sweepScheduleId(schedule.taskQueue) };
  while (!signal.aborted) {
    try {
      const done = await schedule.client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
        ensureSweepSchedule(schedule),
      );
      if (done !== 'as it was') log.info(at, `the schedule of the sweep was ${done}`);
      return;
    } catch (error) {
      if (isNotAllowed(error)) {
        const advice =
          'have an administrator allow schedules, set SWEEP_EVERY=off, or run `npm run chartway -- sweep` yourself';
        log.warn({ ...at, error }, `the schedule of the sweep may not be kept here, so nothing is swept: ${advice}`);
        return;
      }
      log.warn({ ...at, error }, 'the schedule of the sweep could not be kept; it is tried again');
      await sleep(TRY_AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** One call where nothing is to be done. What an operator paused stays paused. */
export async function ensureSweepSchedule({ client, taskQueue, everyMs }: SweepSchedule) {
  const scheduleId = sweepScheduleId(taskQueue);
  const handle = client.schedule.getHandle(scheduleId);
  if (everyMs === null) return (await removed(handle)) ? 'removed' : 'as it was';
  const wanted = {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: SWEEP,
      taskQueue,
      workflowId: sweepWorkflowId(taskQueue),
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
