import { type Client, isGrpcServiceError } from '@temporalio/client';
import { encodeToPayloadsWithContext } from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import { isClientUserId, isHumanId } from '../domain/identifiers';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  DELIVER_NOTICES,
  type DeliverNoticesResult,
  mailboxWorkflowId,
  type ReportNotice,
  reportNoticeSignal,
  type StatusNotice,
  statusNoticeSignal,
} from '../workflows/contract';
import { isWorkflowNotFound, keywordIn } from './raw-answers';

/** What became of a notice that Temporal answered for: it has the signal, or there is no open run to take it. */
type Delivered = 'taken' | 'closed-or-unknown';

/**
 * Temporal does not have the notice. `unavailable`: no answer, or one that says nothing about the notice; send again. `refused`: it will not
 * take this one as things are (the run holds its maximum of signals, 10,000 by default). The gRPC status is the cause's `code`.
 */
export class NoticeUndelivered extends Error {
  readonly kind: 'unavailable' | 'refused';

  constructor(kind: 'unavailable' | 'refused', operation: string, cause: unknown) {
    super(`Temporal did not take the notice (${operation}: ${kind})`, { cause });
    this.name = 'NoticeUndelivered';
    this.kind = kind;
  }
}

/**
 * The way of a notice into Temporal. `requestId` makes a repeat harmless: the server drops the second within a run, whatever its payload.
 * Deadlines are `untilMs`, ms since 1970; a call may settle later than that, because the client's own retry waits up to 5 s between tries.
 */
export interface NoticeSender {
  /** @throws {NoticeUndelivered} */
  deliverStatusNotice(
    clientUserId: string,
    notice: StatusNotice,
    requestId: string,
    untilMs?: number,
  ): Promise<Delivered>;
  /** @throws {NoticeUndelivered} */
  deliverReportNotice(
    clientUserId: string,
    notice: ReportNotice,
    requestId: string,
    untilMs?: number,
  ): Promise<Delivered>;
  /** Signals the mailbox of the notice's person, starting it where none is open: one call. @throws {NoticeUndelivered} */
  postToMailbox(notice: ReportNotice, requestId: string, untilMs?: number): Promise<void>;
  /** The humanId that the applicant itself says it has; null where it has none or is not known. Throws what the client throws. */
  humanIdOf(clientUserId: string, untilMs?: number): Promise<string | null>;
  /** Whose notices the newest mailbox of a person was found to hold, waiting for its end; null for nobody's. Throws what the client throws. */
  mailboxOwner(humanId: string, untilMs?: number): Promise<string | null>;
  /** The clientUserId of the open applicant with this humanId, else of the newest closed one; null where visibility knows none. Throws what the client throws. */
  findByHumanId(humanId: string, untilMs?: number): Promise<string | null>;
}

/** For callers that have no deadline of their own, such as activities, which Temporal retries. */
const CALL_TIMEOUT_MS = 10_000;
/** gRPC's number (grpc.io, "Status codes"). */
const GRPC_INVALID_ARGUMENT = 3;
/** One person has one applicant, or a few rounds of the same one. */
const FOUND_AT_MOST = 10;

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy, WorkflowExecutionStatus } = temporal.api.enums.v1;

/** The sender over a client, which may be lazily connected: nothing is called before the first notice. */
export function createNoticeSender(deps: { readonly client: Client; readonly taskQueue: string }): NoticeSender {
  const { client, taskQueue } = deps;
  const { namespace, identity } = client.options;

  return {
    deliverStatusNotice: (clientUserId, notice, requestId, untilMs = soon()) =>
      signal(applicantWorkflowId(clientUserId), statusNoticeSignal.name, notice, requestId, untilMs),
    deliverReportNotice: (clientUserId, notice, requestId, untilMs = soon()) =>
      signal(applicantWorkflowId(clientUserId), reportNoticeSignal.name, notice, requestId, untilMs),

    async postToMailbox(notice, requestId, untilMs = soon()) {
      const workflowId = mailboxWorkflowId(notice.humanId);
      try {
        const signalInput = { payloads: await encode(workflowId, notice) };
        await client.withDeadline(untilMs, () =>
          client.workflowService.signalWithStartWorkflowExecution({
            namespace,
            identity,
            requestId,
            workflowId,
            workflowType: { name: DELIVER_NOTICES },
            taskQueue: { name: taskQueue },
            workflowIdReusePolicy: WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
            signalName: reportNoticeSignal.name,
            signalInput,
          }),
        );
      } catch (error) {
        throw undelivered('signal with start', error);
      }
    },

    async humanIdOf(clientUserId, untilMs = soon()) {
      try {
        const workflowId = applicantWorkflowId(clientUserId);
        // Raw, because the client's describe() throws on a memo that it cannot decode, and no memo is wanted here.
        const described = await client.withDeadline(untilMs, () =>
          client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
        );
        const value = keywordIn(described.workflowExecutionInfo?.searchAttributes?.indexedFields?.['HumanId']);
        return isHumanId(value) ? value : null;
      } catch (error) {
        if (isWorkflowNotFound(error)) return null;
        throw error;
      }
    },

    async mailboxOwner(humanId, untilMs = soon()) {
      const mailbox = client.workflow.getHandle(mailboxWorkflowId(humanId));
      const result: DeliverNoticesResult = await client.withDeadline(untilMs, () => mailbox.result());
      return isClientUserId(result.clientUserId) ? result.clientUserId : null;
    },

    async findByHumanId(humanId, untilMs = soon()) {
      if (!isHumanId(humanId)) return null; // it becomes part of a query
      const found = await client.withDeadline(untilMs, () =>
        client.workflowService.listWorkflowExecutions({
          namespace,
          pageSize: FOUND_AT_MOST,
          query: `WorkflowType = "${COLLECT_RECORDS}" AND HumanId = "${humanId}"`,
        }),
      );
      const runs = (found.executions ?? []).map((run) => ({
        clientUserId: clientUserIdOf(run.execution?.workflowId),
        open: run.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
        startedAtMs: Number(run.startTime?.seconds ?? 0) * 1000 + (run.startTime?.nanos ?? 0) / 1e6,
      }));
      runs.sort((a, b) => Number(b.open) - Number(a.open) || b.startedAtMs - a.startedAtMs);
      return runs.find((run) => run.clientUserId !== null)?.clientUserId ?? null;
    },
  };

  async function signal(
    workflowId: string,
    signalName: string,
    notice: StatusNotice | ReportNotice,
    requestId: string,
    untilMs: number,
  ): Promise<Delivered> {
    try {
      const input = { payloads: await encode(workflowId, notice) };
      const execution = { workflowId };
      await client.withDeadline(untilMs, () =>
        client.workflowService.signalWorkflowExecution({
          namespace,
          identity,
          workflowExecution: execution,
          signalName,
          input,
          requestId,
        }),
      );
      return 'taken';
    } catch (error) {
      if (isWorkflowNotFound(error)) return 'closed-or-unknown';
      throw undelivered('signal', error);
    }
  }

  /** The raw service takes payloads as they are, so our data converter (and the codec that encrypts) is applied by hand, bound to the workflow as the SDK does. */
  async function encode(workflowId: string, notice: StatusNotice | ReportNotice) {
    const context = { type: 'workflow' as const, namespace, workflowId };
    return (await encodeToPayloadsWithContext(client.options.loadedDataConverter, context, [notice])) ?? [];
  }
}

function soon(): number {
  return Date.now() + CALL_TIMEOUT_MS;
}

function clientUserIdOf(workflowId: string | null | undefined): string | null {
  const prefix = applicantWorkflowId('');
  if (typeof workflowId !== 'string' || !workflowId.startsWith(prefix)) return null;
  const clientUserId = workflowId.slice(prefix.length);
  return isClientUserId(clientUserId) ? clientUserId : null;
}

function undelivered(operation: string, error: unknown): NoticeUndelivered {
  const refused = isGrpcServiceError(error) && error.code === GRPC_INVALID_ARGUMENT;
  return new NoticeUndelivered(refused ? 'refused' : 'unavailable', operation, error);
}
