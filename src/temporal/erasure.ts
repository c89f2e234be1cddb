import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ErasureJournal, ErasureRecords, ErasureResult, RunRef } from '../domain/erasure';
import {
  ACTIVITIES,
  applicantWorkflowId,
  type KnownPeople,
  mailboxWorkflowId,
  refreshWorkflowId,
  withdrawWorkflowId,
} from '../workflows/contract';
import { createApplicants } from './applicants';
import { readInvitedPeople, readWithdrawnPeople } from './history';
import { createOperations, type OperationStep } from './operations';
import { createRunDeletion, TERMINATION_REASON } from './removal';
import { nullIfNotFound } from './rpc';
import { waitForCloseOrStuck } from './run-health';
import { describeRun, isOpenRun, runIdOf, terminateRun, toApplicantRun } from './runs';

/** What an erasure starts to do, or finds. `stuck`: a run that does not finish and is terminated. */
export type ErasureStep =
  | { readonly step: 'cancel' | 'wait' | 'withdraw' | 'downloads' | 'files' }
  | { readonly step: 'stuck'; readonly workflowId: string; readonly why: string }
  | { readonly step: 'runs'; readonly workflowId: string; readonly runs: number }
  | OperationStep;

export interface Erasure {
  /**
   * Cancels an open applicant and waits for its end, withdraws the people upstream who are known as ours, deletes every run and the folder, and
   * repeats until nothing is left. A stuck applicant is terminated, and its people are withdrawn all the same. An applicant that starts before
   * the last check is erased too; a later one is new. Needs a worker; safe to repeat at any point.
   * @throws what the client throws; RunNotDeleted; OperationStuck; the signal's reason
   */
  erase(clientUserId: string, signal?: AbortSignal): Promise<ErasureResult>;
  /** The same for a closed applicant; an applicant that is open, or is started during the erasure, stays from then on. */
  eraseClosed(clientUserId: string, signal?: AbortSignal): Promise<ErasureResult>;
}

/** One call of `erase`. */
interface ErasureRun {
  readonly clientUserId: string;
  readonly signal: AbortSignal | undefined;
  readonly openApplicant: 'cancel' | 'keep';
  readonly totals: { -readonly [key in Exclude<keyof ErasureResult, 'result'>]: ErasureResult[key] };
  /** By run id. In memory only, because the journal holds no personal data. */
  readonly emails: Map<string, string | null>;
  /** Whether a download may still store a file. */
  isFetching: boolean;
}

/** A download notices the end of its workflow at its next heartbeat, after 15 s at most, and may store a file until then. */
const DOWNLOAD_ENDS_AFTER_MS = 20_000;

export function createErasure(deps: {
  readonly client: Client;
  readonly taskQueue: string;
  readonly records: ErasureRecords;
  readonly onStep?: (step: ErasureStep) => void;
}): Erasure {
  const { client, records, onStep = () => {} } = deps;
  const applicants = createApplicants(deps);
  const operations = createOperations(deps);
  const removal = createRunDeletion(client, (workflowId, runs) => onStep({ step: 'runs', workflowId, runs }));

  return {
    erase: (clientUserId, signal) => erase(newRun(clientUserId, signal, 'cancel')),
    eraseClosed: (clientUserId, signal) => erase(newRun(clientUserId, signal, 'keep')),
  };

  async function erase(run: ErasureRun): Promise<ErasureResult> {
    const { clientUserId, totals } = run;
    for (;;) {
      run.signal?.throwIfAborted();
      if (await records.isHeld(clientUserId)) return { result: 'held', ...totals };
      if (await isKeptOpen(run)) return { result: 'open', ...totals };
      const known = await recordInvited(run);
      run.isFetching ||= await hasDownloads(clientUserId);
      if (await cancelIfOpen(run)) continue;
      await terminateIfOpen(refreshWorkflowId(clientUserId));
      const { result, others = [] } = await withdraw(run, known);
      if (result === 'open') continue;
      totals.others = others;
      // An applicant that was started and closed during the withdrawal has invited a person who was unknown before.
      if (others.length > 0 && hasNewPeople(others, known, await recordInvited(run))) continue;
      await waitForDownloads(run);
      if (await records.isHeld(clientUserId)) return { result: 'held', ...totals };
      await removeRuns(run);
      // Checked as late as possible: a round that has started reads the manifest of the one before.
      if (await isKeptOpen(run)) return { result: 'open', ...totals };
      onStep({ step: 'files' });
      totals.files += await records.eraseFiles(clientUserId);
      if (await isGone(run)) return { result: 'erased', ...totals };
    }
  }

  async function record({ clientUserId, totals }: ErasureRun, found: Partial<ErasureJournal>): Promise<ErasureJournal> {
    const journal = await records.begin(clientUserId, found);
    totals.humanIds = journal.humanIds;
    totals.people = journal.withdrawn.length;
    return journal;
  }

  async function recordInvited(run: ErasureRun): Promise<KnownPeople> {
    const invited = await readInvited(applicantWorkflowId(run.clientUserId));
    for (const { runId, email } of invited) run.emails.set(runId, email);
    const { humanIds } = await record(run, { humanIds: invited.flatMap((people) => people.humanIds) });
    return { humanIds, emails: [...new Set(run.emails.values())].filter((email) => email !== null) };
  }

  async function recordWithdrawn(run: ErasureRun): Promise<void> {
    const { runs } = await record(run, {});
    const withdrawn = await Promise.all(runs.map((ref) => readWithdrawnPeople(client, ref)));
    await record(run, { withdrawn: withdrawn.flat() });
  }

  /** Cancels an open applicant and waits for its end. A stuck one is terminated; its people are withdrawn later. */
  async function cancelIfOpen(run: ErasureRun): Promise<boolean> {
    const { clientUserId, signal, openApplicant } = run;
    const workflowId = applicantWorkflowId(clientUserId);
    const open = openApplicant === 'cancel' ? await findOpenRun(workflowId) : null;
    if (!open) return false;
    await record(run, { runs: [open] });
    onStep({ step: 'cancel' });
    await nullIfNotFound(applicants.requestCancel(clientUserId));
    onStep({ step: 'wait' });
    const { stuck } = await waitForCloseOrStuck(client, workflowId, signal);
    if (stuck) {
      onStep({ step: 'stuck', ...stuck });
      await terminateRun(client, stuck, TERMINATION_REASON);
    }
    await recordWithdrawn(run);
    return true;
  }

  async function terminateIfOpen(workflowId: string): Promise<void> {
    const open = await findOpenRun(workflowId);
    if (open) await terminateRun(client, open, TERMINATION_REASON);
  }

  async function withdraw(run: ErasureRun, known: KnownPeople) {
    onStep({ step: 'withdraw' });
    const onRun = async (ref: RunRef) => void (await record(run, { runs: [ref] }));
    const result = await operations.withdraw(run.clientUserId, { signal: run.signal, onStep, onRun }, known);
    await recordWithdrawn(run);
    return result;
  }

  async function waitForDownloads(run: ErasureRun): Promise<void> {
    if (!run.isFetching) return;
    onStep({ step: 'downloads' });
    await sleep(DOWNLOAD_ENDS_AFTER_MS, undefined, run.signal && { signal: run.signal });
    run.isFetching = false;
  }

  /** The applicant's runs are deleted last. */
  async function removeRuns(run: ErasureRun): Promise<void> {
    const removed = await Promise.all(
      otherWorkflowIds(run).map((workflowId) => removal.remove(workflowId, run.signal)),
    );
    const applicantRuns = await removal.remove(applicantWorkflowId(run.clientUserId), run.signal);
    run.totals.runs += removed.reduce((sum, runs) => sum + runs, applicantRuns);
  }

  async function isGone(run: ErasureRun): Promise<boolean> {
    const workflowIds = [...otherWorkflowIds(run), applicantWorkflowId(run.clientUserId)];
    const found = await Promise.all(workflowIds.map((workflowId) => describeRun(client, { workflowId })));
    return found.every((description) => description === null);
  }

  async function isKeptOpen({ openApplicant, clientUserId }: ErasureRun): Promise<boolean> {
    return openApplicant === 'keep' && (await findOpenRun(applicantWorkflowId(clientUserId))) !== null;
  }

  /** The people that each run of this id has invited, by its search attribute, or by its history if it has none. */
  async function readInvited(workflowId: string) {
    const newest = (await describeRun(client, { workflowId }))?.workflowExecutionInfo;
    const infos = [...(await removal.listAllRuns(workflowId)), ...(newest ? [newest] : [])];
    // The list lags by some seconds: of the newest run, the description counts.
    const humanIds = new Map(
      infos.map((info) => [info.execution?.runId ?? '', toApplicantRun(info)?.humanId ?? null] as const),
    );
    return Promise.all(
      [...humanIds].map(async ([runId, humanId]) => {
        if (humanId !== null) return { runId, humanIds: [humanId], email: null };
        return { runId, ...(await readInvitedPeople(client, { workflowId, runId })) };
      }),
    );
  }

  async function findOpenRun(workflowId: string): Promise<RunRef | null> {
    const description = await describeRun(client, { workflowId });
    return isOpenRun(description) ? { workflowId, runId: runIdOf(description) } : null;
  }

  async function hasDownloads(clientUserId: string): Promise<boolean> {
    for (const workflowId of [applicantWorkflowId(clientUserId), refreshWorkflowId(clientUserId)]) {
      const pending = (await describeRun(client, { workflowId }))?.pendingActivities ?? [];
      if (pending.some(({ activityType }) => activityType?.name === ACTIVITIES.fetchDocument)) return true;
    }
    return false;
  }
}

function newRun(clientUserId: string, signal: AbortSignal | undefined, openApplicant: 'cancel' | 'keep'): ErasureRun {
  const totals = { humanIds: [], people: 0, runs: 0, files: 0, others: [] };
  return { clientUserId, signal, openApplicant, totals, emails: new Map(), isFetching: false };
}

function otherWorkflowIds({ clientUserId, totals }: ErasureRun): readonly string[] {
  return [refreshWorkflowId(clientUserId), withdrawWorkflowId(clientUserId), ...totals.humanIds.map(mailboxWorkflowId)];
}

/** Whether one of the unknown people is known now, or may be by an e-mail that was not known before. */
function hasNewPeople(unknown: readonly string[], before: KnownPeople, now: KnownPeople): boolean {
  return now.emails.length > before.emails.length || unknown.some((humanId) => now.humanIds.includes(humanId));
}
