import { type Client, isGrpcServiceError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { type Described, describeWorkflow, isOpenRun, type Run, runIdOf } from './describe';
import { isWorkflowNotFound } from './raw-answers';
import { type Stuck, whyRunIsStuck } from './stuck';

const { HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT } = temporal.api.enums.v1.HistoryEventFilterType;
/** gRPC's number (grpc.io, "Status codes"). */
const GRPC_DEADLINE_EXCEEDED = 4;
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;
/** How often a run that is waited for is looked at. */
const LOOK_EVERY_MS = 2_000;

/** How a wait for the newest run of a workflow ended: it has closed, is gone (both null), or comes to no end, for the reason told. */
export interface Waited {
  readonly closed: Described | null;
  readonly stuck: (Run & Stuck) | null;
}

/**
 * Waits for the end of the newest run of a workflow, however long its activities take, but not for one that stands still: that has to be seen
 * twice in a row, for a worker that is just replaced may have failed a task. `hinders` may name another reason not to wait for what is there.
 */
export async function untilClosedOrStuck(
  client: Client,
  workflowId: string,
  signal: AbortSignal | undefined,
  hinders: (described: Described) => Promise<string | null> = async () => null,
): Promise<Waited> {
  for (let stood = false; ; ) {
    signal?.throwIfAborted();
    const described = await describeWorkflow(client, { workflowId });
    if (described === null) return { closed: null, stuck: null };
    const stuckBy = (why: string) => ({ closed: null, stuck: { workflowId, runId: runIdOf(described), why } });
    const hindered = await hinders(described);
    if (hindered !== null) return stuckBy(hindered);
    if (!isOpenRun(described)) return { closed: described, stuck: null };
    const why = await whyRunIsStuck(client, described);
    if (why !== null && stood) return stuckBy(why);
    stood = why !== null;
    await waitForTheEnd(client, workflowId, LOOK_EVERY_MS, signal);
  }
}

/** Waits until the newest run of a workflow closes, or `forMs` have passed, or it is gone. Throws what the client throws, and the signal's reason. */
export async function waitForTheEnd(
  client: Client,
  workflowId: string,
  forMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wait = () =>
    client.withDeadline(Date.now() + forMs, () =>
      client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId },
        waitNewEvent: true,
        historyEventFilterType: HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
      }),
    );
  try {
    await breakable(client, signal, wait);
  } catch (error) {
    signal?.throwIfAborted();
    if (isWorkflowNotFound(error)) return;
    if (!isGrpcServiceError(error) || error.code !== GRPC_DEADLINE_EXCEEDED) throw error;
  }
}

/** Ends a run by force; one that has ended, or was deleted, in between is what was wanted. */
export async function endByForce(client: Client, run: Run, reason: string): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => handle.terminate(reason)).catch(ifThere);
}

/** Swallows that a workflow is not there (any more). The client's handle throws an error of its own. */
export function ifThere(error: unknown): void {
  if (isWorkflowNotFound(error) || (error as Error).name === 'WorkflowNotFoundError') return;
  throw error;
}

/** Each call gets a signal of its own, because the client never takes its listeners off one: a long wait would gather them. */
async function breakable<T>(client: Client, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  if (!signal) return call();
  signal.throwIfAborted();
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await client.withAbortSignal(own.signal, call);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
