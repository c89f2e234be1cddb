import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { isHumanId } from '../domain/identifiers';
import { applicantWorkflowId, mailboxWorkflowId, refreshWorkflowId, withdrawWorkflowId } from '../workflows/contract';
import { createApplicants } from './applicants';
import { createOperations } from './operations';
import { isWorkflowNotFound, keywordIn } from './raw-answers';

/** What an erasure asks of the report store, by whoever holds it. */
export interface ErasedRecords {
  isHeld(clientUserId: string): Promise<boolean>;
  begin(clientUserId: string, humanIds: readonly string[]): Promise<readonly string[]>;
  eraseFiles(clientUserId: string): Promise<number>;
}

/**
 * What was erased: runs of workflows, files, and how many people were withdrawn upstream. `held`: nothing, or nothing more, was; `open`: the
 * same, where open applicants are left alone.
 */
export interface Erased {
  readonly result: 'erased' | 'held' | 'open';
  readonly humanIds: readonly string[];
  readonly people: number;
  readonly runs: number;
  readonly files: number;
}

export interface Erasure {
  /**
   * Cancels an open applicant and waits for its end, withdraws whoever is still upstream, deletes every run and the folder, and looks again
   * until nothing is there. Harmless to repeat at any point. Needs a worker. A start that comes before the last look is erased with the rest;
   * one that comes after it is a new applicant. @throws what the client throws; ErasureStuck; the signal's reason
   */
  erase(clientUserId: string, signal?: AbortSignal): Promise<Erased>;
  /** The same of an applicant who is closed: one who is open, or is started meanwhile, is left alone from then on. */
  eraseClosed(clientUserId: string, signal?: AbortSignal): Promise<Erased>;
}

/** Temporal says that it deleted a run, and goes on showing it. */
export class ErasureStuck extends Error {
  override readonly name = 'ErasureStuck';
  readonly kind = 'erasure-stuck';

  constructor(workflowId: string) {
    super(
      `expected Temporal to have deleted ${workflowId} within ${GONE_AFTER_MS / 1_000} s, it is still there; run it again`,
    );
  }
}

type Execution = temporal.api.common.v1.IWorkflowExecution;

/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;
/** The server puts off what has just closed until its queues have noted that, twice every 30 s by default (measured: 31 s, up to a minute). */
const GONE_AFTER_MS = 180_000;
const LOOK_EVERY_MS = 200;
/** Visibility is some seconds late at most; the runs of an earlier round stand nowhere else. */
const LISTED_AFTER_MS = 15_000;
/** A download whose workflow has ended hears of it by a heartbeat, 15 s at most, and could store something until then. */
const DOWNLOAD_ENDS_AFTER_MS = 20_000;
const FETCH = 'fetchDocument';

export function createErasure(deps: {
  readonly client: Client;
  readonly taskQueue: string;
  readonly records: ErasedRecords;
}): Erasure {
  const { client, records } = deps;
  const { namespace } = client.options;
  const applicants = createApplicants(deps);
  const operations = createOperations(deps);

  return {
    erase: (clientUserId, signal) => erase(clientUserId, signal, 'cancel'),
    eraseClosed: (clientUserId, signal) => erase(clientUserId, signal, 'leave'),
  };

  async function erase(
    clientUserId: string,
    signal: AbortSignal | undefined,
    whoIsOpen: 'cancel' | 'leave',
  ): Promise<Erased> {
    const applicant = applicantWorkflowId(clientUserId);
    const refresh = refreshWorkflowId(clientUserId);
    const done = { people: 0, runs: 0, files: 0 };
    let humanIds: readonly string[] = [];
    let fetching = false;
    const as = (result: Erased['result']): Erased => ({ result, humanIds, ...done });
    const isLeft = async () => whoIsOpen === 'leave' && (await isOpen(applicant));
    for (;;) {
      signal?.throwIfAborted();
      if (await records.isHeld(clientUserId)) return as('held');
      if (await isLeft()) return as('open');
      humanIds = await records.begin(clientUserId, await humanIdsOf(applicant));
      fetching ||= (await isFetching(applicant)) || (await isFetching(refresh));
      if (whoIsOpen === 'cancel' && (await isOpen(applicant))) {
        await applicants.cancel(clientUserId).catch(ifThere);
        await applicants.untilClosed(clientUserId, signal);
        continue;
      }
      await end(refresh);
      const { result, people } = await operations.withdraw(clientUserId, signal);
      if (result === 'open') continue;
      done.people += people;
      if (fetching) await sleep(DOWNLOAD_ENDS_AFTER_MS, undefined, signal && { signal });
      fetching = false;
      if (await records.isHeld(clientUserId)) return as('held');
      const others = [refresh, withdrawWorkflowId(clientUserId), ...humanIds.map(mailboxWorkflowId)];
      const gone = await Promise.all(others.map((workflowId) => eraseRuns(workflowId, signal)));
      done.runs += gone.reduce((sum, runs) => sum + runs, await eraseRuns(applicant, signal));
      // As late as can be: a round that has begun reads what the manifest tells of the one before.
      if (await isLeft()) return as('open');
      done.files += await records.eraseFiles(clientUserId);
      if ((await Promise.all([...others, applicant].map((id) => describe(id)))).every((there) => there === null))
        return as('erased');
    }
  }

  /**
   * Deletes every run of a workflow id but those that are open applicants: with its newest run gone, Temporal answers NOT_FOUND for an id
   * of which older runs remain. So the list is waited for until it shows the newest, and that one is deleted last.
   */
  async function eraseRuns(workflowId: string, signal: AbortSignal | undefined): Promise<number> {
    let deleted = 0;
    for (;;) {
      const newest = await describe(workflowId);
      if (newest && !newest.workflowExecutionInfo?.closeTime) {
        // An open applicant has to be withdrawn first; whatever else is open serves nobody any more.
        if (isApplicant(workflowId)) return deleted;
        await end(workflowId);
      }
      const runIds = new Set(await listed(workflowId, newest?.workflowExecutionInfo?.execution?.runId ?? null, signal));
      let found = 0;
      for (const runId of runIds) {
        const there = await describe(workflowId, runId);
        if (!there || (isApplicant(workflowId) && !there.workflowExecutionInfo?.closeTime)) continue;
        found += 1;
        await deleteRun({ workflowId, runId }, signal);
      }
      deleted += found;
      if (found === 0) return deleted;
    }
  }

  /** By force: it has nothing to bring to an end. */
  async function end(workflowId: string): Promise<void> {
    if (!(await isOpen(workflowId))) return;
    await soon(() => client.workflow.getHandle(workflowId).terminate('the applicant is erased')).catch(ifThere);
  }

  async function deleteRun(workflowExecution: Execution, signal: AbortSignal | undefined): Promise<void> {
    const { workflowId, runId } = workflowExecution;
    await soon(() => client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution })).catch(ifThere);
    const untilMs = performance.now() + GONE_AFTER_MS;
    while (await describe(workflowId ?? '', runId ?? '')) {
      if (performance.now() > untilMs) throw new ErasureStuck(workflowId ?? '');
      await sleep(LOOK_EVERY_MS, undefined, signal && { signal });
    }
  }

  /** The run ids of a workflow id that visibility shows, and the newest one behind them, once it is shown as closed. */
  async function listed(
    workflowId: string,
    newest: string | null,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const untilMs = performance.now() + LISTED_AFTER_MS;
    for (;;) {
      const runs = await runsOf(workflowId);
      const runIds = runs.flatMap(({ execution }) => execution?.runId ?? []);
      if (newest === null) return runIds;
      const shown = runs.some(({ execution, closeTime }) => execution?.runId === newest && closeTime);
      if (shown || performance.now() > untilMs) return [...runIds.filter((runId) => runId !== newest), newest];
      await sleep(LOOK_EVERY_MS, undefined, signal && { signal });
    }
  }

  async function runsOf(workflowId: string): Promise<readonly temporal.api.workflow.v1.IWorkflowExecutionInfo[]> {
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

  async function humanIdsOf(workflowId: string): Promise<readonly string[]> {
    const newest = (await describe(workflowId))?.workflowExecutionInfo;
    const infos = [...(await runsOf(workflowId)), ...(newest ? [newest] : [])];
    return infos.map((info) => keywordIn(info.searchAttributes?.indexedFields?.['HumanId'])).filter(isHumanId);
  }

  async function isOpen(workflowId: string): Promise<boolean> {
    const described = await describe(workflowId);
    return described !== null && !described.workflowExecutionInfo?.closeTime;
  }

  async function isFetching(workflowId: string): Promise<boolean> {
    const pending = (await describe(workflowId))?.pendingActivities ?? [];
    return pending.some(({ activityType }) => activityType?.name === FETCH);
  }

  async function describe(workflowId: string, runId?: string) {
    const execution = { workflowId, ...(runId && { runId }) };
    try {
      return await soon(() => client.workflowService.describeWorkflowExecution({ namespace, execution }));
    } catch (error) {
      if (isWorkflowNotFound(error)) return null;
      throw error;
    }
  }

  function soon<T>(call: () => Promise<T>): Promise<T> {
    return client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
  }
}

function isApplicant(workflowId: string): boolean {
  return workflowId.startsWith(applicantWorkflowId(''));
}

/** It ended, or was deleted, in between: that is what was wanted. The client's handle throws an error of its own. */
function ifThere(error: unknown): void {
  if (isWorkflowNotFound(error) || (error as Error).name === 'WorkflowNotFoundError') return;
  throw error;
}
