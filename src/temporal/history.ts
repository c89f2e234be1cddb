import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';
import type { Run } from './describe';
import { isWorkflowNotFound } from './raw-answers';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
export type Payloads = temporal.api.common.v1.IPayload[] | null | undefined;

/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;

/** Every event of a run, oldest first; none where it is gone. Throws what the client throws. */
export async function* readEvents(client: Client, execution: Run): AsyncGenerator<HistoryEvent> {
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

/** The first value of a run's payloads; null for what this client cannot decode. */
export async function decodeFirst(client: Client, { workflowId }: Run, payloads: Payloads): Promise<unknown> {
  const { namespace, loadedDataConverter } = client.options;
  const context = { type: 'workflow' as const, namespace, workflowId };
  return decodeFromPayloadsAtIndex<unknown>(loadedDataConverter, 0, payloads, context).catch(() => null);
}
