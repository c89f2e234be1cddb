import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { ApplicantRun } from '../domain/applicant-run';
import type { RunRef } from '../domain/erasure';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import { OUTCOMES, STAGES } from '../domain/outcome';
import { SECOND_MS } from '../domain/policy';
import { applicantWorkflowId, COLLECT_RECORDS, parseWorkflowId, SEARCH_ATTRIBUTE_KEYS } from '../workflows/contract';
import { callWithDeadline, GRPC, hasStatus, isWorkflowNotFound, nullIfNotFound, toMs } from './rpc';

// All functions here throw what the client throws.

export type RunDescription = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
export type RunInfo = temporal.api.workflow.v1.IWorkflowExecutionInfo;
type Payload = temporal.api.common.v1.IPayload;

const { WorkflowExecutionStatus: Status, HistoryEventFilterType } = temporal.api.enums.v1;
/** Short, because a person waits for the list. */
const LIST_TIMEOUT_MS = 3_000;

/**
 * A run, or the newest run of a workflow id; null if Temporal has none. Strongly consistent. A raw call, because the client's
 * describe() throws on a memo that it cannot decode.
 */
export function describeRun(
  client: Client,
  execution: { readonly workflowId: string; readonly runId?: string },
  untilMs?: number,
): Promise<RunDescription | null> {
  const request = { namespace: client.options.namespace, execution };
  return nullIfNotFound(
    callWithDeadline(client, () => client.workflowService.describeWorkflowExecution(request), untilMs),
  );
}

/** Checks the close time, not the status, because a paused run is open too. */
export function isOpenRun(description: RunDescription | null): description is RunDescription {
  return description !== null && !description.workflowExecutionInfo?.closeTime;
}

export function runIdOf({ workflowExecutionInfo: info }: RunDescription): string {
  return info?.execution?.runId ?? '';
}

/** The newest run of an applicant; null if Temporal has none. */
export async function readApplicantRun(
  client: Client,
  clientUserId: string,
  untilMs?: number,
): Promise<ApplicantRun | null> {
  const description = await describeRun(client, { workflowId: applicantWorkflowId(clientUserId) }, untilMs);
  return description && toApplicantRun(description.workflowExecutionInfo ?? {});
}

/** Null if the run is not an applicant's. */
export function toApplicantRun({
  execution,
  status,
  startTime,
  closeTime,
  searchAttributes,
}: RunInfo): ApplicantRun | null {
  const { workflowId, runId } = execution ?? {};
  const subject = parseWorkflowId(workflowId ?? '');
  if (!workflowId || !runId || subject?.kind !== 'applicant' || !isClientUserId(subject.clientUserId)) return null;
  const attributes = searchAttributes?.indexedFields ?? {};
  const humanId = readKeyword(attributes[SEARCH_ATTRIBUTE_KEYS.humanId.name]);
  const isEnded =
    status === Status.WORKFLOW_EXECUTION_STATUS_COMPLETED || status === Status.WORKFLOW_EXECUTION_STATUS_CANCELED;
  return {
    clientUserId: subject.clientUserId,
    workflowId,
    runId,
    standing: !closeTime ? 'open' : isEnded ? 'ended' : 'forced',
    startedAtMs: toMs(startTime) ?? 0,
    closedAtMs: toMs(closeTime),
    stage: parseEnum(STAGES, readKeyword(attributes[SEARCH_ATTRIBUTE_KEYS.stage.name])),
    outcome: parseEnum(OUTCOMES, readKeyword(attributes[SEARCH_ATTRIBUTE_KEYS.outcome.name])),
    humanId: isHumanId(humanId) ? humanId : null,
  };
}

/** A search attribute's value; null if it is missing or cannot be decoded. A keyword is a value or, as the SDK writes it, an array of one. */
function readKeyword(payload: Payload | undefined): unknown {
  return readValues(payload)[0] ?? null;
}

/** The values of a search attribute; none if it is missing or cannot be decoded. */
export function readValues(payload: Payload | undefined): readonly unknown[] {
  try {
    return payload ? [defaultPayloadConverter.fromPayload<unknown>(payload)].flat() : [];
  } catch {
    return [];
  }
}

export function parseEnum<W extends string>(words: readonly W[], value: unknown): W | null {
  return words.find((word) => word === value) ?? null;
}

/** One page of a list, which may lag by some seconds. A raw call, because the client's list() ends at the first run that it cannot decode. */
export function listRuns(
  client: Client,
  query: string,
  {
    untilMs,
    ...page
  }: { readonly pageSize?: number; readonly nextPageToken?: Uint8Array; readonly untilMs?: number } = {},
) {
  const request = { namespace: client.options.namespace, query, ...page };
  return callWithDeadline(client, () => client.workflowService.listWorkflowExecutions(request), untilMs);
}

/** The query for the applicants of a task queue, open and closed. */
export function applicantsQuery(taskQueue: string): string {
  return `${applicantRunsQuery(taskQueue)} AND ${NOT_CONTINUED}`;
}

/** The same with the runs that continued as new. */
export function applicantRunsQuery(taskQueue: string): string {
  return `WorkflowType = "${COLLECT_RECORDS}" AND TaskQueue = "${taskQueue}"`;
}

/** The condition for runs that did not continue as new. */
export const NOT_CONTINUED = 'ExecutionStatus != "ContinuedAsNew"';

/** The condition for open runs whose workflow task fails in every attempt. An older server answers INVALID_ARGUMENT. */
export const HAS_REPORTED_PROBLEMS = 'CloseTime IS NULL AND TemporalReportedProblems IS NOT NULL';

/** The condition for runs with the standing `forced`. */
export const ENDED_BY_FORCE = 'ExecutionStatus IN ("Terminated", "TimedOut", "Failed")';

/** The newest runs of at most `limit` applicants of a task queue: the open ones, then the last closed ones. */
export async function listApplicantRuns(
  client: Client,
  taskQueue: string,
  limit: number,
): Promise<readonly ApplicantRun[]> {
  const untilMs = Date.now() + LIST_TIMEOUT_MS;
  const { executions } = await listRuns(client, applicantsQuery(taskQueue), { pageSize: limit, untilMs });
  const newest = new Map<string, ApplicantRun>();
  for (const run of (executions ?? []).flatMap((info) => toApplicantRun(info) ?? [])) {
    const other = newest.get(run.clientUserId);
    if (!other || other.startedAtMs < run.startedAtMs) newest.set(run.clientUserId, run);
  }
  return [...newest.values()];
}

/** Waits at most `forMs` until the newest run of a workflow has closed; false if it may be open. Rejects with the signal's reason. */
export async function waitForClose(
  client: Client,
  workflowId: string,
  forMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const request = {
    namespace: client.options.namespace,
    execution: { workflowId },
    waitNewEvent: true,
    historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
  };
  const wait = () => client.workflowService.getWorkflowExecutionHistory(request);
  const untilMs = Date.now() + forMs;
  try {
    // The server answers a long poll after 20 s without an event.
    const { history } = await callWithDeadline(client, wait, untilMs, signal);
    return (history?.events ?? []).length > 0;
  } catch (error) {
    if (signal?.aborted) throw error;
    if (isWorkflowNotFound(error)) return true;
    // The server may see the end of the deadline first, and cancels the call.
    const isTimeout = hasStatus(error, GRPC.DEADLINE_EXCEEDED);
    if (!isTimeout && !(hasStatus(error, GRPC.CANCELLED) && Date.now() > untilMs - SECOND_MS)) throw error;
    return false;
  }
}

/** Terminates a run, unless it has ended or was deleted. */
export async function terminateRun(client: Client, { workflowId, runId }: RunRef, reason: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId, runId);
  await nullIfNotFound(callWithDeadline(client, () => handle.terminate(reason)));
}
