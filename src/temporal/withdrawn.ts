import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';
import { isHumanId } from '../domain/identifiers';
import type { Run } from './describe';
import { isWorkflowNotFound } from './raw-answers';

/** The activity that deletes a person upstream, and what it answers where that person was still there. */
const WITHDRAW = 'withdraw';
const DELETED = 'deleted';
/** In the place of a humanId that cannot be read: the deletion was made all the same. */
const UNREADABLE = '?';
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;

/** Whom a run has withdrawn upstream, by what its history says: humanIds, each once. It tells of a run that closed as of one that was ended by force. */
export async function withdrawnIn(client: Client, run: Run): Promise<readonly string[]> {
  const scheduled = new Map<string, Payloads>();
  const withdrawn = new Set<string>();
  for await (const event of eventsOf(client, run)) {
    const { activityTaskScheduledEventAttributes: begun, activityTaskCompletedEventAttributes: ended } = event;
    if (begun?.activityType?.name === WITHDRAW) scheduled.set(String(event.eventId), begun.input?.payloads);
    const input = scheduled.get(String(ended?.scheduledEventId));
    if (!ended || !input) continue;
    const answer = await decoded(client, run, ended.result?.payloads);
    if (typeof answer === 'string' && answer !== DELETED) continue;
    const asked = (await decoded(client, run, input)) as { humanId?: unknown } | null;
    withdrawn.add(isHumanId(asked?.humanId) ? asked.humanId : UNREADABLE);
  }
  return [...withdrawn];
}

type Payloads = temporal.api.common.v1.IPayload[] | null | undefined;

/** Null for what this client cannot decode. */
async function decoded(client: Client, { workflowId }: Run, payloads: Payloads): Promise<unknown> {
  const { namespace, loadedDataConverter } = client.options;
  const context = { type: 'workflow' as const, namespace, workflowId };
  return decodeFromPayloadsAtIndex<unknown>(loadedDataConverter, 0, payloads, context).catch(() => null);
}

/** Every event of a run; none where it is gone. */
async function* eventsOf(client: Client, execution: Run): AsyncGenerator<temporal.api.history.v1.IHistoryEvent> {
  const { namespace } = client.options;
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const more = nextPageToken && { nextPageToken };
    const page = await client
      .withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
        client.workflowService.getWorkflowExecutionHistory({ namespace, execution, ...more }),
      )
      .catch((error: unknown) => {
        if (isWorkflowNotFound(error)) return null;
        throw error;
      });
    yield* page?.history?.events ?? [];
    nextPageToken = page?.nextPageToken;
  } while (nextPageToken && nextPageToken.length > 0);
}
