import type { Client } from '@temporalio/client';
import { callWithDeadline, toMs } from './rpc';

/** Counts the runs that match a query; may lag by some seconds. Throws what the client throws. */
export async function countRuns(client: Client, query: string, untilMs?: number): Promise<number> {
  const { namespace } = client.options;
  const count = () => client.workflowService.countWorkflowExecutions({ namespace, query });
  return Number((await callWithDeadline(client, count, untilMs)).count ?? 0);
}

/** How long Temporal keeps closed runs, in ms; null: unknown. Throws what the client throws. */
export async function readRetentionMs(client: Client, untilMs?: number): Promise<number | null> {
  const { namespace } = client.options;
  const describe = () => client.workflowService.describeNamespace({ namespace });
  return toMs((await callWithDeadline(client, describe, untilMs)).config?.workflowExecutionRetentionTtl);
}
