import { defaultPayloadConverter } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { ActivityTask } from './activity-task';
import { type Activities, resolutionOf, runAttempt } from './attempts';
import type { Clock } from './clock';
import type { Step } from './run';
import type { Command, Job, LoadedWorkflow } from './workflow-code';

/** A workflow task at work: what it was given, and what came of it so far. */
export class WorkflowTask {
  readonly steps: Step[] = [];
  /** Activities that were scheduled and cancelled within the task: the server never hears of them. */
  readonly unsent = new Set<number>();

  constructor(readonly jobs: readonly Job[]) {}
}

/** A worker for the workflows: what it does between getting a task and answering it. */
export class SimulatedWorker {
  constructor(
    private readonly clock: Clock,
    private readonly activities: Activities,
  ) {}

  /** Lets the workflow do all that follows at once. `known`: the activities that the server knows of. */
  async perform(
    task: WorkflowTask,
    workflow: LoadedWorkflow,
    known: ReadonlyMap<number, ActivityTask>,
    suggested: boolean,
  ): Promise<void> {
    const atMs = this.clock.nowMs;
    for (let jobs = task.jobs; jobs.length > 0; ) {
      const commands = await workflow.activate(jobs, { atMs, replaying: false, continueAsNewSuggested: suggested });
      task.steps.push({ jobs, atMs, suggested, commands });
      jobs = await this.answeredAtOnce(commands, task, known);
    }
  }

  activityOf(name: string): Activities[string] {
    const run = this.activities[name];
    if (!run) throw new Error(`no activity is called ${name}`);
    return run;
  }

  /** What the worker answers within the task: local activities, and a cancellation that waits for nobody. */
  private async answeredAtOnce(
    commands: readonly Command[],
    { unsent }: WorkflowTask,
    known: ReadonlyMap<number, ActivityTask>,
  ): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const { scheduleLocalActivity, requestCancelActivity } of commands) {
      if (scheduleLocalActivity) jobs.push(await this.runLocally(scheduleLocalActivity));
      const { seq } = requestCancelActivity ?? {};
      if (typeof seq !== 'number') continue;
      const activity = known.get(seq);
      if (!activity) unsent.add(seq);
      if (!activity?.waitsForCancellation) {
        jobs.push({ resolveActivity: { seq, result: resolutionOf({ kind: 'cancelled' }, 'cancelled') } });
      }
    }
    return jobs;
  }

  private async runLocally(command: coresdk.workflow_commands.IScheduleLocalActivity): Promise<Job> {
    const { seq, activityType } = command;
    const name = activityType ?? '';
    const args = (command.arguments ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
    const about = { attempt: 1, heartbeatDetails: undefined, scheduledAtMs: this.clock.nowMs, cancelled: false };
    const outcome = await runAttempt(this.activityOf(name), args, about);
    return { resolveActivity: { seq: seq ?? null, isLocal: true, result: resolutionOf(outcome, name) } };
  }
}
