import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunRef } from '../domain/erasure';
import { parseWorkflowId } from '../workflows/contract';
import { callWithDeadline, nullIfNotFound, readPages } from './rpc';
import { describeRun, isOpenRun, listRuns, type RunInfo, runIdOf, terminateRun } from './runs';

/** Temporal accepted the deletion of a run and still has it. */
export class RunNotDeleted extends Error {
  override readonly name = 'RunNotDeleted';
  readonly kind = 'erasure-stuck';

  constructor(workflowId: string) {
    super(`Temporal did not delete ${workflowId} within ${DELETED_WITHIN_MS / 1_000} s; run the same command again`);
  }
}

/** Stored in Temporal as the reason of a termination. */
export const TERMINATION_REASON = 'the applicant is erased';
/** The server deletes a run that has just closed with a delay: 31 s measured, a minute at most. */
const DELETED_WITHIN_MS = 180_000;
const CHECK_EVERY_MS = 200;
/** Visibility lags by some seconds at most, and only visibility lists the runs of earlier rounds. */
const LISTED_WITHIN_MS = 15_000;

/** Deletes the runs of a workflow from Temporal. `onRemove` gets the number of runs before the first one is deleted. */
export function createRunDeletion(client: Client, onRemove: (workflowId: string, runs: number) => void) {
  const { namespace } = client.options;
  return { remove, listAllRuns };

  /**
   * Deletes every run of a workflow id except an open applicant's, and returns how many. Once the newest run is gone, Temporal answers NOT_FOUND for
   * the id even if older runs remain; so the newest one is deleted last, after the list has it. @throws {RunNotDeleted}
   */
  async function remove(workflowId: string, signal: AbortSignal | undefined): Promise<number> {
    // An open applicant must be withdrawn first; any other open run is obsolete.
    const keepsOpen = parseWorkflowId(workflowId)?.kind === 'applicant';
    for (let removed = 0; ; ) {
      const newest = await describeRun(client, { workflowId });
      if (isOpenRun(newest)) {
        if (keepsOpen) return removed;
        await terminateRun(client, { workflowId, runId: runIdOf(newest) }, TERMINATION_REASON);
      }
      const found: RunRef[] = [];
      for (const runId of await listRunIds(workflowId, newest && runIdOf(newest), signal)) {
        const description = await describeRun(client, { workflowId, runId });
        if (description && !(keepsOpen && isOpenRun(description))) found.push({ workflowId, runId });
      }
      if (found.length === 0) return removed;
      onRemove(workflowId, found.length);
      for (const run of found) await removeRun(run, signal);
      removed += found.length;
    }
  }

  async function removeRun(workflowExecution: RunRef, signal: AbortSignal | undefined): Promise<void> {
    const request = { namespace, workflowExecution };
    await nullIfNotFound(callWithDeadline(client, () => client.workflowService.deleteWorkflowExecution(request)));
    const untilMs = performance.now() + DELETED_WITHIN_MS;
    while (await describeRun(client, workflowExecution)) {
      if (performance.now() > untilMs) throw new RunNotDeleted(workflowExecution.workflowId);
      await sleep(CHECK_EVERY_MS, undefined, signal && { signal });
    }
  }

  /** The run ids that visibility lists, the newest one last. Waits until the newest one is listed as closed, but not for long. */
  async function listRunIds(
    workflowId: string,
    newest: string | null,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlySet<string>> {
    const untilMs = performance.now() + LISTED_WITHIN_MS;
    for (;;) {
      const runs = await listAllRuns(workflowId);
      const runIds = runs.flatMap(({ execution }) => execution?.runId ?? []);
      if (newest === null) return new Set(runIds);
      const isListed = runs.some(({ execution, closeTime }) => execution?.runId === newest && closeTime);
      if (isListed || performance.now() > untilMs) {
        return new Set([...runIds.filter((runId) => runId !== newest), newest]);
      }
      await sleep(CHECK_EVERY_MS, undefined, signal && { signal });
    }
  }

  /** The runs that visibility lists; they may lag by some seconds. */
  async function listAllRuns(workflowId: string): Promise<readonly RunInfo[]> {
    const runs: RunInfo[] = [];
    const pages = readPages((page) => listRuns(client, `WorkflowId = "${workflowId}"`, page));
    for await (const { executions } of pages) runs.push(...(executions ?? []));
    return runs;
  }
}
