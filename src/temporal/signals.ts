import { type Client, isGrpcServiceError } from '@temporalio/client';
import { encodeToPayloadsWithContext } from '@temporalio/common/lib/internal-non-workflow';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { CheckSchedule } from '../domain/refresh';
import { isWorkflowNotFound } from './raw-answers';

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

/** One notice, or what else is signalled, on its way to one workflow. `requestId` makes a repeat harmless: the server drops the second within a run. */
interface Signal {
  readonly workflowId: string;
  readonly signalName: string;
  readonly notice: StatusNotice | ReportNotice | CheckSchedule;
  readonly requestId: string;
  readonly untilMs: number;
}

/** Signals under a request id, for which the SDK's client has no option. @throws {NoticeUndelivered} */
export interface Signals {
  /** To an open run; `closed-or-unknown` where there is none. */
  send(signal: Signal): Promise<'taken' | 'closed-or-unknown'>;
  /**
   * To an open run, starting one of this type where there is none: one call. Its tasks take `priorityKey`: 1 goes before 5. A run that this starts
   * begins after `startDelayMs`; one whose own delay has not ended yet begins at once.
   */
  sendWithStart(signal: Signal, workflowType: string, options?: StartOptions): Promise<void>;
}

interface StartOptions {
  readonly priorityKey?: number;
  readonly startDelayMs?: number;
}

/** gRPC's number (grpc.io, "Status codes"). */
const GRPC_INVALID_ARGUMENT = 3;

/** The server's own, where nothing is said. */
const DEFAULT_PRIORITY = 3;

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy } = temporal.api.enums.v1;

export function createSignals(deps: { readonly client: Client; readonly taskQueue: string }): Signals {
  const { client, taskQueue } = deps;
  const { namespace, identity } = client.options;

  return {
    async send({ workflowId, signalName, notice, requestId, untilMs }) {
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
    },

    async sendWithStart(
      { workflowId, signalName, notice, requestId, untilMs },
      workflowType,
      { priorityKey = DEFAULT_PRIORITY, startDelayMs = 0 } = {},
    ) {
      try {
        const signalInput = { payloads: await encode(workflowId, notice) };
        await client.withDeadline(untilMs, () =>
          client.workflowService.signalWithStartWorkflowExecution({
            namespace,
            identity,
            requestId,
            workflowId,
            workflowType: { name: workflowType },
            taskQueue: { name: taskQueue },
            workflowIdReusePolicy: WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
            signalName,
            signalInput,
            priority: { priorityKey },
            ...(startDelayMs > 0 && { workflowStartDelay: msToTs(startDelayMs) }),
          }),
        );
      } catch (error) {
        throw undelivered('signal with start', error);
      }
    },
  };

  /** The raw service takes payloads as they are, so our data converter (and the codec that encrypts) is applied by hand, bound to the workflow as the SDK does. */
  async function encode(workflowId: string, notice: Signal['notice']) {
    const context = { type: 'workflow' as const, namespace, workflowId };
    return (await encodeToPayloadsWithContext(client.options.loadedDataConverter, context, [notice])) ?? [];
  }
}

/** A report notice as an applicant gets it: the request id would be 45 bytes of history that it does not need. */
export function bare({ humanId, reportId, type, updatedAt }: ReportNotice): ReportNotice {
  return { humanId, reportId, type, updatedAt };
}

function undelivered(operation: string, error: unknown): NoticeUndelivered {
  const refused = isGrpcServiceError(error) && error.code === GRPC_INVALID_ARGUMENT;
  return new NoticeUndelivered(refused ? 'refused' : 'unavailable', operation, error);
}
