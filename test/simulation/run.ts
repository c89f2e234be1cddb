import { isDeepStrictEqual } from 'node:util';
import type { ActivityTask } from './activity-task';
import type { Command, Job, LoadedWorkflow, Run, WorkflowCode } from './workflow-code';

/** One activation: what the workflow was told, and what it asked for. */
export interface Step {
  readonly jobs: readonly Job[];
  readonly atMs: number;
  readonly suggested: boolean;
  readonly commands: readonly Command[];
}

/** The workflow did not do again what it had done: it would be stuck on a real server. */
class NotDeterministic extends Error {
  override readonly name = 'NotDeterministic';
}

/** One run: what the server knows of it (its steps are what a history tells), and what the worker has in memory. */
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
    private readonly about: Run,
  ) {
    this.workflowId = about.workflowId;
    this.workflowType = about.workflowType;
  }

  get stepsTaken(): number {
    return this.steps.length;
  }

  /** A task reached the server; gives how many have. */
  keep(steps: readonly Step[]): number {
    this.steps.push(...steps);
    this.tasks += 1;
    return this.tasks;
  }

  /** The workflow as it stands in memory, or is put there again by doing once more all that it did. @throws NotDeterministic */
  async workflow(): Promise<LoadedWorkflow> {
    if (this.loaded) return this.loaded;
    const workflow = await this.code.load(this.about);
    for (const { jobs, atMs, suggested, commands } of this.steps) {
      const again = await workflow.activate(jobs, { atMs, replaying: true, continueAsNewSuggested: suggested });
      if (!isDeepStrictEqual(plain(again), plain(commands)))
        throw new NotDeterministic(`${JSON.stringify(plain(commands))} became ${JSON.stringify(plain(again))}`);
    }
    this.loaded = workflow;
    return workflow;
  }

  async forget(): Promise<void> {
    await this.loaded?.forget();
    this.loaded = null;
  }
}

/** Commands as plain JSON, with what their payloads say. */
function plain(commands: readonly Command[]): unknown {
  return JSON.parse(
    JSON.stringify(commands, (_key, value) => (isPayload(value) ? Buffer.from(value.data).toString() : value)),
  );
}

function isPayload(value: unknown): value is { data: Uint8Array } {
  return typeof value === 'object' && value !== null && 'metadata' in value && 'data' in value;
}
