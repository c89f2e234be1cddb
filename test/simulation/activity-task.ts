import { defaultPayloadConverter } from '@temporalio/common';
import { coresdk } from '@temporalio/proto';
import { type Activities, type Outcome, resolutionOf, retryAfterMs, runAttempt } from './attempts';
import type { Clock } from './clock';
import type { Job } from './workflow-code';

const { WAIT_CANCELLATION_COMPLETED } = coresdk.workflow_commands.ActivityCancellationType;

/** Where an activity runs. */
interface Surroundings {
  readonly clock: Clock;
  readonly luck: () => number;
  /** From when on there is a worker. */
  upAtMs(): number;
  /** True if a test may hold a call: time stands still for an attempt that does not end at once. */
  readonly callsMayBeHeld: boolean;
  /** When its queue lets it start, at the earliest. */
  letInAtMs(taskQueue: string): number;
  resolved(job: Job): void;
}

const QUEUED_MOST_MS = 300;
const WORK_MOST_MS = 900;
/** After so long without a heartbeat the server takes the worker for dead. */
const HEARTBEAT_TIMEOUT_MS = 15_000;

/** One activity as the server follows it: attempt after attempt until one has an answer, or the workflow asked to stop. */
export class ActivityTask {
  readonly seq: number;
  readonly waitsForCancellation: boolean;
  private readonly name: string;
  private readonly args: readonly unknown[];
  private readonly taskQueue: string;
  private attempt = 1;
  private heartbeatDetails: unknown;
  private running = false;
  private cancelRequested = false;
  private over = false;
  private cancelAttempt = () => {};
  /** Tells a deed of this attempt from one of an attempt that was lost. */
  private turn = 0;

  constructor(
    command: coresdk.workflow_commands.IScheduleActivity,
    private readonly work: Activities[string],
    private readonly around: Surroundings,
  ) {
    this.seq = command.seq ?? 0;
    this.name = command.activityType ?? '';
    this.taskQueue = command.taskQueue ?? '';
    this.waitsForCancellation = command.cancellationType === WAIT_CANCELLATION_COMPLETED;
    this.args = (command.arguments ?? []).map((payload) => defaultPayloadConverter.fromPayload(payload));
  }

  /** Schedules the next attempt after a delay; it starts when its queue and a worker let it. */
  begin(afterMs = 0): void {
    const turn = ++this.turn;
    const { clock, luck } = this.around;
    const scheduledAtMs = Math.round(clock.nowMs + afterMs);
    clock.after(afterMs + luck() * QUEUED_MOST_MS, () => {
      if (this.over || turn !== this.turn) return undefined;
      const atMs = this.around.letInAtMs(this.taskQueue);
      if (atMs <= clock.nowMs) return this.start(turn, scheduledAtMs);
      clock.at(atMs, () => this.start(turn, scheduledAtMs));
      return undefined;
    });
  }

  /** The workflow no longer waits for it: an attempt in back-off ends, one at work is told. */
  requestCancel(): void {
    if (this.over) return;
    this.cancelRequested = true;
    if (!this.waitsForCancellation) this.abandon();
    else if (!this.running) this.end({ kind: 'cancelled' });
    else this.cancelAttempt();
  }

  /** Nobody hears of it any more; an attempt at work goes on to its end all the same. */
  abandon(): void {
    this.over = true;
  }

  /** The worker died: what it did stays done, what it would have said is not heard. */
  loseAttempt(): void {
    if (!this.running || this.over) return;
    this.running = false;
    this.attempt += 1;
    this.begin(HEARTBEAT_TIMEOUT_MS);
  }

  jobOf(outcome: Outcome): Job {
    return { resolveActivity: { seq: this.seq, result: resolutionOf(outcome, this.name) } };
  }

  private async start(turn: number, scheduledAtMs: number): Promise<void> {
    const { clock, luck, upAtMs } = this.around;
    if (this.over || turn !== this.turn) return;
    if (clock.nowMs < upAtMs()) {
      clock.at(upAtMs(), () => this.start(turn, scheduledAtMs));
      return;
    }
    this.running = true;
    // What an attempt does upstream happens somewhere between its begin and its end; here at the one or the other.
    const attempt = luck() < 0.5 ? this.run(scheduledAtMs) : null;
    if (attempt && this.around.callsMayBeHeld && !(await endsAtOnce(attempt))) {
      clock.standStillFor(attempt.then((outcome) => this.finish(turn, outcome)));
      return;
    }
    const early = await attempt;
    clock.after(luck() * WORK_MOST_MS, async () => {
      if (turn === this.turn) this.finish(turn, early ?? (await this.run(scheduledAtMs)));
    });
  }

  private finish(turn: number, outcome: Outcome): void {
    if (turn === this.turn && !this.over) this.take(outcome);
  }

  private run(scheduledAtMs: number): Promise<Outcome> {
    const { attempt, heartbeatDetails, cancelRequested } = this;
    const about = { attempt, heartbeatDetails, scheduledAtMs, cancelled: cancelRequested };
    return runAttempt(this.work, this.args, about, {
      heartbeat: (details) => {
        this.heartbeatDetails = details;
      },
      started: (cancel) => {
        this.cancelAttempt = cancel;
      },
    });
  }

  private take(outcome: Outcome): void {
    this.running = false;
    if (outcome.kind !== 'failed' || this.cancelRequested) {
      this.end(outcome);
      return;
    }
    const delayMs = retryAfterMs(outcome.error, this.attempt);
    this.attempt += 1;
    this.begin(delayMs);
  }

  private end(outcome: Outcome): void {
    this.over = true;
    this.around.resolved(this.jobOf(outcome));
  }
}

/** False for an attempt that waits for something else than promises that are settled already. */
async function endsAtOnce(attempt: Promise<Outcome>): Promise<boolean> {
  const later = new Promise<null>((resolve) => setImmediate(resolve, null));
  return (await Promise.race([attempt, later])) !== null;
}
