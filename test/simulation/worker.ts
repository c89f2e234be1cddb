import { defaultPayloadConverter } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import type { ActivityTask } from './activity-task';
import { type Activities, runAttempt, toResolution } from './attempts';
import type { Clock } from './clock';
import type { Step } from './run';
import type { Command, Job, LoadedWorkflow } from './workflow-code';

/** A workflow task in progress: its jobs and its activations so far. */
export class WorkflowTask {
  readonly steps: Step[] = [];
  /** Activities that were scheduled and cancelled within the task; they never reach the server. */
  readonly unsent = new Set<number>();

  constructor(readonly jobs: readonly Job[]) {}
}

/** The part of a worker between receiving a workflow task and answering it. */
export class SimulatedWorker {
  constructor(
    private readonly clock: Clock,
    private readonly activities: Activities,
  ) {}

  /** Activates the workflow until nothing is left to do at once. `known`: the activities on the server. */
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
      jobs = await this.completeWithinTask(commands, task, known);
    }
  }

  findActivity(name: string): Activities[string] {
    const run = this.activities[name];
    if (!run) throw new Error(`expected an activity ${name}`);
    return run;
  }

  /** Resolves what the worker resolves within the task: local activities, and cancels that do not wait for the activity. */
  private async completeWithinTask(
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
        jobs.push({ resolveActivity: { seq, result: toResolution({ kind: 'cancelled' }, 'cancelled') } });
      }
    }
    return jobs;
  }

  private async runLocally(command: coresdk.workflow_commands.IScheduleLocalActivity): Promise<Job> {
    const { seq, activityType } = command;
    const name = activityType ?? '';
    const args = (command.arguments ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
    const attemptInfo = { attempt: 1, heartbeatDetails: undefined, scheduledAtMs: this.clock.nowMs, cancelled: false };
    const outcome = await runAttempt(this.findActivity(name), args, attemptInfo);
    return { resolveActivity: { seq: seq ?? null, isLocal: true, result: toResolution(outcome, name) } };
  }
}
