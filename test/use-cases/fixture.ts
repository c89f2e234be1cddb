import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import type { ManifestChange } from '../../src/report-store/port';
import { detailsDigest } from '../../src/temporal/details';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import type { StartCommand, UseCaseDeps } from '../../src/use-cases/use-cases';
import type { SEARCH_ATTRIBUTES } from '../../src/workflows/contract';
import { change } from '../report-store/fixtures';
import { until } from '../support/condition';
import { DIGEST_KEYS } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import type { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';
import { useCaseDeps } from './deps';

const {
  COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: COMPLETE,
  COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: SCHEDULE,
  COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: UPSERT,
} = temporal.api.enums.v1.CommandType;
const { APPLICATION_ERROR_CATEGORY_BENIGN: BENIGN, APPLICATION_ERROR_CATEGORY_UNSPECIFIED: UNSPECIFIED } =
  temporal.api.enums.v1.ApplicationErrorCategory;

export const ACTOR = { who: 'intake-1', onBehalfOf: 'user-7' };
/** The manifest of a round that has ended. */
export const COLLECTED = {
  outcome: 'collected',
  closedAt: '2026-03-02T10:00:00.000Z',
  round: 1,
  revision: 1,
} as const;
let count = 0;

/** The use cases of a new applicant in a task queue of its own, without a worker; `worker` plays one. */
export function setup(server: ReturnType<ReturnType<typeof useTemporalServer>>, more: Partial<UseCaseDeps> = {}) {
  const { client, address } = server;
  count += 1;
  const clientUserId = `POL-${count}`;
  const taskQueue = `queue-${count}`;
  const { deps, store, acts } = useCaseDeps(client, { taskQueue, ...more });
  const details = { clientUserId, clientUserEmail: 'max@example.org', firstName: 'Max' };
  const command = (change: Partial<StartCommand> = {}): StartCommand => ({
    details,
    autoInvite: true,
    again: false,
    ifMatch: null,
    ...change,
  });
  const writeManifest = (changed: Partial<ManifestChange> = {}) =>
    store.updateManifest(
      change({ clientUserId, detailsDigest: createKeyedDigest(DIGEST_KEYS, detailsDigest(details)), ...changed }),
    );
  const useCases = createUseCases(deps);
  return {
    client,
    clientUserId,
    taskQueue,
    store,
    acts,
    deps,
    details,
    command,
    useCases,
    writeManifest,
    handle: client.workflow.getHandle(`applicant-${clientUserId}`),
    /** Returns what stops the workers. */
    startWorker: (upstream = new FakeUpstream()) =>
      startWorkers({ address, client, taskQueue, upstream, reportStore: store }),
    start: (change: Partial<StartCommand> = {}) => useCases.start(command(change), ACTOR),
    upsert: (attributes: Attributes) => respond(deps, [upsertOf(attributes)]),
    /** Closes the run, and writes the manifest as the workflow does. */
    close: async (changed: Partial<ManifestChange> = {}) => {
      const manifest = await writeManifest({ ...COLLECTED, ...changed });
      const { outcome, reason, round } = manifest;
      const result = { payloads: [defaultPayloadConverter.toPayload({ outcome, reason, documents: 0 })] };
      await respond(deps, [
        upsertOf({
          ApplicantStage: 'closed',
          ApplicantStageSince: new Date(manifest.closedAt ?? COLLECTED.closedAt),
          ApplicantOutcome: outcome,
          ApplicantRound: round,
          ApplicantNeeds: reason === 'conflict' ? ['conflict'] : [],
        }),
        { commandType: COMPLETE, completeWorkflowExecutionCommandAttributes: { result } },
      ]);
      return manifest;
    },
  };
}

/** Starts the applicant with a worker, and runs `work` when the person is invited. */
export async function withInvited(
  { start, startWorker, useCases, clientUserId }: Setup,
  work: (upstream: FakeUpstream) => Promise<void>,
): Promise<void> {
  const upstream = new FakeUpstream();
  const stop = await startWorker(upstream);
  try {
    await start();
    await until('the invitation', async () => (await useCases.show(clientUserId)).applicant.stage === 'invited');
    await work(upstream);
  } finally {
    await stop();
  }
}

type Attributes = Partial<Record<keyof typeof SEARCH_ATTRIBUTES, unknown>>;
type Command = temporal.api.command.v1.ICommand;

/** Plays the worker of one workflow task. */
async function respond({ client, taskQueue }: UseCaseDeps, commands: readonly Command[]): Promise<void> {
  const { namespace } = client.options;
  const service = client.workflowService;
  const { taskToken } = await client.withDeadline(Date.now() + 10_000, () =>
    service.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  await service.respondWorkflowTaskCompleted({ taskToken, commands: [...commands] });
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

export type Setup = ReturnType<typeof setup>;
