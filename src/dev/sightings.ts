import type { Client } from '@temporalio/client';
import type { ApplicantRun } from '../domain/applicant-run';
import { countCurrentDocuments } from '../domain/collection';
import { type Applicants, createApplicants } from '../temporal/applicants';
import { listApplicantRuns } from '../temporal/runs';
import type { Sighting } from './watch';

/** More at once than a person follows with their eyes. */
const MOST = 100;
/** A run that has just begun has no worker's answer yet, one that was killed never will: the next look asks anew. */
const CALL_TIMEOUT_MS = 3_000;

/** One look at where the applicants of a task queue stand: the open ones and those that closed last, and in any case those that are asked for. */
export function sightingsOf(
  client: Client,
  taskQueue: string,
): (inAnyCase: readonly string[]) => Promise<readonly Sighting[]> {
  const applicants = createApplicants({ client, taskQueue });
  const limited = <T>(call: () => Promise<T>) => client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
  const look = looker({
    readState: (clientUserId) => limited(() => applicants.readState(clientUserId)),
    read: (clientUserId) => limited(() => applicants.read(clientUserId)),
  });
  return async (inAnyCase) => look(await listApplicantRuns(client, taskQueue, MOST), inAnyCase);
}

/** Looks at applicants one by one. What was seen closed is not asked again: it says the same for ever, and each answer costs the worker a replay. */
export function looker(
  applicants: Pick<Applicants, 'readState' | 'read'>,
): (listed: readonly ApplicantRun[], inAnyCase: readonly string[]) => Promise<Sighting[]> {
  const closed = new Map<string, Sighting>();
  return async (listed, inAnyCase) => {
    const known = new Set(listed.map(({ clientUserId }) => clientUserId));
    const others = await Promise.all(inAnyCase.filter((id) => !known.has(id)).map(unlisted));
    return Promise.all([...listed.map(once), ...others.flat()]);
  };

  async function once(applicant: ApplicantRun): Promise<Sighting> {
    const before = closed.get(applicant.runId);
    if (before) return before;
    // One that no worker can answer for must not hide the others.
    const sighting = await inFull(applicant).catch(() => inShort(applicant));
    if (sighting.stage === 'closed' && sighting.documents !== null) closed.set(applicant.runId, sighting);
    return sighting;
  }

  /** Lists are some seconds late, and end somewhere. */
  async function unlisted(clientUserId: string): Promise<Sighting[]> {
    const before = closed.get(clientUserId);
    if (before) return [before];
    const summary = await applicants.read(clientUserId).catch(() => null);
    if (!summary) return [];
    return [await once({ ...summary, runId: clientUserId })];
  }

  async function inFull({ clientUserId, startedAtMs }: ApplicantRun): Promise<Sighting> {
    const state = await applicants.readState(clientUserId);
    const { stage, stageSinceMs, status, waitingFor, waitingUntilMs, outcome, reason, collection } = state;
    return {
      ...{ clientUserId, startedAtMs, stage, stageSinceMs, status, waitingFor, waitingUntilMs },
      // Until the stage says closed, the manifest may still be on its way.
      ...(stage === 'closed' ? { outcome, reason } : { outcome: null, reason: null }),
      documents: state.documentCount ?? countCurrentDocuments(collection.documents),
    };
  }

  async function inShort({ clientUserId, startedAtMs, closedAtMs, stage, outcome, standing }: ApplicantRun) {
    const reason =
      standing === 'open' ? null : ((await applicants.read(clientUserId).catch(() => null))?.reason ?? null);
    const untold = { status: null, waitingFor: null, waitingUntilMs: null, documents: null };
    return { clientUserId, startedAtMs, stage, stageSinceMs: closedAtMs, outcome, reason, ...untold };
  }
}
