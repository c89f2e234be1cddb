import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { STUCK_CALL_AFTER_MS } from '../domain/needs';
import { COLLECT_RECORDS, callRecoveredSignal, callStuckSignal } from '../workflows/contract';
import type { TemporalDeps } from './rpc';
import { createSignals } from './signals';

type ActivityContext = Parameters<ActivityInterceptorsFactory>[0];
type ActivityInfo = ActivityContext['info'];

/** The failure of an attempt waits at most this long for the signal. */
const SIGNAL_TIMEOUT_MS = 5_000;

/**
 * Signals an applicant that one of its activities has failed for {@link STUCK_CALL_AFTER_MS}, and that it works again. Best effort: a signal that
 * cannot be sent changes nothing for the activity.
 */
export function reportStuckCalls(deps: TemporalDeps): ActivityInterceptorsFactory {
  const signals = createSignals(deps);

  return (context) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          const { info, cancellationSignal } = context;
          // The workflow no longer waits for a cancelled activity.
          if (!cancellationSignal.aborted) await report(info, stuckSinceMs(error, context)).catch(() => undefined);
          throw error;
        }
      },
    },
  });

  async function report(info: ActivityInfo, sinceMs: number | null | undefined): Promise<void> {
    const { workflowExecution, workflowType, activityId, activityType: call } = info;
    if (sinceMs === undefined || !workflowExecution || workflowType !== COLLECT_RECORDS) return;
    const { workflowId, runId } = workflowExecution;
    const isStuck = sinceMs !== null;
    // The same for a repeat after a lost attempt, so that the server drops it. A reset of the activity restarts the attempt numbers.
    const requestId = `${runId} ${activityId} ${sinceMs ?? `since ${info.currentAttemptScheduledTimestampMs}`}`;
    await signals.send({
      workflowId,
      runId,
      signalName: isStuck ? callStuckSignal.name : callRecoveredSignal.name,
      payload: isStuck ? { activityId, call, sinceMs } : { activityId, call },
      requestId,
      untilMs: Date.now() + SIGNAL_TIMEOUT_MS,
    });
  }
}

/**
 * What the failure reports; undefined: nothing. An activity that keeps no progress gets one: when the server scheduled its first retry. The schedule of
 * its first attempt does not count, because that may wait in the queue.
 */
function stuckSinceMs(error: unknown, { info, heartbeat }: ActivityContext): number | null | undefined {
  const isBenign = error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN;
  const { stuckSinceMs: reported } = error as { readonly stuckSinceMs?: number | null };
  if (reported !== undefined || info.heartbeatTimeoutMs || isBenign || info.isLocal) return reported;
  if (info.attempt === 1) return undefined;
  const { currentAttemptScheduledTimestampMs: nowMs } = info;
  const { failingSinceMs = nowMs } = (info.heartbeatDetails ?? {}) as { readonly failingSinceMs?: number };
  heartbeat({ failingSinceMs });
  return nowMs - failingSinceMs >= STUCK_CALL_AFTER_MS ? failingSinceMs : undefined;
}
