import { encodeToPayloadsWithContext } from '@temporalio/common/lib/internal-non-workflow';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import type { ReportNotice, StatusNotice } from '../domain/notices';
import type { CheckSchedule } from '../domain/refresh';
import type { DeliveryRequest, EndpointRequest, StuckCall } from '../workflows/contract';
import { callWithDeadline, GRPC, hasStatus, isWorkflowNotFound, payloadContext, type TemporalDeps } from './rpc';

/**
 * Temporal does not have the notice. `unavailable`: no answer, or an answer that is not about the notice; send it again. `refused`: Temporal rejects
 * this notice for now, because the run holds its maximum of signals (10,000 by default). The gRPC status is the cause's `code`.
 */
export class NoticeUndelivered extends Error {
  readonly kind: 'unavailable' | 'refused';

  constructor(kind: 'unavailable' | 'refused', operation: string, cause: unknown) {
    super(`Temporal did not take the notice (${operation}: ${kind})`, { cause });
    this.name = 'NoticeUndelivered';
    this.kind = kind;
  }
}

type SignalPayload =
  | (StatusNotice | ReportNotice | CheckSchedule | StuckCall | Pick<StuckCall, 'activityId' | 'call'>)
  | (DeliveryRequest | EndpointRequest)
  | Readonly<Record<string, never>>;

/** A signal to one workflow. The server drops a second one with the same `requestId` within a run. `untilMs`: ms since 1970. */
interface Signal {
  readonly workflowId: string;
  /** Default: the newest run. */
  readonly runId?: string;
  readonly signalName: string;
  readonly payload: SignalPayload;
  readonly requestId: string;
  readonly untilMs: number;
}

/** Signals with a request id, for which the SDK's client has no option. @throws {NoticeUndelivered} */
export interface Signals {
  /** Signals the open run; false if none is open. */
  send(signal: Signal): Promise<boolean>;
  /** Signals the open run, or starts one of this type: one call. */
  sendWithStart(signal: Signal, workflowType: string, options?: StartOptions): Promise<void>;
}

interface StartOptions {
  /** Of the run's tasks, from 1 (first) to 5 (last). */
  readonly priorityKey?: number;
  /** Delays a run that this call starts; a signal to a run whose delay has not passed starts that run at once. */
  readonly startDelayMs?: number;
}

/** The server's own default. */
const DEFAULT_PRIORITY = 3;

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy } = temporal.api.enums.v1;

export function createSignals({ client, taskQueue }: TemporalDeps): Signals {
  const { namespace, identity } = client.options;

  return {
    async send({ workflowId, runId, signalName, payload, requestId, untilMs }) {
      try {
        const input = { payloads: await encode(workflowId, payload) };
        const workflowExecution = { workflowId, ...(runId && { runId }) };
        const request = { namespace, identity, workflowExecution, signalName, input, requestId };
        await callWithDeadline(client, () => client.workflowService.signalWorkflowExecution(request), untilMs);
        return true;
      } catch (error) {
        if (isWorkflowNotFound(error)) return false;
        throw undelivered('signal', error);
      }
    },

    async sendWithStart(
      { workflowId, signalName, payload, requestId, untilMs },
      workflowType,
      { priorityKey = DEFAULT_PRIORITY, startDelayMs = 0 } = {},
    ) {
      try {
        const signalInput = { payloads: await encode(workflowId, payload) };
        const request = {
          namespace,
          identity,
          requestId,
          workflowId,
          signalName,
          signalInput,
          priority: { priorityKey },
          workflowType: { name: workflowType },
          taskQueue: { name: taskQueue },
          workflowIdReusePolicy: WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
          ...(startDelayMs > 0 && { workflowStartDelay: msToTs(startDelayMs) }),
        };
        await callWithDeadline(client, () => client.workflowService.signalWithStartWorkflowExecution(request), untilMs);
      } catch (error) {
        throw undelivered('signal with start', error);
      }
    },
  };

  /** The raw service does not convert payloads, so this applies the data converter (and its codec), bound to the workflow as the SDK does. */
  async function encode(workflowId: string, payload: SignalPayload) {
    const { loadedDataConverter } = client.options;
    return (
      (await encodeToPayloadsWithContext(loadedDataConverter, payloadContext(client, workflowId), [payload])) ?? []
    );
  }
}

function undelivered(operation: string, error: unknown): NoticeUndelivered {
  return new NoticeUndelivered(hasStatus(error, GRPC.INVALID_ARGUMENT) ? 'refused' : 'unavailable', operation, error);
}
