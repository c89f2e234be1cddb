import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { TypedSearchAttributes } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';
import type { coresdk } from '@temporalio/proto';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm';
import type { WorkflowInfo } from '@temporalio/workflow';
import { WORKFLOW_BUNDLE } from '../support/global-setup';

export type Job = coresdk.workflow_activation.IWorkflowActivationJob;
export type Command = coresdk.workflow_commands.IWorkflowCommand;

/** The start of a run. */
export interface RunStart {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly runId: string;
  readonly taskQueue: string;
  readonly startedAtMs: number;
}

/** What an activation carries in addition to its jobs. */
export interface ActivationContext {
  readonly atMs: number;
  readonly replaying: boolean;
  readonly continueAsNewSuggested: boolean;
}

/** No limit: a limit costs a thread for each call into the sandbox, several per activation. */
const NO_LIMIT = undefined as unknown as number;
const LATEST_FLAGS = [1, 2];

/**
 * The bundle of the tests in the sandbox of a worker, without a worker. The SDK's core exchanges the same activations and completions with it.
 */
export class WorkflowCode {
  private readonly creator: ReusableVMWorkflowCreator;

  constructor(activityNames: readonly string[], path = WORKFLOW_BUNDLE) {
    const bundle = parseWorkflowCode(readFileSync(path, 'utf8'), path);
    const script = new Script(bundle.code, { filename: bundle.filename });
    // The creator's own factory makes every promise take a stack trace.
    this.creator = new ReusableVMWorkflowCreator(script, bundle, NO_LIMIT, new Set(activityNames));
  }

  /** Loads a workflow into memory. */
  async load(run: RunStart): Promise<LoadedWorkflow> {
    const { workflowId, workflowType, runId, taskQueue, startedAtMs } = run;
    const info: WorkflowInfo = {
      workflowId,
      workflowType,
      runId,
      taskQueue,
      namespace: 'default',
      attempt: 1,
      taskTimeoutMs: 10_000,
      firstExecutionRunId: runId,
      originalExecutionRunId: runId,
      startTime: new Date(startedAtMs),
      runStartTime: new Date(startedAtMs),
      searchAttributes: {},
      typedSearchAttributes: new TypedSearchAttributes(),
      ...{
        historyLength: 3,
        historySize: 0,
        continueAsNewSuggested: false,
        targetWorkerDeploymentVersionChanged: false,
      },
      unsafe: {
        isReplaying: false,
        isReplayingHistoryEvents: false,
        now: () => startedAtMs,
        random: () => 0.5,
      } as never,
    };
    const workflow = await this.creator.createWorkflow({
      info,
      randomnessSeed: [...Buffer.from(runId)],
      now: startedAtMs,
      showStackTraceSources: false,
    });
    return new LoadedWorkflow(runId, workflow);
  }
}

type Sandboxed = Awaited<ReturnType<ReusableVMWorkflowCreator['createWorkflow']>>;

/** The workflow code threw; a real server repeats the task without limit. */
export class WorkflowTaskFailed extends Error {
  override readonly name = 'WorkflowTaskFailed';
}

/** One workflow in a worker's memory. */
export class LoadedWorkflow {
  constructor(
    private readonly runId: string,
    private readonly workflow: Sandboxed,
  ) {}

  /** @throws WorkflowTaskFailed */
  async activate(
    jobs: readonly Job[],
    { atMs, replaying, continueAsNewSuggested }: ActivationContext,
  ): Promise<Command[]> {
    const completion = await this.workflow.activate({
      runId: this.runId,
      timestamp: msToTs(atMs),
      isReplaying: replaying,
      historyLength: 3,
      continueAsNewSuggested,
      availableInternalFlags: LATEST_FLAGS,
      jobs: [...jobs],
    });
    await this.workflow.getAndResetSinkCalls();
    if (completion.failed) throw new WorkflowTaskFailed(JSON.stringify(completion.failed.failure));
    return completion.successful?.commands ?? [];
  }

  /** The number of handlers that are running. */
  get runningHandlers(): number {
    const { activator } = this.workflow as unknown as {
      activator: Record<'inProgressSignals' | 'inProgressUpdates', Map<unknown, unknown>>;
    };
    return activator.inProgressSignals.size + activator.inProgressUpdates.size;
  }

  async dispose(): Promise<void> {
    await this.workflow.dispose();
  }
}
