import type { Client } from '@temporalio/client';
import { currentCount } from '../domain/collection';
import { type Applicants, createApplicants } from '../temporal/applicants';
import type { Sighting } from './watch';

/** More at once than a person follows with their eyes. */
const MOST = 50;
/** An answer takes milliseconds; a worker that was killed is waited for no longer, for the next look asks anew. */
const CALL_TIMEOUT_MS = 3_000;

/** One run of an applicant's workflow. */
interface Run {
  readonly clientUserId: string;
  readonly runId: string;
}

/** Where the open applicants stand, and those that closed since this was called; the newest {@link MOST}. */
export function sightingsOf(client: Client, taskQueue: string): () => Promise<readonly Sighting[]> {
  const applicants = createApplicants({ client, taskQueue });
  const limited = <T>(call: () => Promise<T>) => client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
  const look = looker({
    state: (clientUserId) => limited(() => applicants.state(clientUserId)),
    read: (clientUserId) => limited(() => applicants.read(clientUserId)),
  });
  const since = new Date().toISOString();
  return () =>
    client.withDeadline(Date.now() + CALL_TIMEOUT_MS, async () => look(await runsSince(client, taskQueue, since)));
}

/** Looks at the runs it is given. What was seen closed is not asked again: it says the same for ever, and each answer costs the worker a replay. */
export function looker(applicants: Pick<Applicants, 'state' | 'read'>): (runs: readonly Run[]) => Promise<Sighting[]> {
  const closed = new Map<string, Sighting>();
  return (runs) =>
    Promise.all(
      runs.map(async ({ clientUserId, runId }) => {
        const known = closed.get(runId);
        if (known) return known;
        // One that no worker can answer for must not hide the others.
        const sighting = await inFull(clientUserId).catch(() => inShort(clientUserId));
        if (sighting.stage === 'closed' && sighting.documents !== null) closed.set(runId, sighting);
        return sighting;
      }),
    );

  async function inFull(clientUserId: string): Promise<Sighting> {
    const { stage, outcome, reason, collection } = await applicants.state(clientUserId);
    const documents = currentCount(collection.documents);
    // Until the stage says closed, the manifest may still be on its way.
    return { clientUserId, stage, ...(stage === 'closed' ? { outcome, reason } : UNDECIDED), documents };
  }

  async function inShort(clientUserId: string): Promise<Sighting> {
    const summary = await applicants.read(clientUserId);
    const { stage, outcome, reason } = summary ?? { stage: null, ...UNDECIDED };
    return { clientUserId, stage, outcome, reason, documents: null };
  }
}

const UNDECIDED = { outcome: null, reason: null };

async function runsSince(client: Client, taskQueue: string, since: string): Promise<Run[]> {
  const { executions } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    pageSize: MOST,
    query: `ApplicantStage IS NOT NULL AND TaskQueue = "${taskQueue}" AND (ExecutionStatus = "Running" OR CloseTime > "${since}")`,
  });
  return (executions ?? []).flatMap(({ execution }) => {
    const clientUserId = /^applicant-(.+)$/.exec(execution?.workflowId ?? '')?.[1];
    return clientUserId && execution?.runId ? [{ clientUserId, runId: execution.runId }] : [];
  });
}
