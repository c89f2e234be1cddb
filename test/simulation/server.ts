import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { searchAttributePayloadConverter } from '@temporalio/common/lib/converter/payload-search-attributes';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { coresdk, type temporal } from '@temporalio/proto';
import { cancelApplicantSignal } from '../../src/workflows/contract';
import { ActivityTask } from './activity-task';
import type { Activities } from './attempts';
import type { Clock } from './clock';
import { isClosing, toEvent, toEvents } from './events';
import { SimulatedRun } from './run';
import { SimulatedWorker, WorkflowTask } from './worker';
import type { Command, Job, LoadedWorkflow, WorkflowCode } from './workflow-code';

/** What goes wrong with the worker and the server of a workflow. */
export interface FaultPlan {
  /** The worker is killed; another one starts after `downMs`. */
  readonly deaths: readonly { readonly atMs: number; readonly downMs: number }[];
  /** The worker evicts the workflow after this many tasks and replays it for the next one; null: never. */
  readonly forgetAfterTasks: number | null;
  /** The server suggests continue-as-new from this number of activations on; null: never. */
  readonly suggestAfter: number | null;
  /** A cancel is requested once the history has this many events. */
  readonly cancelAtEvent?: number | undefined;
  /** How it is requested; default: in Temporal. */
  readonly cancelBy?: CancelWay | undefined;
  /** When a task queue starts the next activity; by default at once. */
  readonly startsAtMs?: (taskQueue: string) => number;
  /** True if the test holds calls of activities. */
  readonly callsMayBeHeld?: boolean;
  /** 0 to 1, seeded: decides delays and faults. */
  readonly random: () => number;
}

/** In Temporal, by our signal, or by our signal and then in Temporal. */
export type CancelWay = 'request' | 'signal' | 'both';

/** How a workflow closed. */
export interface ClosedRun {
  readonly status: 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly result: unknown;
  readonly atMs: number;
  readonly runs: number;
  /** The size of the largest input of a run. */
  readonly carriedBytes: number;
}

interface PendingUpdate {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

type Payloads = temporal.api.common.v1.IPayload[];

const MAX_DISPATCH_MS = 50;
const MAX_TASK_MS = 200;
/** The server gives the task of a killed worker to another one after this time. */
const TASK_TIMEOUT_MS = 10_000;

/**
 * A Temporal server and a worker for one workflow id on a virtual clock. The workflow code and the activities are the real ones; the server between
 * them follows Temporal's documentation and measurements. Events that arrive during a task are buffered. A task that would close the run while an event
 * is buffered fails and is repeated. A killed worker loses what was in flight.
 */
export class SimulatedServer {
  closed: ClosedRun | null = null;
  /** The types of all events of all runs, in order of arrival. */
  readonly history: string[] = [];
  /** By name, as the workflow set them last. */
  readonly searchAttributes: Record<string, unknown> = {};
  readonly workflowId: string;
  readonly startedAtMs: number;
  private readonly worker: SimulatedWorker;
  private run: SimulatedRun;
  private runs = 0;
  private carriedBytes = 0;
  private buffered: Job[] = [];
  private task: WorkflowTask | null = null;
  private dispatched = false;
  private workers = 0;
  private readonly updates = new Map<string, PendingUpdate>();
  private upAtMs = 0;

  constructor(
    private readonly code: WorkflowCode,
    private readonly clock: Clock,
    activities: Activities,
    private readonly plan: FaultPlan,
    workflow: { readonly workflowId: string; readonly workflowType: string; readonly input: unknown },
  ) {
    const { workflowId, workflowType, input } = workflow;
    this.workflowId = workflowId;
    this.startedAtMs = clock.nowMs;
    this.worker = new SimulatedWorker(clock, activities);
    this.run = this.startRun(workflowId, workflowType, toPayloads([input]));
    for (const { atMs, downMs } of plan.deaths) clock.at(atMs, () => this.killWorker(downMs));
  }

  /** Returns false if the workflow is closed. */
  signal(signalName: string, ...args: unknown[]): boolean {
    if (this.closed) return false;
    this.addJob({ signalWorkflow: { signalName, input: toPayloads(args) } });
    return true;
  }

  /** Resolves once the handler of an update has ended. `runValidator` false: as in a replay. @throws the failure that the workflow returns */
  update(name: string, args: readonly unknown[], runValidator = true): Promise<void> {
    if (this.closed) return Promise.reject(new Error('the workflow is closed'));
    const id = `update-${this.updates.size}`;
    const ended = new Promise<void>((resolve, reject) => this.updates.set(id, { resolve, reject }));
    this.addJob({ doUpdate: { id, protocolInstanceId: id, name, input: toPayloads(args), runValidator } });
    return ended;
  }

  cancel(): void {
    if (!this.closed) this.addJob({ cancelWorkflow: { reason: '' } });
  }

  get runId(): string {
    return `run-${this.runs}`;
  }

  /** Queries the current run. A closed run is replayed, as a worker does it. @throws if the handler fails */
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

  /** The activities that run or wait, as a description shows them. */
  get pendingActivities() {
    const tasks = [...this.run.activities.values()];
    return tasks.map(({ seq, name }) => ({ activityId: `${seq}`, activityType: { name } }));
  }

  get isUp(): boolean {
    return this.clock.nowMs >= this.upAtMs;
  }

  private startRun(workflowId: string, workflowType: string, args: Payloads): SimulatedRun {
    this.runs += 1;
    this.carriedBytes = Math.max(this.carriedBytes, ...args.map(({ data }) => data?.length ?? 0));
    const identity = { workflowId, workflowType, runId: this.runId, taskQueue: 'simulated' };
    const run = new SimulatedRun(this.code, { ...identity, startedAtMs: this.clock.nowMs });
    this.buffered = [];
    this.run = run;
    const startTime = msToTs(this.clock.nowMs);
    this.addJob({ initializeWorkflow: { workflowType, workflowId, arguments: args, attempt: 1, startTime } });
    return run;
  }

  private addJob(job: Job): void {
    this.buffered.push(job);
    this.addEvents(...toEvents(job));
    this.dispatch();
  }

  private addEvents(...events: readonly string[]): void {
    for (const event of events) {
      this.history.push(event);
      if (this.history.length === this.plan.cancelAtEvent) this.cancelBy(this.plan.cancelBy ?? 'request');
    }
  }

  private cancelBy(way: CancelWay): void {
    if (way !== 'request') this.signal(cancelApplicantSignal.name, { reasonCode: 'other' });
    if (way !== 'signal') this.cancel();
  }

  private dispatch(): void {
    if (this.closed || this.task || this.dispatched) return;
    this.dispatched = true;
    this.addEvents('WorkflowTaskScheduled');
    this.clock.at(Math.max(this.upAtMs, this.clock.nowMs + this.randomDelayMs(MAX_DISPATCH_MS)), () => {
      this.dispatched = false;
      return this.runTask();
    });
  }

  /** Runs a workflow task with everything that happened since the last one. */
  private async runTask(): Promise<void> {
    if (this.closed || this.task || this.buffered.length === 0) return;
    if (!this.isUp) return this.dispatch();
    const jobs = this.buffered.splice(0).sort((a, b) => rank(a) - rank(b));
    const task = new WorkflowTask(jobs);
    this.task = task;
    this.addEvents('WorkflowTaskStarted');
    for (const { resolveActivity } of jobs) if (resolveActivity) this.run.activities.delete(resolveActivity.seq ?? 0);
    const workflow = await this.run.workflow();
    const { suggestAfter } = this.plan;
    const suggested = suggestAfter !== null && this.run.stepsTaken >= suggestAfter;
    await this.worker.perform(task, workflow, this.run.activities, suggested);
    const worker = this.workers;
    this.clock.after(this.randomDelayMs(MAX_TASK_MS), () =>
      worker === this.workers ? this.complete(task, workflow) : undefined,
    );
  }

  /** The server takes the commands of a task. */
  private async complete(task: WorkflowTask, workflow: LoadedWorkflow): Promise<void> {
    this.task = null;
    const commands = task.steps.flatMap((step) => step.commands);
    const closes = commands.some((command) => isClosing(command));
    if (closes && this.buffered.length > 0) {
      // UnhandledCommand: the task is repeated with the events that arrived during it.
      this.buffered = [...task.jobs, ...this.buffered];
      this.addEvents('WorkflowTaskFailed');
      await this.run.forget();
      return this.dispatch();
    }
    const tasks = this.run.recordTask(task.steps);
    this.addEvents('WorkflowTaskCompleted');
    if (closes && workflow.runningHandlers > 0) throw new Error('the run closed while a handler was running');
    for (const command of commands) await this.applyCommand(command, task);
    const { forgetAfterTasks } = this.plan;
    if (forgetAfterTasks !== null && tasks % forgetAfterTasks === 0) await this.run.forget();
    if (this.buffered.length > 0) this.dispatch();
  }

  private async applyCommand(command: Command, { unsent }: WorkflowTask): Promise<void> {
    const { startTimer, cancelTimer, scheduleActivity, requestCancelActivity } = command;
    const { searchAttributes } = command.upsertWorkflowSearchAttributes ?? {};
    for (const [name, payload] of Object.entries(searchAttributes?.indexedFields ?? {}))
      this.searchAttributes[name] = searchAttributePayloadConverter.fromPayload(payload);
    if (startTimer) this.startTimer(startTimer.seq ?? 0, tsToMs(startTimer.startToFireTimeout as never));
    if (cancelTimer) this.cancelTimer(cancelTimer.seq ?? 0);
    if (scheduleActivity && !unsent.has(scheduleActivity.seq ?? 0)) this.schedule(scheduleActivity);
    if (requestCancelActivity) this.requestCancel(requestCancelActivity.seq ?? 0);
    if (command.updateResponse) this.endUpdate(command.updateResponse);
    await this.closeRun(command);
    const event = toEvent(command);
    if (event !== null && !unsent.has((scheduleActivity ?? requestCancelActivity)?.seq ?? -1)) this.addEvents(event);
  }

  private endUpdate({ protocolInstanceId, rejected, completed }: coresdk.workflow_commands.IUpdateResponse): void {
    const update = this.updates.get(protocolInstanceId ?? '');
    if (completed) update?.resolve();
    if (rejected) update?.reject(defaultFailureConverter.failureToError(rejected, defaultPayloadConverter));
  }

  private startTimer(seq: number, afterMs: number): void {
    const { run } = this;
    run.timers.add(seq);
    this.clock.after(afterMs, () => {
      if (run === this.run && run.timers.delete(seq)) this.addJob({ fireTimer: { seq } });
    });
  }

  private cancelTimer(seq: number): void {
    this.run.timers.delete(seq);
    this.buffered = this.buffered.filter(({ fireTimer }) => fireTimer?.seq !== seq);
  }

  /** A result that the workflow no longer waits for is dropped, even if the event is buffered already. */
  private requestCancel(seq: number): void {
    const activity = this.run.activities.get(seq);
    activity?.requestCancel();
    if (!activity || activity.waitsForCancellation) return;
    this.run.activities.delete(seq);
    this.buffered = this.buffered.filter(({ resolveActivity }) => resolveActivity?.seq !== seq);
  }

  private schedule(command: coresdk.workflow_commands.IScheduleActivity): void {
    const { run } = this;
    const task: ActivityTask = new ActivityTask(command, this.worker.findActivity(command.activityType ?? ''), {
      clock: this.clock,
      random: this.plan.random,
      callsMayBeHeld: this.plan.callsMayBeHeld ?? false,
      upAtMs: () => this.upAtMs,
      startsAtMs: (taskQueue) => this.plan.startsAtMs?.(taskQueue) ?? 0,
      resolved: (job) => {
        if (run === this.run && run.activities.has(task.seq)) this.addJob(job);
      },
    });
    run.activities.set(task.seq, task);
    task.schedule();
  }

  private async closeRun(command: Command): Promise<void> {
    const { completeWorkflowExecution: completed, cancelWorkflowExecution: cancelled } = command;
    const { failWorkflowExecution: failed, continueAsNewWorkflowExecution: continued } = command;
    if (!isClosing(command)) return;
    for (const activity of this.run.activities.values()) activity.abandon();
    await this.run.forget();
    const { workflowId, workflowType } = this.run;
    if (continued) {
      this.startRun(workflowId, workflowType, continued.arguments ?? []);
      return;
    }
    this.buffered = [];
    const status = completed ? 'COMPLETED' : cancelled ? 'CANCELLED' : 'FAILED';
    const result = completed?.result
      ? defaultPayloadConverter.fromPayload(completed.result)
      : (failed?.failure ?? null);
    this.closed = { status, result, atMs: this.clock.nowMs, runs: this.runs, carriedBytes: this.carriedBytes };
  }

  private async killWorker(downMs: number): Promise<void> {
    this.workers += 1;
    this.upAtMs = Math.max(this.upAtMs, this.clock.nowMs + Math.max(downMs, this.task ? TASK_TIMEOUT_MS : 0));
    if (this.task) this.buffered = [...this.task.jobs, ...this.buffered];
    if (this.task) this.addEvents('WorkflowTaskTimedOut');
    this.task = null;
    await this.run.forget();
    for (const activity of this.run.activities.values()) activity.loseAttempt();
    if (this.buffered.length > 0) this.dispatch();
  }

  private randomDelayMs(maxMs: number): number {
    return Math.round(this.plan.random() * maxMs);
  }
}

function toPayloads(values: readonly unknown[]): Payloads {
  return values.map((value) => defaultPayloadConverter.toPayload(value));
}

/** The order of jobs in an activation of the SDK's core. */
function rank(job: Job): number {
  if (job.initializeWorkflow) return 0;
  return job.signalWorkflow || job.doUpdate ? 3 : 4;
}
