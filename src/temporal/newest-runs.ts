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
  for (let at = 0; at < workflowIds.length; at += IDS_PER_QUERY) {
    const ids = workflowIds.slice(at, at + IDS_PER_QUERY).map((id) => `"${id}"`);
    const query = `WorkflowId IN (${ids.join(', ')}) AND ${NOT_CONTINUED}`;
    const pages = readPages((page) => listRuns(client, query, { ...page, ...(untilMs !== undefined && { untilMs }) }));
    for await (const { executions } of pages) for (const info of executions ?? []) addIfNewer(newest, info);
  }
  return newest;
}

function addIfNewer(newest: Map<string, RunInfo>, info: RunInfo): void {
  const id = info.execution?.workflowId ?? '';
  const known = newest.get(id);
  if (!known || (toMs(known.startTime) ?? 0) < (toMs(info.startTime) ?? 0)) newest.set(id, info);
}
