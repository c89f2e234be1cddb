import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { isHumanId } from '../domain/identifiers';
import { OUTCOMES, type Outcome, STAGES, type Stage } from '../domain/outcome';
import type { Standing } from '../domain/sweep';
import { applicantWorkflowId } from '../workflows/contract';
import { describeWorkflow } from './describe';
import { keywordIn } from './raw-answers';

/** What Temporal tells of the newest run of an applicant, whatever payloads it holds. Times in ms since 1970. */
export interface ApplicantRun {
  /** `ended` is any end by its own doing (completed or canceled), `forced` one by another's (terminated, failed, timed out). */
  readonly standing: Standing;
  readonly startedAtMs: number;
  readonly closedAtMs: number | null;
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  readonly humanId: string | null;
}

const { WorkflowExecutionStatus: Status } = temporal.api.enums.v1;

/** What Temporal answers of the newest run of an applicant; null where it knows none (any more). Throws what the client throws. */
export function describeRun(client: Client, clientUserId: string, untilMs?: number) {
  return describeWorkflow(client, { workflowId: applicantWorkflowId(clientUserId) }, untilMs);
}

/** The newest run of an applicant; null where Temporal knows none (any more). Throws what the client throws. */
export async function readRun(client: Client, clientUserId: string, untilMs?: number): Promise<ApplicantRun | null> {
  const described = await describeRun(client, clientUserId, untilMs);
  return described ? runOf(described.workflowExecutionInfo ?? {}) : null;
}

/** What a describe, or a row of a list, tells of a run. */
export function runOf(info: temporal.api.workflow.v1.IWorkflowExecutionInfo): ApplicantRun {
  const { closeTime, startTime, status, searchAttributes } = info;
  const attributes = searchAttributes?.indexedFields ?? {};
  const humanId = keywordIn(attributes['HumanId']);
  const ended =
    status === Status.WORKFLOW_EXECUTION_STATUS_COMPLETED || status === Status.WORKFLOW_EXECUTION_STATUS_CANCELED;
  return {
    // Not by the status: a paused run is open too.
    standing: !closeTime ? 'open' : ended ? 'ended' : 'forced',
    startedAtMs: msOf(startTime) ?? 0,
    closedAtMs: msOf(closeTime),
    stage: oneOf(STAGES, keywordIn(attributes['ApplicantStage'])),
    outcome: oneOf(OUTCOMES, keywordIn(attributes['ApplicantOutcome'])),
    humanId: isHumanId(humanId) ? humanId : null,
  };
}

/** A time stamp of Temporal's in ms since 1970; null where there is none. */
export function msOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number | null {
  return time ? Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6) : null;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | null {
  return known.find((word) => word === value) ?? null;
}
