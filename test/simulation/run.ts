import { isDeepStrictEqual } from 'node:util';
import type { ActivityTask } from './activity-task';
import type { Command, Job, LoadedWorkflow, RunStart, WorkflowCode } from './workflow-code';

/** One activation: the jobs that the workflow received and the commands that it returned. */
export interface Step {
  readonly jobs: readonly Job[];
  readonly atMs: number;
  readonly suggested: boolean;
  readonly commands: readonly Command[];
}

/** A replay returned other commands than the first time; a real server would fail the task. */
class NotDeterministic extends Error {
  override readonly name = 'NotDeterministic';
}

/** One run: its history on the server as steps, and the workflow in the worker's memory. */
export class SimulatedRun {
  readonly timers = new Set<number>();
  readonly activities = new Map<number, ActivityTask>();
  readonly workflowId: string;
  readonly workflowType: string;
  private readonly steps: Step[] = [];
  private tasks = 0;
  private loaded: LoadedWorkflow | null = null;

  constructor(
    private readonly code: WorkflowCode,
    private readonly run: RunStart,
  ) {
    this.workflowId = run.workflowId;
    this.workflowType = run.workflowType;
  }

  get stepsTaken(): number {
    return this.steps.length;
  }

  /** Adds the steps of a completed task and returns the number of tasks. */
  recordTask(steps: readonly Step[]): number {
    this.steps.push(...steps);
    this.tasks += 1;
    return this.tasks;
  }

  /** The workflow in memory; replayed from its steps if it was evicted. @throws NotDeterministic */
  async workflow(): Promise<LoadedWorkflow> {
    if (this.loaded) return this.loaded;
    const workflow = await this.code.load(this.run);
    for (const { jobs, atMs, suggested, commands } of this.steps) {
      const again = await workflow.activate(jobs, { atMs, replaying: true, continueAsNewSuggested: suggested });
      if (!isDeepStrictEqual(toPlainJson(again), toPlainJson(commands)))
        throw new NotDeterministic(
          `${JSON.stringify(toPlainJson(commands))} became ${JSON.stringify(toPlainJson(again))}`,
        );
    }
    this.loaded = workflow;
    return workflow;
  }

  async forget(): Promise<void> {
    await this.loaded?.dispose();
    this.loaded = null;
  }
}

/** Commands as plain JSON, with decoded payloads. */
function toPlainJson(commands: readonly Command[]): unknown {
  return JSON.parse(
    JSON.stringify(commands, (_key, value) => (isPayload(value) ? Buffer.from(value.data).toString() : value)),
  );
}

function isPayload(value: unknown): value is { data: Uint8Array } {
  return typeof value === 'object' && value !== null && 'metadata' in value && 'data' in value;
}
