import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { applicantWorkflowId } from '../workflows/contract';
import { describeWorkflow, isOpenRun, type Run, runIdOf } from './describe';
import { endByForce, ifThere } from './ending';

/** Temporal says that it deleted a run, and goes on showing it. */
export class RemovalStuck extends Error {
  override readonly name = 'RemovalStuck';
  readonly kind = 'erasure-stuck';

  constructor(workflowId: string) {
    super(
      `expected Temporal to have deleted ${workflowId} within ${GONE_AFTER_MS / 1_000} s, it is still there; run it again`,
    );
  }
}

/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;
/** The server puts off what has just closed until its queues have noted that, twice every 30 s by default (measured: 31 s, up to a minute). */
const GONE_AFTER_MS = 180_000;
const LOOK_EVERY_MS = 200;
/** Visibility is some seconds late at most; the runs of an earlier round stand nowhere else. */
const LISTED_AFTER_MS = 15_000;

/** Deletes runs from Temporal, for good. `removing` hears of how many, before the first of a workflow id goes. */
export function createRemoval(client: Client, removing: (workflowId: string, runs: number) => void) {
  const { namespace } = client.options;
  return { remove, listed };

  /**
   * Deletes every run of a workflow id but those that are open applicants, and gives their number. With its newest run gone, Temporal answers
   * NOT_FOUND for an id of which older runs remain. So the list is waited for until it shows the newest, and that one is deleted last.
   * @throws {RemovalStuck}
   */
  async function remove(workflowId: string, signal: AbortSignal | undefined): Promise<number> {
    let removed = 0;
    for (;;) {
      const newest = await describeWorkflow(client, { workflowId });
      if (isOpenRun(newest)) {
        // An open applicant has to be withdrawn first; whatever else is open serves nobody any more.
        if (isApplicant(workflowId)) return removed;
        await endByForce(client, { workflowId, runId: runIdOf(newest) }, 'the applicant is erased');
      }
      const found: Run[] = [];
      for (const runId of await runIdsOf(workflowId, newest && runIdOf(newest), signal)) {
        const there = await describeWorkflow(client, { workflowId, runId });
        if (there && !(isApplicant(workflowId) && isOpenRun(there))) found.push({ workflowId, runId });
      }
      if (found.length === 0) return removed;
      removing(workflowId, found.length);
      for (const run of found) await removeRun(run, signal);
      removed += found.length;
    }
  }

  async function removeRun(workflowExecution: Run, signal: AbortSignal | undefined): Promise<void> {
    await soon(() => client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution })).catch(ifThere);
    const untilMs = performance.now() + GONE_AFTER_MS;
    while (await describeWorkflow(client, workflowExecution)) {
      if (performance.now() > untilMs) throw new RemovalStuck(workflowExecution.workflowId);
      await sleep(LOOK_EVERY_MS, undefined, signal && { signal });
    }
  }

  /** The run ids of a workflow id that visibility shows, and the newest one behind them, once it is shown as closed. */
  async function runIdsOf(
    workflowId: string,
    newest: string | null,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlySet<string>> {
    const untilMs = performance.now() + LISTED_AFTER_MS;
    for (;;) {
      const runs = await listed(workflowId);
      const runIds = runs.flatMap(({ execution }) => execution?.runId ?? []);
      if (newest === null) return new Set(runIds);
      const shown = runs.some(({ execution, closeTime }) => execution?.runId === newest && closeTime);
      if (shown || performance.now() > untilMs) return new Set([...runIds.filter((runId) => runId !== newest), newest]);
      await sleep(LOOK_EVERY_MS, undefined, signal && { signal });
    }
  }

  /** What visibility shows of a workflow id, some seconds late at most. */
  async function listed(workflowId: string): Promise<readonly temporal.api.workflow.v1.IWorkflowExecutionInfo[]> {
    const runs: temporal.api.workflow.v1.IWorkflowExecutionInfo[] = [];
    let nextPageToken: Uint8Array | null | undefined;
    do {
      const page = await soon(() =>
        client.workflowService.listWorkflowExecutions({
          namespace,
          query: `WorkflowId = "${workflowId}"`,
          ...(nextPageToken && { nextPageToken }),
        }),
      );
      runs.push(...(page.executions ?? []));
      nextPageToken = page.nextPageToken;
    } while (nextPageToken && nextPageToken.length > 0);
    return runs;
  }

  function soon<T>(call: () => Promise<T>): Promise<T> {
    return client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
  }
}

function isApplicant(workflowId: string): boolean {
  return workflowId.startsWith(applicantWorkflowId(''));
}
