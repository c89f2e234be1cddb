import type { Client } from '@temporalio/client';
import { isWorkflowNotFound } from './raw-answers';

/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;

/** One run of a workflow. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

/** What Temporal answers of one run. */
export type Described = NonNullable<Awaited<ReturnType<typeof describeWorkflow>>>;

/**
 * A run, or the newest one of a workflow id; null where Temporal knows none (any more). One call, no search: strongly consistent, and quick. Raw,
 * because the client's describe() throws on a memo that it cannot decode. Throws what the client throws.
 */
export async function describeWorkflow(
  client: Client,
  execution: { readonly workflowId: string; readonly runId?: string },
  untilMs = Date.now() + CALL_TIMEOUT_MS,
) {
  const { namespace } = client.options;
  try {
    return await client.withDeadline(untilMs, () =>
      client.workflowService.describeWorkflowExecution({ namespace, execution }),
    );
  } catch (error) {
    if (isWorkflowNotFound(error)) return null;
    throw error;
  }
}

/** Not by the status: a paused run is open too. */
export function isOpenRun(described: Described | null): described is Described {
  return described !== null && !described.workflowExecutionInfo?.closeTime;
}

export function runIdOf({ workflowExecutionInfo: info }: Described): string {
  return info?.execution?.runId ?? '';
}
