import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { StatusAnswer } from '../activities/person';
import type { ListAnswer } from '../activities/reports';
import type { Wait } from '../domain/decision';
import { MINUTE_MS } from '../domain/policy';
import type { Poll } from '../domain/polls';

/** What a poll found. */
export type Finding = { of: 'status'; answer: StatusAnswer } | { of: 'reports'; answer: ListAnswer };

/** How a poll is begun: an activity that keeps failing quietly until it has found something. */
export interface PollCalls {
  readonly status: (poll: Poll) => Promise<StatusAnswer>;
  readonly reports: (poll: Poll) => Promise<ListAnswer>;
}

interface RunningPoll {
  readonly key: string;
  readonly scope: CancellationScope;
}

/**
 * The waiting of one applicant: a timer, and at most one poll of the status and one of the list. A poll is begun when its first read is due,
 * not before: until then the timer does, and an applicant whose notices all arrive never begins one.
 */
export class Watch {
  private readonly running = new Map<Finding['of'], RunningPoll>();
  private readonly findings: Finding[] = [];
  private failure: unknown = null;

  constructor(private readonly calls: PollCalls) {}

  /** Waits until something was found or `changed` says so, or until the time is up. `known` tells one poll's subject from another's. */
  async next(wait: Wait, known: string, changed: () => boolean): Promise<Finding | null> {
    this.keep('status', wait.statusPoll, known, this.calls.status, (answer) => ({ of: 'status', answer }));
    this.keep('reports', wait.listPoll, known, this.calls.reports, (answer) => ({ of: 'reports', answer }));
    const starts = [wait.statusPoll, wait.listPoll].flatMap((poll) =>
      poll && poll.startMs > Date.now() ? [poll.startMs] : [],
    );
    // Never less than a second: a time that lies in the past must not make the workflow spin.
    const timeoutMs = Math.max(1_000, Math.min(wakeAtMs(wait), ...starts) - Date.now());
    await condition(() => changed() || this.hasFound, timeoutMs, {
      summary: `waiting for ${wait.waitingFor}`,
    });
    return this.found();
  }

  /** True while something was found that nobody has taken yet. */
  get hasFound(): boolean {
    return this.findings.length > 0 || this.failure !== null;
  }

  /** What a poll found, taken. */
  found(): Finding | null {
    if (this.failure !== null) throw this.failure;
    return this.findings.shift() ?? null;
  }

  /** Ends every poll. */
  stop(): void {
    for (const { scope } of this.running.values()) scope.cancel();
    this.running.clear();
  }

  private keep<A>(
    of: Finding['of'],
    poll: Poll | null,
    known: string,
    begin: (poll: Poll) => Promise<A>,
    asFinding: (answer: A) => Finding,
  ): void {
    const key = poll && JSON.stringify([known, poll]);
    const running = this.running.get(of);
    if (running && running.key !== key) {
      running.scope.cancel();
      this.running.delete(of);
    }
    if (!poll || !key || poll.startMs > Date.now() || this.running.has(of)) return;
    const scope = new CancellationScope();
    this.running.set(of, { key, scope });
    scope
      .run(() => begin(poll))
      .then(
        (answer) => {
          if (this.running.get(of)?.scope !== scope) return;
          this.running.delete(of);
          this.findings.push(asFinding(answer));
        },
        (error: unknown) => {
          if (!isCancellation(error)) this.failure ??= error;
        },
      );
  }
}

/** At a deadline the poll asks: to wake at the same moment would cost a task, and the two would get into each other's way. */
function wakeAtMs({ untilMs, statusPoll }: Wait): number {
  return statusPoll?.deadlineMs === untilMs ? untilMs + MINUTE_MS : untilMs;
}
