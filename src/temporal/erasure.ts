import { setTimeout as sleep } from 'node:timers/promises';
import type { ErasureJournal, ErasureRecords, ErasureResult, EventTrace, RunRef } from '../domain/erasure';
import {
  ACTIVITIES,
  applicantWorkflowId,
  deliveryWorkflowId,
  type KnownPeople,
  mailboxWorkflowId,
  refreshWorkflowId,
  withdrawWorkflowId,
} from '../workflows/contract';
import { createApplicants } from './applicants';
import { readInvitedPeople, readWithdrawnPeople } from './history';
import { createOperations, type OperationStep } from './operations';
import { createRunDeletion, TERMINATION_REASON } from './removal';
import { nullIfNotFound, type TemporalDeps } from './rpc';
import { waitForCloseOrStuck } from './run-health';
import { describeRun, isOpenRun, runIdOf, terminateRun, toApplicantRun } from './runs';

/** A step of an erasure, for the output. `stuck`: a run does not finish, and is terminated next. */
export type ErasureStep =
  | { readonly step: 'cancel' | 'wait' | 'withdraw' | 'downloads' | 'files' }
  | { readonly step: 'stuck'; readonly workflowId: string; readonly why: string }
  | { readonly step: 'runs'; readonly workflowId: string; readonly runs: number }
  | OperationStep;

export interface Erasure {
  /**
   * Repeats until nothing is left: cancels an open applicant and waits for its end, withdraws the known people upstream, deletes every run and the
   * folder. Terminates an applicant that is stuck, and withdraws its people too. An applicant that is started during the erasure is erased too, unless
   * it starts after the last check. Needs a worker. Safe to repeat at any point.
   * @throws what the client throws; RunNotDeleted; OperationStuck; the signal's reason
   */
  erase(clientUserId: string, signal?: AbortSignal): Promise<ErasureResult>;
  /** Like `erase`, but returns `open` as soon as the applicant is open, even if it was started during the erasure. */
  eraseClosed(clientUserId: string, signal?: AbortSignal): Promise<ErasureResult>;
}

interface ErasureDeps extends TemporalDeps {
  readonly records: ErasureRecords;
  readonly onStep?: (step: ErasureStep) => void;
}

/** A download notices the end of its workflow at its next heartbeat, after 15 s at most, and may store a file until then. */
const DOWNLOAD_ENDS_AFTER_MS = 20_000;

export function createErasure(deps: ErasureDeps): Erasure {
  return {
    erase: (clientUserId, signal) => erase(deps, clientUserId, signal, 'cancel'),
    eraseClosed: (clientUserId, signal) => erase(deps, clientUserId, signal, 'keep'),
  };
}

async function erase(
  deps: ErasureDeps,
  clientUserId: string,
  signal: AbortSignal | undefined,
  openApplicant: 'cancel' | 'keep',
): Promise<ErasureResult> {
  const { client, records, onStep = () => {} } = deps;
  const applicantId = applicantWorkflowId(clientUserId);
  const refreshId = refreshWorkflowId(clientUserId);
  const deletion = createRunDeletion(client, (workflowId, runs) => onStep({ step: 'runs', workflowId, runs }));
  let endpoints: readonly string[] = [];
  const totals = {
    humanIds: [] as readonly string[],
    people: 0,
    runs: 0,
    files: 0,
    others: [] as readonly string[],
    events: null as EventTrace | null,
  };
  /** By run id. In memory only, because the journal holds no personal data. */
  const emails = new Map<string, string | null>();
  /** Whether a download may still store a file. */
  let isFetching = false;

  for (;;) {
    signal?.throwIfAborted();
    if (await records.isHeld(clientUserId)) return { result: 'held', ...totals };
    if (await isKeptOpen()) return { result: 'open', ...totals };
    const known = await recordInvited();
    isFetching ||= await hasDownloads();
    if (await cancelIfOpen()) continue;
    await terminateIfOpen(refreshId);
    const { result, others = [] } = await withdraw(known);
    if (result === 'open') continue;
    totals.others = others;
    // An applicant that was started and closed during the withdrawal has invited a person who was unknown before.
    if (others.length > 0 && hasNewPeople(others, known, await recordInvited())) continue;
    await waitForDownloads();
    if (await records.isHeld(clientUserId)) return { result: 'held', ...totals };
    await deleteRuns();
    // As late as possible, because a new round reads the manifest of the previous one.
    if (await isKeptOpen()) return { result: 'open', ...totals };
    onStep({ step: 'files' });
    totals.files += await records.eraseFiles(clientUserId);
    if (await isGone()) return { result: 'erased', ...totals };
  }

  async function record(found: Partial<ErasureJournal>): Promise<ErasureJournal> {
    const journal = await records.begin(clientUserId, found);
    totals.humanIds = journal.humanIds;
    totals.people = journal.withdrawn.length;
    endpoints = journal.events?.endpoints ?? [];
    totals.events = journal.events;
    return journal;
  }

  async function recordInvited(): Promise<KnownPeople> {
    const invited = await readInvited();
    for (const { runId, email } of invited) emails.set(runId, email);
    const { humanIds } = await record({ humanIds: invited.flatMap((people) => people.humanIds) });
    return { humanIds, emails: [...new Set(emails.values())].filter((email) => email !== null) };
  }

  async function recordWithdrawn(): Promise<void> {
    const { runs } = await record({});
    const withdrawn = await Promise.all(runs.map((ref) => readWithdrawnPeople(client, ref)));
    await record({ withdrawn: withdrawn.flat() });
  }

  /** Cancels an open applicant and waits for its end. A stuck one is terminated; its people are withdrawn later. */
  async function cancelIfOpen(): Promise<boolean> {
    const open = openApplicant === 'cancel' ? await findOpenRun(applicantId) : null;
    if (!open) return false;
    await record({ runs: [open] });
    onStep({ step: 'cancel' });
    await nullIfNotFound(createApplicants(deps).requestCancel(clientUserId));
    onStep({ step: 'wait' });
    const { stuck } = await waitForCloseOrStuck(client, applicantId, signal);
    if (stuck) {
      onStep({ step: 'stuck', ...stuck });
      await terminateRun(client, stuck, TERMINATION_REASON);
    }
    await recordWithdrawn();
    return true;
  }

  async function terminateIfOpen(workflowId: string): Promise<void> {
    const open = await findOpenRun(workflowId);
    if (open) await terminateRun(client, open, TERMINATION_REASON);
  }

  async function withdraw(known: KnownPeople) {
    onStep({ step: 'withdraw' });
    const onRun = async (ref: RunRef) => void (await record({ runs: [ref] }));
    const result = await createOperations(deps).withdraw(clientUserId, { signal, onStep, onRun }, known);
    await recordWithdrawn();
    return result;
  }

  async function waitForDownloads(): Promise<void> {
    if (!isFetching) return;
    onStep({ step: 'downloads' });
    await sleep(DOWNLOAD_ENDS_AFTER_MS, undefined, signal && { signal });
    isFetching = false;
  }

  function otherWorkflowIds(): readonly string[] {
    const deliveries = endpoints.map((name) => deliveryWorkflowId(name, { kind: 'applicant', id: clientUserId }));
    return [refreshId, withdrawWorkflowId(clientUserId), ...deliveries, ...totals.humanIds.map(mailboxWorkflowId)];
  }

  /** The applicant's runs are deleted last. */
  async function deleteRuns(): Promise<void> {
    const counts = await Promise.all(otherWorkflowIds().map((workflowId) => deletion.remove(workflowId, signal)));
    counts.push(await deletion.remove(applicantId, signal));
    totals.runs += counts.reduce((sum, runs) => sum + runs, 0);
  }

  async function isGone(): Promise<boolean> {
    const workflowIds = [...otherWorkflowIds(), applicantId];
    const found = await Promise.all(workflowIds.map((workflowId) => describeRun(client, { workflowId })));
    return found.every((description) => description === null);
  }

  async function isKeptOpen(): Promise<boolean> {
    return openApplicant === 'keep' && (await findOpenRun(applicantId)) !== null;
  }

  /** The people that each run has invited: from its search attribute, else from its history. */
  async function readInvited() {
    const newest = (await describeRun(client, { workflowId: applicantId }))?.workflowExecutionInfo;
    const infos = [...(await deletion.listAllRuns(applicantId)), ...(newest ? [newest] : [])];
    // The list lags by some seconds, so the description of the newest run comes last and counts.
    const humanIds = new Map(
      infos.map((info) => [info.execution?.runId ?? '', toApplicantRun(info)?.humanId ?? null] as const),
    );
    return Promise.all(
      [...humanIds].map(async ([runId, humanId]) => {
        if (humanId !== null) return { runId, humanIds: [humanId], email: null };
        return { runId, ...(await readInvitedPeople(client, { workflowId: applicantId, runId })) };
      }),
    );
  }

  async function findOpenRun(workflowId: string): Promise<RunRef | null> {
    const description = await describeRun(client, { workflowId });
    return isOpenRun(description) ? { workflowId, runId: runIdOf(description) } : null;
  }

  async function hasDownloads(): Promise<boolean> {
    for (const workflowId of [applicantId, refreshId]) {
      const pending = (await describeRun(client, { workflowId }))?.pendingActivities ?? [];
      if (pending.some(({ activityType }) => activityType?.name === ACTIVITIES.fetchDocument)) return true;
    }
    return false;
  }
}

/** Whether one of the unknown people is known now, or may be known by a new e-mail. */
function hasNewPeople(unknown: readonly string[], before: KnownPeople, now: KnownPeople): boolean {
  return now.emails.length > before.emails.length || unknown.some((humanId) => now.humanIds.includes(humanId));
}
