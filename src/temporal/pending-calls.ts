import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { earliest } from '../domain/policy';
import { applicantWorkflowId } from '../workflows/contract';
import { decodeFirstOrNull } from './history';
import { toMs } from './rpc';
import type { RunDescription } from './runs';

type Activity = NonNullable<RunDescription['pendingActivities']>[number];

/** An activity of an applicant that fails and is retried. Times in ms since 1970. */
export interface FailingCall {
  readonly activityId: string;
  /** The activity type. */
  readonly call: string;
  /** The attempt that runs or waits; from 2. */
  readonly attempt: number;
  /** The class of the last failure; null for a name of another form. */
  readonly failure: string | null;
  readonly sinceMs: number | null;
  /** Null while an attempt runs. */
  readonly nextAttemptAtMs: number | null;
}

const { ApplicationErrorCategory: Category, PendingActivityState: State } = temporal.api.enums.v1;
/** A class; a longer text is not a name. */
const FAILURE_NAME = /^[A-Za-z]{1,60}$/;

/** The calls that fail. A poll that found nothing (category BENIGN) does not fail. */
export async function readFailingCalls(
  client: Client,
  clientUserId: string,
  { pendingActivities }: RunDescription,
): Promise<readonly FailingCall[]> {
  const failing = (pendingActivities ?? []).filter(
    (activity) => activity.lastFailure && (activity.attempt ?? 1) > 1 && !isBenign(activity),
  );
  return Promise.all(
    failing.map(async (activity) => ({
      activityId: activity.activityId ?? '',
      call: activity.activityType?.name ?? '',
      attempt: activity.attempt ?? 1,
      failure: failureOf(activity),
      sinceMs: await readFailingSinceMs(client, clientUserId, activity),
      nextAttemptAtMs: nextAttemptAtMs(activity),
    })),
  );
}

/** When the next poll of a run is due that has found nothing so far; null if none waits. */
export function nextPollAtMs({ pendingActivities }: RunDescription): number | null {
  return earliest(...(pendingActivities ?? []).filter(isBenign).map(nextAttemptAtMs));
}

function isBenign({ lastFailure }: Activity): boolean {
  return lastFailure?.applicationFailureInfo?.category === Category.APPLICATION_ERROR_CATEGORY_BENIGN;
}

function failureOf({ lastFailure }: Activity): string | null {
  if (lastFailure?.timeoutFailureInfo) return 'Timeout';
  const name = lastFailure?.applicationFailureInfo?.type ?? '';
  return FAILURE_NAME.test(name) ? name : null;
}

/** The progress in the heartbeat details has the time of the first failure in a row; without it, the activity counts from its schedule. */
async function readFailingSinceMs(client: Client, clientUserId: string, activity: Activity): Promise<number | null> {
  const { payloads } = activity.heartbeatDetails ?? {};
  const progress = payloads && (await decodeFirstOrNull(client, applicantWorkflowId(clientUserId), payloads));
  const { failingSinceMs } = (progress ?? {}) as { failingSinceMs?: unknown };
  return typeof failingSinceMs === 'number' ? failingSinceMs : toMs(activity.scheduledTime);
}

function nextAttemptAtMs(activity: Activity): number | null {
  if (activity.state !== State.PENDING_ACTIVITY_STATE_SCHEDULED) return null;
  const nextMs = toMs(activity.nextAttemptScheduleTime);
  // The server leaves the time out, or sends 0, once the attempt is due.
  return nextMs !== null && nextMs > 0 ? nextMs : null;
}
