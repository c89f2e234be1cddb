import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';
import { isUndecodable, KeyMissing } from '../domain/encryption';
import type { RunRef } from '../domain/erasure';
import { isHumanId } from '../domain/identifiers';
import { ACTIVITIES, type CollectRecordsInput } from '../workflows/contract';
import { keyIdOf } from './codec';
import { callWithDeadline, nullIfNotFound, payloadContext, readPages } from './rpc';

type Payloads = temporal.api.common.v1.IPayload[] | null | undefined;

/**
 * The people that a run of an applicant has invited. `email`: the e-mail of the run's input, if an invitation has no answer and the person may therefore
 * exist upstream with an unknown humanId. Null if every invitation has an answer, or if the input cannot be decoded.
 */
export interface InvitedPeople {
  readonly humanIds: readonly string[];
  readonly email: string | null;
}

/** The activities whose result names a person: invited, adopted, or found by the rule of adoption. */
const PERSON_ACTIVITIES: readonly string[] = [ACTIVITIES.invite, ACTIVITIES.findInvited, ACTIVITIES.lookUp];
/** The result of the activity `withdraw` if it deleted the person. */
const DELETED = 'deleted';
/** Stands for the humanId of a deleted person if it cannot be decoded. */
const UNREADABLE = '?';

/** What `invite` returns. `createSent`: nothing was decided, and the person may have been created. */
type InvitationResult = { readonly kind?: unknown; readonly humanId?: unknown; readonly createSent?: unknown } | null;

/** Reads the people that a run has invited, however it ended. Throws what the client throws. */
export async function readInvitedPeople(client: Client, run: RunRef): Promise<InvitedPeople> {
  const { input, activities } = await readActivities(client, run, PERSON_ACTIVITIES);
  const humanIds = new Set<string>();
  let isPending = false;
  for (const { name, completed } of activities) {
    const result =
      completed && ((await decodeFirstOrNull(client, run.workflowId, completed.result)) as InvitationResult);
    if (isHumanId(result?.humanId)) humanIds.add(result.humanId);
    const isAnswered = typeof result?.kind === 'string' && result.createSent !== true;
    if (name === ACTIVITIES.invite && !isAnswered) isPending = true;
  }
  return { humanIds: [...humanIds], email: isPending ? await decodeEmail(client, run.workflowId, input) : null };
}

/** Reads the humanIds of the people that a run has withdrawn upstream, however it ended. Throws what the client throws. */
export async function readWithdrawnPeople(client: Client, run: RunRef): Promise<readonly string[]> {
  const { activities } = await readActivities(client, run, [ACTIVITIES.withdraw]);
  const withdrawn = new Set<string>();
  for (const { input, completed } of activities) {
    if (!completed) continue;
    const result = await decodeFirstOrNull(client, run.workflowId, completed.result);
    // A result that cannot be decoded counts as a deletion.
    if (typeof result === 'string' && result !== DELETED) continue;
    // Undecided: nothing was confirmed, and the workflow calls the activity again.
    if (typeof (result as { kind?: unknown } | null)?.kind === 'string') continue;
    const { humanId } = ((await decodeFirstOrNull(client, run.workflowId, input)) ?? {}) as { humanId?: unknown };
    withdrawn.add(isHumanId(humanId) ? humanId : UNREADABLE);
  }
  return [...withdrawn];
}

/** The first value of a workflow's payloads; null if this client cannot decode it. */
export function decodeFirstOrNull(client: Client, workflowId: string, payloads: Payloads): Promise<unknown> {
  const { loadedDataConverter } = client.options;
  const context = payloadContext(client, workflowId);
  return decodeFromPayloadsAtIndex<unknown>(loadedDataConverter, 0, payloads, context).catch(() => null);
}

/** The first event of a run has its input, so no worker is needed; null if the run is gone. @throws {KeyMissing} */
export async function readRunInput(client: Client, run: RunRef): Promise<CollectRecordsInput | null> {
  const { namespace } = client.options;
  const request = { namespace, execution: run, maximumPageSize: 1 };
  const page = await nullIfNotFound(
    callWithDeadline(client, () => client.workflowService.getWorkflowExecutionHistory(request)),
  );
  if (page === null) return null;
  const [payload] = page.history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  // Without keys there is no codec, and the converter does not recognize encryption.
  const keyId = payload ? keyIdOf(payload) : null;
  const { loadedDataConverter } = client.options;
  if (keyId !== null && loadedDataConverter.payloadCodecs.length === 0) throw new KeyMissing(keyId);
  const context = payloadContext(client, run.workflowId);
  const input = await decodeFromPayloadsAtIndex<CollectRecordsInput>(
    loadedDataConverter,
    0,
    payload && [payload],
    context,
  );
  if (!input || isUndecodable(input))
    throw new Error(`the input of ${run.workflowId} cannot be decoded: check PAYLOAD_KEYS`);
  return input;
}

interface RecordedActivity {
  readonly name: string;
  readonly input: Payloads;
  completed: { readonly result: Payloads } | null;
}

/** The run's input and its activities of these names, in the order of their schedule; none if the run is gone. */
async function readActivities(client: Client, execution: RunRef, names: readonly string[]) {
  const { namespace } = client.options;
  let input: Payloads;
  const activities = new Map<string, RecordedActivity>();
  const pages = readPages((page) =>
    nullIfNotFound(
      callWithDeadline(client, () =>
        client.workflowService.getWorkflowExecutionHistory({ namespace, execution, ...page }),
      ),
    ),
  );
  for await (const { history } of pages) {
    for (const event of history?.events ?? []) {
      const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } =
        event;
      input = event.workflowExecutionStartedEventAttributes?.input?.payloads ?? input;
      const name = scheduled?.activityType?.name ?? '';
      if (names.includes(name)) {
        activities.set(String(event.eventId), { name, input: scheduled?.input?.payloads, completed: null });
      }
      const activity = activities.get(String(completed?.scheduledEventId));
      if (activity) activity.completed = { result: completed?.result?.payloads };
    }
  }
  return { input, activities: [...activities.values()] };
}

async function decodeEmail(client: Client, workflowId: string, input: Payloads): Promise<string | null> {
  const decoded = (await decodeFirstOrNull(client, workflowId, input)) as {
    readonly details?: { readonly clientUserEmail?: unknown };
  } | null;
  const email = decoded?.details?.clientUserEmail;
  return typeof email === 'string' && email.trim() !== '' ? email : null;
}
