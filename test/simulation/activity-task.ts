import { defaultPayloadConverter } from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { type Activities, type Outcome, retryAfterMs, runAttempt, toResolution } from './attempts';
import type { Clock } from './clock';
import type { Job } from './workflow-code';

const { WAIT_CANCELLATION_COMPLETED } = coresdk.workflow_commands.ActivityCancellationType;

/** The server and the worker around an activity. */
interface ActivityEnvironment {
  readonly clock: Clock;
  readonly random: () => number;
  /** When the next worker is up. */
  upAtMs(): number;
  /** True if a test may hold a call: the clock stops during an attempt that does not end at once. */
  readonly callsMayBeHeld: boolean;
  /** The earliest start that its queue allows. */
  startsAtMs(taskQueue: string): number;
  resolved(job: Job): void;
}

const MAX_QUEUE_MS = 300;
const MAX_WORK_MS = 900;
/** Without a heartbeat for this time the server assumes that the worker is dead. */
const HEARTBEAT_TIMEOUT_MS = 15_000;

/** One activity on the server: attempts until one succeeds or the workflow cancels it. */
export class ActivityTask {
  readonly seq: number;
  readonly waitsForCancellation: boolean;
  readonly name: string;
  private readonly args: readonly unknown[];
  private readonly taskQueue: string;
  private attempt = 1;
  private heartbeatDetails: unknown;
  private running = false;
  private cancelRequested = false;
  private isClosed = false;
  private cancelAttempt = () => {};
  /** Distinguishes an event of this attempt from one of a lost attempt. */
  private attemptId = 0;

  constructor(
    command: coresdk.workflow_commands.IScheduleActivity,
    private readonly activity: Activities[string],
    private readonly environment: ActivityEnvironment,
  ) {
    this.seq = command.seq ?? 0;
    this.name = command.activityType ?? '';
    this.taskQueue = command.taskQueue ?? '';
    this.waitsForCancellation = command.cancellationType === WAIT_CANCELLATION_COMPLETED;
    this.args = (command.arguments ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
  }

  /** Schedules the next attempt after a delay; it starts when its queue and a worker allow it. */
  schedule(afterMs = 0): void {
    const id = ++this.attemptId;
    const { clock, random } = this.environment;
    const scheduledAtMs = Math.round(clock.nowMs + afterMs);
    clock.after(afterMs + random() * MAX_QUEUE_MS, () => {
      if (this.isClosed || id !== this.attemptId) return undefined;
      const atMs = this.environment.startsAtMs(this.taskQueue);
      if (atMs <= clock.nowMs) return this.start(id, scheduledAtMs);
      clock.at(atMs, () => this.start(id, scheduledAtMs));
      return undefined;
    });
  }

  /** Ends an attempt in back-off; passes the cancel on to a running one. */
  requestCancel(): void {
    if (this.isClosed) return;
    this.cancelRequested = true;
    if (!this.waitsForCancellation) this.abandon();
    else if (!this.running) this.close({ kind: 'cancelled' });
    else this.cancelAttempt();
  }

  /** Drops the result. A running attempt continues to its end. */
  abandon(): void {
    this.isClosed = true;
  }

  /** The worker was killed: the effects of the attempt remain, its result is lost. */
  loseAttempt(): void {
    if (!this.running || this.isClosed) return;
    this.running = false;
    this.attempt += 1;
    this.schedule(HEARTBEAT_TIMEOUT_MS);
  }

  toJob(outcome: Outcome): Job {
    return { resolveActivity: { seq: this.seq, result: toResolution(outcome, this.name) } };
  }

  private async start(id: number, scheduledAtMs: number): Promise<void> {
    const { clock, random, upAtMs } = this.environment;
    if (this.isClosed || id !== this.attemptId) return;
    if (clock.nowMs < upAtMs()) {
      clock.at(upAtMs(), () => this.start(id, scheduledAtMs));
      return;
    }
    this.running = true;
    // The effect of an attempt happens at its start or at its end.
    const attempt = random() < 0.5 ? this.run(scheduledAtMs) : null;
    if (attempt && this.environment.callsMayBeHeld && !(await endsAtOnce(attempt))) {
      clock.standStillFor(attempt.then((outcome) => this.finish(id, outcome)));
      return;
    }
    const early = await attempt;
    clock.after(random() * MAX_WORK_MS, async () => {
      if (id === this.attemptId) this.finish(id, early ?? (await this.run(scheduledAtMs)));
    });
  }

  private finish(id: number, outcome: Outcome): void {
    if (id === this.attemptId && !this.isClosed) this.apply(outcome);
  }

  private run(scheduledAtMs: number): Promise<Outcome> {
    const { attempt, heartbeatDetails, cancelRequested } = this;
    const info = { attempt, heartbeatDetails, scheduledAtMs, cancelled: cancelRequested };
    return runAttempt(this.activity, this.args, info, {
      heartbeat: (details) => {
        this.heartbeatDetails = details;
      },
      started: (cancel) => {
        this.cancelAttempt = cancel;
      },
    });
  }

  private apply(outcome: Outcome): void {
    this.running = false;
    if (outcome.kind !== 'failed' || this.cancelRequested) {
      this.close(outcome);
      return;
    }
    const delayMs = retryAfterMs(outcome.error, this.attempt);
    this.attempt += 1;
    this.schedule(delayMs);
  }

  private close(outcome: Outcome): void {
    this.isClosed = true;
    this.environment.resolved(this.toJob(outcome));
  }
}

/** False for an attempt that waits for a promise which another macrotask settles. */
async function endsAtOnce(attempt: Promise<Outcome>): Promise<boolean> {
  const later = new Promise<null>((resolve) => setImmediate(resolve, null));
  return (await Promise.race([attempt, later])) !== null;
}
