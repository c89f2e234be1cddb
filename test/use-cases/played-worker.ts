import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import type { UseCaseDeps } from '../../src/use-cases/use-cases';
import type { SEARCH_ATTRIBUTES } from '../../src/workflows/contract';

const {
  COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: COMPLETE,
  COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: SCHEDULE,
  COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: UPSERT,
} = temporal.api.enums.v1.CommandType;
const { APPLICATION_ERROR_CATEGORY_BENIGN: BENIGN, APPLICATION_ERROR_CATEGORY_UNSPECIFIED: UNSPECIFIED } =
  temporal.api.enums.v1.ApplicationErrorCategory;

/** Search attributes by name. */
export type Attributes = Partial<Record<keyof typeof SEARCH_ATTRIBUTES, unknown>>;
type Command = temporal.api.command.v1.ICommand;

/** Completes a workflow task with these search attributes. */
export function upsertAttributes(deps: UseCaseDeps, attributes: Attributes): Promise<void> {
  return respond(deps, [upsertOf(attributes)]);
}

/** Completes a workflow task with these search attributes and the result of the run. */
export function completeRun(deps: UseCaseDeps, attributes: Attributes, value: unknown): Promise<void> {
  const result = { payloads: [defaultPayloadConverter.toPayload(value)] };
  const completion = { commandType: COMPLETE, completeWorkflowExecutionCommandAttributes: { result } };
  return respond(deps, [upsertOf(attributes), completion]);
}

/** Fails a workflow task, as a worker without the key of its payloads does. */
export async function failWorkflowTask(deps: UseCaseDeps): Promise<void> {
  const { namespace } = deps.client.options;
  const taskToken = await pollWorkflowTask(deps);
  await deps.client.workflowService.respondWorkflowTaskFailed({ namespace, taskToken });
}

/** Plays the worker of one workflow task. */
async function respond(deps: UseCaseDeps, commands: readonly Command[]): Promise<void> {
  const taskToken = await pollWorkflowTask(deps);
  await deps.client.workflowService.respondWorkflowTaskCompleted({ taskToken, commands: [...commands] });
}

async function pollWorkflowTask({ client, taskQueue }: UseCaseDeps): Promise<Uint8Array> {
  const { namespace } = client.options;
  const { taskToken } = await client.withDeadline(Date.now() + 10_000, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  return taskToken;
}

/** Schedules an activity, and fails its first attempt; the next one waits for a minute. */
export async function failingActivity(
  deps: UseCaseDeps,
  {
    activityType,
    failure,
    isBenign,
    progress,
  }: {
    readonly activityType: string;
    readonly failure: string;
    readonly isBenign: boolean;
    /** In the heartbeat details. */
    readonly progress?: unknown;
  },
): Promise<void> {
  const { client, taskQueue } = deps;
  const { namespace } = client.options;
  const service = client.workflowService;
  const scheduleActivityTaskCommandAttributes = {
    activityId: '1',
    activityType: { name: activityType },
    taskQueue: { name: taskQueue },
    startToCloseTimeout: msToTs('1 minute'),
  };
  await respond(deps, [{ commandType: SCHEDULE, scheduleActivityTaskCommandAttributes }]);
  const { taskToken } = await pollActivity(deps);
  await service.respondActivityTaskFailed({
    namespace,
    taskToken,
    failure: {
      message: 'a secret',
      applicationFailureInfo: {
        type: failure,
        nextRetryDelay: msToTs('1 minute'),
        category: isBenign ? BENIGN : UNSPECIFIED,
      },
    },
    ...(progress !== undefined && {
      lastHeartbeatDetails: { payloads: [defaultPayloadConverter.toPayload(progress)] },
    }),
  });
}

/** The activity task that waits. */
export async function nextActivityTask(deps: UseCaseDeps) {
  const { attempt, heartbeatDetails } = await pollActivity(deps);
  const [payload] = heartbeatDetails?.payloads ?? [];
  return { attempt, progress: payload ? defaultPayloadConverter.fromPayload(payload) : null };
}

function pollActivity({ client, taskQueue }: UseCaseDeps) {
  const { namespace } = client.options;
  return client.withDeadline(Date.now() + 10_000, () =>
    client.workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
}

function upsertOf(attributes: Attributes): Command {
  const indexedFields = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, defaultPayloadConverter.toPayload(value)]),
  );
  return {
    commandType: UPSERT,
    upsertWorkflowSearchAttributesCommandAttributes: { searchAttributes: { indexedFields } },
  };
}
