import { type Client, isGrpcServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import { KeyMissing } from '../domain/encryption';
import { isHumanId } from '../domain/identifiers';
import { OUTCOMES, type Outcome, REASONS, type Reason, STAGES, type Stage } from '../domain/outcome';
import type { Policy } from '../domain/policy';
import {
  type ApplicantDetails,
  applicantWorkflowId,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  type CollectRecordsResult,
  DETAILS_DIGEST_MEMO,
  type InvitationAnswer,
  invitationQuery,
  type StateAnswer,
  stateQuery,
} from '../workflows/contract';
import { keyIdOf } from './codec';
import { waitForTheEnd } from './ending';
import { isWorkflowNotFound, keywordIn } from './raw-answers';

/** An applicant to start. `detailsDigest`: SHA-256 (hex) of the normalised details; `batch`: one of a file, which gives way to single starts. */
export interface StartRequest {
  readonly details: ApplicantDetails;
  readonly detailsDigest: string;
  readonly policy: Policy;
  readonly again?: boolean;
  readonly batch?: boolean;
  readonly autoInvite?: boolean;
}

/** What Temporal tells of an applicant without asking a worker. */
export interface ApplicantSummary {
  readonly clientUserId: string;
  /** Null until the invitation is answered. */
  readonly humanId: string | null;
  readonly workflowId: string;
  readonly open: boolean;
  readonly stage: Stage | null;
  readonly outcome: Outcome | null;
  /** Known once the run has completed; a cancelled run carries no reason. */
  readonly reason: Reason | null;
}

/** `running` and `closed`: the same details were started before; `conflict`: others were. */
export type Started = ApplicantSummary & { readonly result: 'started' | 'running' | 'closed' | 'conflict' };

/** The applicants as Temporal holds them. Methods throw what the client throws: not to be reached is never "not there". */
export interface Applicants {
  /** Harmless to repeat: one workflow id per applicant, refused while its run is known. */
  start(request: StartRequest): Promise<Started>;
  /** Null where Temporal knows no such applicant (any more). */
  read(clientUserId: string): Promise<ApplicantSummary | null>;
  /** All that the workflow knows; needs a worker. */
  state(clientUserId: string): Promise<StateAnswer>;
  /** The link of the invitation, or why there is none; null where Temporal knows no such applicant. Needs a worker while the applicant is open. */
  invitation(clientUserId: string): Promise<InvitationAnswer | null>;
  /** Asks for the cancel: the person is withdrawn before the run ends. */
  cancel(clientUserId: string): Promise<void>;
  /** Waits for the end of the newest run. `onSummary` gets each summary on the way, often until the humanId is known. */
  untilClosed(
    clientUserId: string,
    signal?: AbortSignal,
    onSummary?: (summary: ApplicantSummary) => void,
  ): Promise<ApplicantSummary>;
}

const { WorkflowExecutionStatus } = temporal.api.enums.v1;
/** gRPC's number (grpc.io, "Status codes"). */
const GRPC_DEADLINE_EXCEEDED = 4;
/** UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const GRPC_TRANSIENT: readonly unknown[] = [2, GRPC_DEADLINE_EXCEEDED, 8, 10, 13, 14, 15];
/** An answer takes milliseconds; this bounds a server that accepts and says nothing. */
const CALL_TIMEOUT_MS = 10_000;
/** The server answers a wait for the end with nothing after 20 s; asked again until it has one. */
const WAIT_AT_ONCE_MS = 30_000;
/** The first wait of one without a humanId; each further one is twice as long. */
const FIRST_WAIT_MS = 1_000;

export function createApplicants({ client, taskQueue }: { client: Client; taskQueue: string }): Applicants {
  const { namespace, loadedDataConverter } = client.options;

  return {
    async start({ details, detailsDigest, policy, again, batch, autoInvite }) {
      const { clientUserId } = details;
      const workflowId = applicantWorkflowId(clientUserId);
      const input: CollectRecordsInput = {
        details,
        detailsDigest,
        policy,
        ...(again && { again }),
        ...(batch && { batch }),
        ...(autoInvite === false && { autoInvite }),
      };
      try {
        await soon(() =>
          client.workflow.start(COLLECT_RECORDS, {
            taskQueue,
            workflowId,
            args: [input],
            workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
            memo: { [DETAILS_DIGEST_MEMO]: detailsDigest },
            staticSummary: 'Medical records of one applicant',
            typedSearchAttributes: [
              { key: defineSearchAttributeKey('ApplicantStage', 'KEYWORD'), value: 'inviting' },
              { key: defineSearchAttributeKey('ApplicantStageSince', 'DATETIME'), value: new Date() },
            ],
          }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        return started(clientUserId, detailsDigest);
      }
      const nothingYet = { humanId: null, outcome: null, reason: null };
      return { clientUserId, workflowId, open: true, stage: 'inviting', ...nothingYet, result: 'started' };
    },

    read: async (clientUserId) => (await describe(clientUserId))?.summary ?? null,

    state: (clientUserId) => soon(() => handleOf(clientUserId).query(stateQuery)),

    async invitation(clientUserId) {
      const described = await describe(clientUserId);
      if (!described) return null;
      // One that was ended by force would still know its link.
      if (!described.summary.open) return { inviteLink: null, why: 'closed' };
      return soon(() => handleOf(clientUserId).query(invitationQuery));
    },

    async cancel(clientUserId) {
      await soon(() => handleOf(clientUserId).cancel());
    },

    async untilClosed(clientUserId, signal, onSummary) {
      for (let waitMs = onSummary ? FIRST_WAIT_MS : WAIT_AT_ONCE_MS; ; ) {
        signal?.throwIfAborted();
        await waitForTheEnd(client, applicantWorkflowId(clientUserId), waitMs, signal);
        const described = await describe(clientUserId);
        if (!described) throw new Error(`expected ${applicantWorkflowId(clientUserId)} in Temporal, it is gone`);
        const { summary } = described;
        onSummary?.(summary);
        if (!summary.open) return summary;
        waitMs = summary.humanId === null ? Math.min(2 * waitMs, WAIT_AT_ONCE_MS) : WAIT_AT_ONCE_MS;
      }
    },
  };

  /**
   * Who was there first: the same details or others. A memo that can never be read tells neither, so it counts as others; one whose key is
   * missing could not be asked. @throws {KeyMissing}
   */
  async function started(clientUserId: string, detailsDigest: string): Promise<Started> {
    const described = await describe(clientUserId);
    if (!described) throw new Error(`${applicantWorkflowId(clientUserId)} was there and is gone; start it again`);
    const { summary, memo } = described;
    const digest = await digestIn(summary.workflowId, memo);
    if (digest !== detailsDigest) return { ...summary, result: 'conflict' };
    return { ...summary, result: summary.open ? 'running' : 'closed' };
  }

  /** Raw, because the client's describe() throws on a memo that it cannot decode. */
  async function describe(clientUserId: string) {
    const workflowId = applicantWorkflowId(clientUserId);
    try {
      const { workflowExecutionInfo: info } = await soon(() =>
        client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
      );
      // Not by the status: a paused run is open too.
      const open = !info?.closeTime;
      const completed = info?.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED;
      const attributes = info?.searchAttributes?.indexedFields ?? {};
      const humanId = keywordIn(attributes['HumanId']);
      const summary: ApplicantSummary = {
        clientUserId,
        humanId: isHumanId(humanId) ? humanId : null,
        workflowId,
        open,
        stage: oneOf(STAGES, keywordIn(attributes['ApplicantStage'])),
        outcome: oneOf(OUTCOMES, keywordIn(attributes['ApplicantOutcome'])),
        reason: completed ? await reasonOf(clientUserId) : null,
      };
      return { summary, memo: info?.memo?.fields?.[DETAILS_DIGEST_MEMO] };
    } catch (error) {
      if (isWorkflowNotFound(error)) return null;
      throw error;
    }
  }

  async function digestIn(workflowId: string, payload: temporal.api.common.v1.IPayload | undefined) {
    if (!payload) return null;
    const context = { type: 'workflow' as const, namespace, workflowId };
    try {
      return await decodeFromPayloadsAtIndex<string>(loadedDataConverter, 0, [payload], context);
    } catch (error) {
      // Without any keys there is no codec either, and the converter knows nothing of encryption.
      const keyId = error instanceof KeyMissing ? error.keyId : keyIdOf(payload);
      if (keyId !== null) throw new KeyMissing(keyId);
      return null;
    }
  }

  /** The result of a completed run is there at once. One that cannot be decoded is one applicant's trouble only. */
  async function reasonOf(clientUserId: string): Promise<Reason | null> {
    try {
      const result = (await soon(() => handleOf(clientUserId).result())) as Partial<CollectRecordsResult> | null;
      return oneOf(REASONS, result?.reason);
    } catch (error) {
      if (isTransient(error)) throw error;
      return null;
    }
  }

  function soon<T>(call: () => Promise<T>): Promise<T> {
    return client.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
  }

  function handleOf(clientUserId: string) {
    return client.workflow.getHandle(applicantWorkflowId(clientUserId));
  }
}

/** Whether Temporal could not be asked, or not in time: the same call may succeed later. The client wraps what gRPC says. */
export function isTransient(error: unknown): boolean {
  if (isGrpcServiceError(error)) return GRPC_TRANSIENT.includes(error.code);
  return error instanceof Error && error.cause !== undefined && isTransient(error.cause);
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | null {
  return known.find((word) => word === value) ?? null;
}
