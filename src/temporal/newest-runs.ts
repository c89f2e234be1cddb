import type { Client } from '@temporalio/client';
import { readPages, toMs } from './rpc';
import { listRuns, NOT_CONTINUED, type RunInfo } from './runs';

/** Ids of one query. */
const IDS_PER_QUERY = 100;

/** The newest listed run of each workflow id; may lag by some seconds. Throws what the client throws. */
export async function listNewestRuns(
  client: Client,
  workflowIds: readonly string[],
  untilMs?: number,
): Promise<ReadonlyMap<string, RunInfo>> {
  const newest = new Map<string, RunInfo>();
  for await (const info of runsOf(client, workflowIds, NOT_CONTINUED, untilMs)) addIfNewer(newest, info);
  return newest;
}

/** The workflow ids that have another closed run than the given one; may lag by some seconds. Throws what the client throws. */
export async function findEarlierRounds(
  client: Client,
  runs: readonly { readonly workflowId: string; readonly runId: string }[],
  untilMs: number,
): Promise<ReadonlySet<string>> {
  const runIds = new Map(runs.map(({ workflowId, runId }) => [workflowId, runId]));
  const found = new Set<string>();
  const closed = `CloseTime IS NOT NULL AND ${NOT_CONTINUED}`;
  for await (const { execution } of runsOf(client, [...runIds.keys()], closed, untilMs)) {
    const workflowId = execution?.workflowId ?? '';
    if (execution?.runId !== runIds.get(workflowId)) found.add(workflowId);
  }
  return found;
}

async function* runsOf(client: Client, workflowIds: readonly string[], condition: string, untilMs?: number) {
  for (let at = 0; at < workflowIds.length; at += IDS_PER_QUERY) {
    const ids = workflowIds.slice(at, at + IDS_PER_QUERY).map((id) => `"${id}"`);
    const query = `WorkflowId IN (${ids.join(', ')}) AND ${condition}`;
    const pages = readPages((page) => listRuns(client, query, { ...page, ...(untilMs !== undefined && { untilMs }) }));
    for await (const { executions } of pages) yield* executions ?? [];
  }
}

function addIfNewer(newest: Map<string, RunInfo>, info: RunInfo): void {
  const id = info.execution?.workflowId ?? '';
  const known = newest.get(id);
  if (!known || (toMs(known.startTime) ?? 0) < (toMs(info.startTime) ?? 0)) newest.set(id, info);
}
