import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { InternalWorkflowStartOptionsSymbol } from '@temporalio/client/lib/internal';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import type { ApplicantRun } from '../domain/applicant-run';
import { KeyMissing } from '../domain/encryption';
import { REASONS, type Reason } from '../domain/outcome';
import {
  AUTHORIZATION_MEMO,
  applicantWorkflowId,
  BATCH_ID_MEMO,
  COLLECT_RECORDS,
  type CollectRecordsInput,
  type CollectRecordsResult,
  DETAILS_DIGEST_MEMO,
  type InvitationAnswer,
  invitationQuery,
  SEARCH_ATTRIBUTE_KEYS,
  START_ID_MEMO,
  type StateAnswer,
  stateQuery,
} from '../workflows/contract';
import { keyIdOf } from './codec';
import { callWithDeadline, isTransient, payloadContext, type TemporalDeps } from './rpc';
import { describeRun, parseEnum, toApplicantRun, waitForClose } from './runs';

export type StartRequest = Omit<CollectRecordsInput, 'carried' | 'carriedInvitation' | 'carriedEvents'>;

export interface StartOptions {
  /** The round that the run will work on, if the caller has read the manifest. */
  readonly round?: number;
  /**
   * For `again`. Temporal answers a second start with the same `requestId` with the run of the first one, open or closed, as long as it is the newest;
   * `startId` shows which of them began the run.
   */
  readonly once?: { readonly requestId: string; readonly startId: string };
  readonly untilMs?: number;
}

/** An applicant as Temporal stores it; needs no worker. `reason`: null until the run has completed, and after a cancellation. */
export type ApplicantSummary = ApplicantRun & { readonly reason: Reason | null };

/** `running` and `closed`: the applicant was started before, with the same details; `conflict`: with other details. */
export type StartResult = ApplicantSummary & { readonly result: 'started' | 'running' | 'closed' | 'conflict' };

/**
 * The applicants in Temporal. Methods throw what the client throws: an unreachable server never means "no such applicant". `untilMs`: the deadline of
 * the calls, ms since 1970.
 */
export interface Applicants {
  /** Safe to repeat: while Temporal has a run of the applicant, it rejects a second start. */
  start(request: StartRequest, options?: StartOptions): Promise<StartResult>;
  /** What a start without `again` would return; null if Temporal has no such applicant. @throws {KeyMissing} */
  findStarted(clientUserId: string, detailsDigest: string, untilMs?: number): Promise<StartResult | null>;
  /** Null if Temporal has no such applicant. */
  read(clientUserId: string, untilMs?: number): Promise<ApplicantSummary | null>;
  /** The batch that started the newest run; null: none, or it cannot be decoded. */
  readBatchId(clientUserId: string): Promise<string | null>;
  /** The state of the workflow; needs a worker. */
  readState(clientUserId: string, untilMs?: number): Promise<StateAnswer>;
  /** The link of the invitation, or the reason why it is missing; null if Temporal has no such applicant. Needs a worker while the applicant is open. */
  readInvitation(clientUserId: string): Promise<InvitationAnswer | null>;
  /** Requests the cancellation: the workflow withdraws the person before it ends. */
  requestCancel(clientUserId: string): Promise<void>;
  /**
   * Waits until the newest run closes. Returns null if an erasure deletes it. Calls `onSummary` after each poll; the first polls are frequent,
   * so that an invitation shows soon.
   */
  waitForClose(
    clientUserId: string,
    signal?: AbortSignal,
    onSummary?: (summary: ApplicantSummary) => void,
  ): Promise<ApplicantSummary | null>;
}

const { WORKFLOW_EXECUTION_STATUS_COMPLETED } = temporal.api.enums.v1.WorkflowExecutionStatus;
/** Of the tasks of an applicant of a file, 1 first: those of single starts overtake them. The server's default is 3. */
const BATCH_PRIORITY = 4;
/** Longer than the server's long poll, which ends after 20 s. */
const LONG_POLL_MS = 30_000;
/** The first poll of a run without a humanId; each further one is twice as long. */
const FIRST_POLL_MS = 1_000;

export function createApplicants({ client, taskQueue }: TemporalDeps): Applicants {
  return {
    async start(request, options = {}) {
      const { details, detailsDigest, policy, again, batch, autoInvite, authorizationReference, batchId } = request;
      const { round, once, untilMs } = options;
      const { clientUserId } = details;
      const workflowId = applicantWorkflowId(clientUserId);
      const input: CollectRecordsInput = {
        details,
        detailsDigest,
        policy,
        ...(again && { again }),
        ...(batch && { batch }),
        ...(autoInvite === false && { autoInvite }),
        ...(authorizationReference !== undefined && { authorizationReference }),
        ...(batchId !== undefined && { batchId }),
      };
      const startedAt = new Date();
      try {
        const { firstExecutionRunId: runId } = await callWithDeadline(
          client,
          () =>
            client.workflow.start(COLLECT_RECORDS, {
              taskQueue,
              workflowId,
              args: [input],
              workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
              workflowIdConflictPolicy: 'FAIL',
              memo: {
                [DETAILS_DIGEST_MEMO]: detailsDigest,
                ...(authorizationReference !== undefined && { [AUTHORIZATION_MEMO]: authorizationReference }),
                ...(once && { [START_ID_MEMO]: once.startId }),
                ...(batchId !== undefined && { [BATCH_ID_MEMO]: batchId }),
              },
              staticSummary: 'Medical records of one applicant',
              ...(batch && { priority: { priorityKey: BATCH_PRIORITY } }),
              typedSearchAttributes: [
                { key: SEARCH_ATTRIBUTE_KEYS.stage, value: 'inviting' },
                { key: SEARCH_ATTRIBUTE_KEYS.stageSince, value: startedAt },
                { key: SEARCH_ATTRIBUTE_KEYS.openedAt, value: startedAt },
                ...(round === undefined ? [] : [{ key: SEARCH_ATTRIBUTE_KEYS.round, value: round }]),
              ],
              ...(once && { [InternalWorkflowStartOptionsSymbol]: { requestId: once.requestId } }),
            }),
          untilMs,
        );
        return {
          clientUserId,
          workflowId,
          runId,
          standing: 'open',
          startedAtMs: Date.now(),
          closedAtMs: null,
          stage: 'inviting',
          outcome: null,
          reason: null,
          humanId: null,
          result: 'started',
        };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        const existing = await findStarted(clientUserId, detailsDigest, untilMs);
        if (existing) return existing;
        throw new Error(`${workflowId} was deleted during the start; start it again`);
      }
    },

    findStarted,

    read: async (clientUserId, untilMs) => (await describe(clientUserId, untilMs))?.summary ?? null,

    async readBatchId(clientUserId) {
      const description = await describeRun(client, { workflowId: applicantWorkflowId(clientUserId) });
      const payload = description?.workflowExecutionInfo?.memo?.fields?.[BATCH_ID_MEMO];
      return decodeMemo(applicantWorkflowId(clientUserId), payload);
    },

    readState: (clientUserId, untilMs) =>
      callWithDeadline(client, () => handleOf(clientUserId).query(stateQuery), untilMs),

    async readInvitation(clientUserId) {
      const description = await describe(clientUserId);
      if (!description) return null;
      // A terminated run still answers the query with its link.
      if (description.summary.standing !== 'open') return { inviteLink: null, why: 'closed' };
      return callWithDeadline(client, () => handleOf(clientUserId).query(invitationQuery));
    },

    async requestCancel(clientUserId) {
      await callWithDeadline(client, () => handleOf(clientUserId).cancel());
    },

    async waitForClose(clientUserId, signal, onSummary) {
      for (let pollMs = onSummary ? FIRST_POLL_MS : LONG_POLL_MS; ; ) {
        signal?.throwIfAborted();
        await waitForClose(client, applicantWorkflowId(clientUserId), pollMs, signal);
        const description = await describe(clientUserId);
        if (!description) return null;
        const { summary } = description;
        onSummary?.(summary);
        if (summary.standing !== 'open') return summary;
        pollMs = summary.humanId === null ? Math.min(2 * pollMs, LONG_POLL_MS) : LONG_POLL_MS;
      }
    },
  };

  /**
   * Returns the existing run, and whether its details are the same: the memo has their digest. A memo that can never be decoded counts as other
   * details.
   * @throws {KeyMissing} if the key of the memo is missing
   */
  async function findStarted(
    clientUserId: string,
    detailsDigest: string,
    untilMs?: number,
  ): Promise<StartResult | null> {
    const description = await describe(clientUserId, untilMs);
    if (!description) return null;
    const { summary, memo } = description;
    const digest = await decodeMemo(summary.workflowId, memo);
    if (digest !== detailsDigest) return { ...summary, result: 'conflict' };
    return { ...summary, result: summary.standing === 'open' ? 'running' : 'closed' };
  }

  async function describe(clientUserId: string, untilMs?: number) {
    const description = await describeRun(client, { workflowId: applicantWorkflowId(clientUserId) }, untilMs);
    const info = description?.workflowExecutionInfo ?? {};
    const run = toApplicantRun(info);
    if (!run) return null;
    const reason = info.status === WORKFLOW_EXECUTION_STATUS_COMPLETED ? await readReason(clientUserId, untilMs) : null;
    const summary: ApplicantSummary = { ...run, reason };
    return { summary, memo: info.memo?.fields?.[DETAILS_DIGEST_MEMO] };
  }

  async function decodeMemo(workflowId: string, payload: temporal.api.common.v1.IPayload | undefined) {
    if (!payload) return null;
    const { loadedDataConverter } = client.options;
    try {
      return await decodeFromPayloadsAtIndex<string>(
        loadedDataConverter,
        0,
        [payload],
        payloadContext(client, workflowId),
      );
    } catch (error) {
      // Without keys there is no codec, and the converter does not recognise encryption.
      const keyId = error instanceof KeyMissing ? error.keyId : keyIdOf(payload);
      if (keyId !== null) throw new KeyMissing(keyId);
      return null;
    }
  }

  /** The result of a completed run is available at once. Null if it cannot be decoded. */
  async function readReason(clientUserId: string, untilMs: number | undefined): Promise<Reason | null> {
    try {
      const read = () => handleOf(clientUserId).result();
      const result: Partial<CollectRecordsResult> | null = await callWithDeadline(client, read, untilMs);
      return parseEnum(REASONS, result?.reason);
    } catch (error) {
      if (isTransient(error)) throw error;
      return null;
    }
  }

  function handleOf(clientUserId: string) {
    return client.workflow.getHandle(applicantWorkflowId(clientUserId));
  }
}
