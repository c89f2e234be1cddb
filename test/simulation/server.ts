import { defaultPayloadConverter } from '@temporalio/common';
import { searchAttributePayloadConverter } from '@temporalio/common/lib/converter/payload-search-attributes';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { coresdk, type temporal } from '@temporalio/proto';
import { ActivityTask } from './activity-task';
import type { Activities } from './attempts';
import type { Clock } from './clock';
import { eventOf, eventsOf, isClosing } from './events';
import { SimulatedRun } from './run';
import { SimulatedWorker, WorkflowTask } from './worker';
import type { Command, Job, LoadedWorkflow, WorkflowCode } from './workflow-code';

/** How the machines fare that the workflow runs on. */
export interface Weather {
  /** The worker is killed, and another one comes up so much later. */
  readonly deaths: readonly { readonly atMs: number; readonly downMs: number }[];
  /** A workflow is forgotten after so many tasks, and replayed for the next one; null: never. */
  readonly forgetAfterTasks: number | null;
  /** The server suggests to continue as new from so many activations on; null: never. */
  readonly suggestAfter: number | null;
  /** A cancel is requested once the history has so many events. */
  readonly cancelAtEvent?: number;
  /** When a task queue lets in the next activity; at once, where nothing is said. */
  readonly letInAtMs?: (taskQueue: string) => number;
  /** True if tests hold calls of activities. */
  readonly callsMayBeHeld?: boolean;
  /** What takes time, and what goes wrong: 0 to 1, the same numbers each time. */
  readonly luck: () => number;
}

/** How a workflow closed. */
export interface Closed {
  readonly status: 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly result: unknown;
  readonly atMs: number;
  readonly runs: number;
  /** The largest input that a run of it began with. */
  readonly carriedBytes: number;
}

type Payloads = temporal.api.common.v1.IPayload[];

const DISPATCH_MOST_MS = 50;
const TASK_MOST_MS = 200;
/** A task that a dead worker left is given to another one after so long. */
const TASK_TIMEOUT_MS = 10_000;

/**
 * A Temporal server and a worker for one workflow id, on a virtual clock: the real workflow code, the real activities, and between them what
 * the server does by its documentation and as it was measured. What happens while a task is at work is buffered; a task that would close the run over a
 * buffered event is refused and made again; a worker that dies takes with it what was in flight.
 */
export class SimulatedServer {
  closed: Closed | null = null;
  /** The types of all events so far, of every run; what came while a task was at work stands where it came. */
  readonly history: string[] = [];
  /** By name, as the workflow has set them last. */
  readonly searchAttributes: Record<string, unknown> = {};
  private readonly worker: SimulatedWorker;
  private run: SimulatedRun;
  private runs = 0;
  private carriedBytes = 0;
  private buffered: Job[] = [];
  private task: WorkflowTask | null = null;
  private dispatched = false;
  private lives = 0;
  private upAtMs = 0;

  constructor(
    private readonly code: WorkflowCode,
    private readonly clock: Clock,
    activities: Activities,
    private readonly weather: Weather,
    begun: { readonly workflowId: string; readonly workflowType: string; readonly input: unknown },
  ) {
    const { workflowId, workflowType, input } = begun;
    this.worker = new SimulatedWorker(clock, activities);
    this.run = this.begin(workflowId, workflowType, toPayloads([input]));
    for (const { atMs, downMs } of weather.deaths) clock.at(atMs, () => this.die(downMs));
  }

  /** True for as long as a signal would be taken. */
  signal(signalName: string, ...args: unknown[]): boolean {
    if (this.closed) return false;
    this.tell({ signalWorkflow: { signalName, input: toPayloads(args) } });
    return true;
  }

  cancel(): void {
    if (!this.closed) this.tell({ cancelWorkflow: { reason: '' } });
  }

  get runId(): string {
    return `run-${this.runs}`;
  }

  /** The answer of the run as it is now; a closed one is replayed, as a worker does it. @throws where its handler fails */
  async query(queryType: string, ...args: unknown[]): Promise<unknown> {
    const workflow = await this.run.workflow();
    const queryWorkflow = { queryId: 'query', queryType, arguments: toPayloads(args) };
    const job = coresdk.workflow_activation.WorkflowActivationJob.fromObject({ queryWorkflow });
    const { nowMs: atMs } = this.clock;
    const [answer] = await workflow.activate([job], { atMs, replaying: false, continueAsNewSuggested: false });
    const { succeeded, failed } = answer?.respondToQuery ?? {};
    if (failed || !succeeded?.response) throw new Error(failed?.message ?? `no answer to ${queryType}`);
    return defaultPayloadConverter.fromPayload(succeeded.response);
  }

  get isUp(): boolean {
    return this.clock.nowMs >= this.upAtMs;
  }

  private begin(workflowId: string, workflowType: string, args: Payloads): SimulatedRun {
    this.runs += 1;
    this.carriedBytes = Math.max(this.carriedBytes, ...args.map(({ data }) => data?.length ?? 0));
    const about = { workflowId, workflowType, runId: this.runId, taskQueue: 'simulated' };
    const run = new SimulatedRun(this.code, { ...about, startedAtMs: this.clock.nowMs });
    this.buffered = [];
    this.run = run;
    const startTime = msToTs(this.clock.nowMs);
    this.tell({ initializeWorkflow: { workflowType, workflowId, arguments: args, attempt: 1, startTime } });
    return run;
  }

  private tell(job: Job): void {
    this.buffered.push(job);
    this.note(...eventsOf(job));
    this.dispatch();
  }

  private note(...events: readonly string[]): void {
    for (const event of events) {
      this.history.push(event);
      if (this.history.length === this.weather.cancelAtEvent) this.cancel();
    }
  }

  private dispatch(): void {
    if (this.closed || this.task || this.dispatched) return;
    this.dispatched = true;
    this.note('WorkflowTaskScheduled');
    this.clock.at(Math.max(this.upAtMs, this.clock.nowMs + this.upTo(DISPATCH_MOST_MS)), () => {
      this.dispatched = false;
      return this.work();
    });
  }

  /** A workflow task: everything that happened since the last one, and what follows from it at once. */
  private async work(): Promise<void> {
    if (this.closed || this.task || this.buffered.length === 0) return;
    if (!this.isUp) return this.dispatch();
    const jobs = this.buffered.splice(0).sort((a, b) => rank(a) - rank(b));
    const task = new WorkflowTask(jobs);
    this.task = task;
    this.note('WorkflowTaskStarted');
    for (const { resolveActivity } of jobs) if (resolveActivity) this.run.activities.delete(resolveActivity.seq ?? 0);
    const workflow = await this.run.workflow();
    const { suggestAfter } = this.weather;
    const suggested = suggestAfter !== null && this.run.stepsTaken >= suggestAfter;
    await this.worker.perform(task, workflow, this.run.activities, suggested);
    const life = this.lives;
    this.clock.after(this.upTo(TASK_MOST_MS), () => (life === this.lives ? this.complete(task, workflow) : undefined));
  }

  /** The worker's answer reaches the server. */
  private async complete(task: WorkflowTask, workflow: LoadedWorkflow): Promise<void> {
    this.task = null;
    const commands = task.steps.flatMap((step) => step.commands);
    const closes = commands.some((command) => isClosing(command));
    if (closes && this.buffered.length > 0) {
      // UnhandledCommand: what came meanwhile must not be lost, so the task is made again with it.
      this.buffered = [...task.jobs, ...this.buffered];
      this.note('WorkflowTaskFailed');
      await this.run.forget();
      return this.dispatch();
    }
    const tasks = this.run.keep(task.steps);
    this.note('WorkflowTaskCompleted');
    if (closes && workflow.handlersAtWork > 0) throw new Error('a run ended over a handler at work');
    for (const command of commands) await this.obey(command, task);
    const { forgetAfterTasks } = this.weather;
    if (forgetAfterTasks !== null && tasks % forgetAfterTasks === 0) await this.run.forget();
    if (this.buffered.length > 0) this.dispatch();
  }

  private async obey(command: Command, { unsent }: WorkflowTask): Promise<void> {
    const { startTimer, cancelTimer, scheduleActivity, requestCancelActivity } = command;
    const { searchAttributes } = command.upsertWorkflowSearchAttributes ?? {};
    for (const [name, payload] of Object.entries(searchAttributes?.indexedFields ?? {}))
      this.searchAttributes[name] = searchAttributePayloadConverter.fromPayload(payload);
    if (startTimer) this.startTimer(startTimer.seq ?? 0, tsToMs(startTimer.startToFireTimeout as never));
    if (cancelTimer) this.cancelTimer(cancelTimer.seq ?? 0);
    if (scheduleActivity && !unsent.has(scheduleActivity.seq ?? 0)) this.schedule(scheduleActivity);
    if (requestCancelActivity) this.requestCancel(requestCancelActivity.seq ?? 0);
    await this.end(command);
    const event = eventOf(command);
    if (event !== null && !unsent.has((scheduleActivity ?? requestCancelActivity)?.seq ?? -1)) this.note(event);
  }

  private startTimer(seq: number, afterMs: number): void {
    const { run } = this;
    run.timers.add(seq);
    this.clock.after(afterMs, () => {
      if (run === this.run && run.timers.delete(seq)) this.tell({ fireTimer: { seq } });
    });
  }

  private cancelTimer(seq: number): void {
    this.run.timers.delete(seq);
    this.buffered = this.buffered.filter(({ fireTimer }) => fireTimer?.seq !== seq);
  }

  /** An activity that nobody waits for any more is not told of; what it had told already goes unheard. */
  private requestCancel(seq: number): void {
    const activity = this.run.activities.get(seq);
    activity?.requestCancel();
    if (!activity || activity.waitsForCancellation) return;
    this.run.activities.delete(seq);
    this.buffered = this.buffered.filter(({ resolveActivity }) => resolveActivity?.seq !== seq);
  }

  private schedule(command: coresdk.workflow_commands.IScheduleActivity): void {
    const { run } = this;
    const task: ActivityTask = new ActivityTask(command, this.worker.activityOf(command.activityType ?? ''), {
      clock: this.clock,
      luck: this.weather.luck,
      callsMayBeHeld: this.weather.callsMayBeHeld ?? false,
      upAtMs: () => this.upAtMs,
      letInAtMs: (taskQueue) => this.weather.letInAtMs?.(taskQueue) ?? 0,
      resolved: (job) => {
        if (run === this.run && run.activities.has(task.seq)) this.tell(job);
      },
    });
    run.activities.set(task.seq, task);
    task.begin();
  }

  private async end(command: Command): Promise<void> {
    const { completeWorkflowExecution: completed, cancelWorkflowExecution: cancelled } = command;
    const { failWorkflowExecution: failed, continueAsNewWorkflowExecution: continued } = command;
    if (!isClosing(command)) return;
    for (const activity of this.run.activities.values()) activity.abandon();
    await this.run.forget();
    const { workflowId, workflowType } = this.run;
    if (continued) {
      this.begin(workflowId, workflowType, continued.arguments ?? []);
      return;
    }
    this.buffered = [];
    const status = completed ? 'COMPLETED' : cancelled ? 'CANCELLED' : 'FAILED';
    const result = completed?.result
      ? defaultPayloadConverter.fromPayload(completed.result)
      : (failed?.failure ?? null);
    this.closed = { status, result, atMs: this.clock.nowMs, runs: this.runs, carriedBytes: this.carriedBytes };
  }

  private async die(downMs: number): Promise<void> {
    this.lives += 1;
    this.upAtMs = Math.max(this.upAtMs, this.clock.nowMs + Math.max(downMs, this.task ? TASK_TIMEOUT_MS : 0));
    if (this.task) this.buffered = [...this.task.jobs, ...this.buffered];
    if (this.task) this.note('WorkflowTaskTimedOut');
    this.task = null;
    await this.run.forget();
    for (const activity of this.run.activities.values()) activity.loseAttempt();
    if (this.buffered.length > 0) this.dispatch();
  }

  private upTo(mostMs: number): number {
    return Math.round(this.weather.luck() * mostMs);
  }
}

function toPayloads(values: readonly unknown[]): Payloads {
  return values.map((value) => defaultPayloadConverter.toPayload(value));
}

/** The order in which the SDK's core tells what happened. */
function rank(job: Job): number {
  if (job.initializeWorkflow) return 0;
  return job.signalWorkflow ? 3 : 4;
}
