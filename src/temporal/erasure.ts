import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isHumanId } from '../domain/identifiers';
import {
  ACTIVITIES,
  applicantWorkflowId,
  type KnownPeople,
  mailboxWorkflowId,
  refreshWorkflowId,
  withdrawWorkflowId,
} from '../workflows/contract';
import { createApplicants } from './applicants';
import { describeWorkflow, isOpenRun, type Run, runIdOf } from './describe';
import { endByForce, ifThere, untilClosedOrStuck } from './ending';
import { type InvitedPeople, invitedIn } from './invited';
import { createOperations, type OperationStep } from './operations';
import { keywordIn } from './raw-answers';
import { createRemoval } from './removal';
import { withdrawnIn } from './withdrawn';

/** What an erasure knows, whatever attempt has learnt it. */
interface Known {
  readonly humanIds: readonly string[];
  readonly runs: readonly Run[];
  readonly withdrawn: readonly string[];
}

/** What an erasure asks of the report store, by whoever holds it. */
export interface ErasedRecords {
  isHeld(clientUserId: string): Promise<boolean>;
  begin(clientUserId: string, learnt?: Partial<Known>): Promise<Known>;
  eraseFiles(clientUserId: string): Promise<number>;
}

/**
 * What was erased: runs of workflows, files, and how many people this erasure has withdrawn upstream, earlier attempts included. `held`: nothing,
 * or nothing more, was; `open`: the same, where open applicants are left alone.
 */
export interface Erased {
  readonly result: 'erased' | 'held' | 'open';
  readonly humanIds: readonly string[];
  readonly people: number;
  readonly runs: number;
  readonly files: number;
  /** The humanIds of people upstream under this clientUserId who are not known as ours: they were left. */
  readonly others: readonly string[];
}

/** What an erasure is about to do, or has found on its way. `stuck`: a run that comes to no end, and is ended by force. */
export type ErasureStep =
  | { readonly step: 'cancel' | 'wait' | 'withdraw' | 'downloads' | 'files' }
  | { readonly step: 'stuck'; readonly workflowId: string; readonly why: string }
  | { readonly step: 'runs'; readonly workflowId: string; readonly runs: number }
  | OperationStep;

export interface Erasure {
  /**
   * Cancels an open applicant and waits for its end, withdraws the people upstream who are known as ours, deletes every run and the folder, and
   * looks again until nothing is there. Harmless to repeat at any point. Needs a worker. One that stands still is ended by force, and withdrawn all the same.
   * A start that comes before the last look is erased with the rest; one that comes after it is a new applicant. @throws what the client throws;
   * RemovalStuck; OperationStuck; the signal's reason
   */
  erase(clientUserId: string, signal?: AbortSignal): Promise<Erased>;
  /** The same of an applicant who is closed: one who is open, or is started meanwhile, is left alone from then on. */
  eraseClosed(clientUserId: string, signal?: AbortSignal): Promise<Erased>;
}

/** A download whose workflow has ended hears of it by a heartbeat, 15 s at most, and could store something until then. */
const DOWNLOAD_ENDS_AFTER_MS = 20_000;

export function createErasure(deps: {
  readonly client: Client;
  readonly taskQueue: string;
  readonly records: ErasedRecords;
  readonly tell?: (step: ErasureStep) => void;
}): Erasure {
  const { client, records, tell = () => {} } = deps;
  const applicants = createApplicants(deps);
  const operations = createOperations(deps);
  const removal = createRemoval(client, (workflowId, runs) => tell({ step: 'runs', workflowId, runs }));

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
    const done = { humanIds: [] as readonly string[], people: 0, runs: 0, files: 0, others: [] as readonly string[] };
    // By run, and in memory only: the note on the shelf holds no personal data.
    const emails = new Map<string, string | null>();
    let fetching = false;
    const as = (result: Erased['result']): Erased => ({ result, ...done });
    const isLeft = async () => whoIsOpen === 'leave' && (await openRun(applicant)) !== null;
    const learn = async (learnt: Partial<Known>) => {
      const known = await records.begin(clientUserId, learnt);
      done.humanIds = known.humanIds;
      done.people = known.withdrawn.length;
      return known;
    };
    const learnInvited = async (): Promise<KnownPeople> => {
      const invited = await invitedBy(applicant);
      for (const { runId, email } of invited) emails.set(runId, email);
      const { humanIds } = await learn({ humanIds: invited.flatMap((run) => run.humanIds) });
      return { humanIds, emails: [...new Set(emails.values())].filter((email) => email !== null) };
    };
    const countPeople = async () => {
      const { runs } = await learn({});
      await learn({ withdrawn: (await Promise.all(runs.map((run) => withdrawnIn(client, run)))).flat() });
    };
    for (;;) {
      signal?.throwIfAborted();
      if (await records.isHeld(clientUserId)) return as('held');
      if (await isLeft()) return as('open');
      const only = await learnInvited();
      fetching ||= (await isFetching(applicant)) || (await isFetching(refresh));
      const open = whoIsOpen === 'cancel' ? await openRun(applicant) : null;
      if (open) {
        await learn({ runs: [open] });
        await cancel(clientUserId, signal);
        await countPeople();
        continue;
      }
      const refreshing = await openRun(refresh);
      if (refreshing) await endByForce(client, refreshing, ERASED);
      tell({ step: 'withdraw' });
      const working = async (run: Run) => void (await learn({ runs: [run] }));
      const { result, others: strangers = [] } = await operations.withdraw(
        clientUserId,
        { signal, tell, working },
        only,
      );
      await countPeople();
      if (result === 'open') continue;
      done.others = strangers;
      // An applicant that was started, and closed, meanwhile has invited a person who was not known above.
      if (strangers.length > 0 && isMoreKnown(strangers, only, await learnInvited())) continue;
      if (fetching) {
        tell({ step: 'downloads' });
        await sleep(DOWNLOAD_ENDS_AFTER_MS, undefined, signal && { signal });
      }
      fetching = false;
      if (await records.isHeld(clientUserId)) return as('held');
      const others = [refresh, withdrawWorkflowId(clientUserId), ...done.humanIds.map(mailboxWorkflowId)];
      const gone = await Promise.all(others.map((workflowId) => removal.remove(workflowId, signal)));
      done.runs += gone.reduce((sum, runs) => sum + runs, await removal.remove(applicant, signal));
      // As late as can be: a round that has begun reads what the manifest tells of the one before.
      if (await isLeft()) return as('open');
      tell({ step: 'files' });
      done.files += await records.eraseFiles(clientUserId);
      const all = await Promise.all(
        [...others, applicant].map((workflowId) => describeWorkflow(client, { workflowId })),
      );
      if (all.every((there) => there === null)) return as('erased');
    }
  }

  /** Until the applicant has closed by its own doing. One that stands still would never: whoever was invited is withdrawn without it. */
  async function cancel(clientUserId: string, signal: AbortSignal | undefined): Promise<void> {
    tell({ step: 'cancel' });
    await applicants.cancel(clientUserId).catch(ifThere);
    tell({ step: 'wait' });
    const { stuck } = await untilClosedOrStuck(client, applicantWorkflowId(clientUserId), signal);
    if (!stuck) return;
    tell({ step: 'stuck', ...stuck });
    await endByForce(client, stuck, ERASED);
  }

  /** Who was invited by each run of this id, as its search attribute tells, or its history where it has none. */
  async function invitedBy(workflowId: string): Promise<readonly (InvitedPeople & { readonly runId: string })[]> {
    const newest = (await describeWorkflow(client, { workflowId }))?.workflowExecutionInfo;
    const infos = [...(await removal.listed(workflowId)), ...(newest ? [newest] : [])];
    // The list is some seconds late: of the newest run the later answer counts.
    const runs = new Map(infos.map(({ execution, searchAttributes }) => [execution?.runId ?? '', searchAttributes]));
    return Promise.all(
      [...runs].map(async ([runId, searchAttributes]) => {
        const humanId = keywordIn(searchAttributes?.indexedFields?.['HumanId']);
        if (isHumanId(humanId)) return { runId, humanIds: [humanId], email: null };
        return { runId, ...(await invitedIn(client, { workflowId, runId })) };
      }),
    );
  }

  async function openRun(workflowId: string): Promise<Run | null> {
    const described = await describeWorkflow(client, { workflowId });
    return isOpenRun(described) ? { workflowId, runId: runIdOf(described) } : null;
  }

  async function isFetching(workflowId: string): Promise<boolean> {
    const pending = (await describeWorkflow(client, { workflowId }))?.pendingActivities ?? [];
    return pending.some(({ activityType }) => activityType?.name === ACTIVITIES.fetchDocument);
  }
}

/** Whether a person who was taken for a stranger is known by now, or may be by an e-mail that was not known before. */
function isMoreKnown(strangers: readonly string[], before: KnownPeople, now: KnownPeople): boolean {
  return now.emails.length > before.emails.length || strangers.some((humanId) => now.humanIds.includes(humanId));
}

/** Stands in Temporal as the reason of an end by force. */
const ERASED = 'the applicant is erased';
