import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { StatusAnswer } from '../activities/person';
import type { ListAnswer } from '../activities/reports';
import type { Wait } from '../domain/decision';
import type { DeadlineRead, Poll } from '../domain/polls';

/** What a poll or a read found. */
export type PollFinding = { of: 'status'; answer: StatusAnswer } | { of: 'reports'; answer: ListAnswer };

/** How each is begun: an activity that keeps failing, a poll quietly, until it has found something. */
export interface PollCalls {
  readonly status: (poll: Poll) => Promise<StatusAnswer>;
  readonly deadline: (read: DeadlineRead) => Promise<StatusAnswer>;
  readonly reports: (poll: Poll) => Promise<ListAnswer>;
}

/** Whom and what a wait is about. */
interface PollSubject {
  readonly humanId: string;
  readonly status: string;
  /** Shown as stuck: a poll that began before does not know it, and would return it once more or never again. */
  readonly isStuck: boolean;
}

interface RunningCall {
  readonly key: string;
  readonly scope: CancellationScope;
}

/**
 * The waiting of one applicant: a timer, and at most one poll or read of the status and one poll of the list. A call is begun when it is due,
 * not before: until then the timer does, and an applicant whose notices all arrive never begins one.
 */
export class StatusWaiter {
  private readonly running = new Map<keyof PollCalls, RunningCall>();
  private readonly findings: PollFinding[] = [];
  private failure: unknown = null;

  constructor(private readonly calls: PollCalls) {}

  /** Waits until something was found or `changed` says so, or until the time is up. A poll ends with what was known when it began. */
  async waitForChange(
    wait: Wait,
    { humanId, status, isStuck }: PollSubject,
    changed: () => boolean,
  ): Promise<PollFinding | null> {
    const { statusPoll, deadlineRead, listPoll } = wait;
    const known = `${humanId} ${status}`;
    this.startOrStop('status', statusPoll, `${known} ${isStuck}`, this.calls.status, (answer) => ({
      of: 'status',
      answer,
    }));
    this.startOrStop('deadline', deadlineRead, humanId, this.calls.deadline, (answer) => ({ of: 'status', answer }));
    this.startOrStop('reports', listPoll, known, this.calls.reports, (answer) => ({ of: 'reports', answer }));
    const starts = [statusPoll, deadlineRead, listPoll].flatMap((call) =>
      call && call.startMs > Date.now() ? [call.startMs] : [],
    );
    // Never less than a second: a time that lies in the past must not make the workflow spin.
    const timeoutMs = Math.max(1_000, Math.min(wait.untilMs, ...starts) - Date.now());
    await condition(() => changed() || this.hasFinding, timeoutMs, {
      summary: `waiting for ${wait.waitingFor}`,
    });
    return this.takeFinding();
  }

  /** True while something was found that nobody has taken yet. */
  get hasFinding(): boolean {
    return this.findings.length > 0 || this.failure !== null;
  }

  /** What was found, taken. */
  takeFinding(): PollFinding | null {
    if (this.failure !== null) throw this.failure;
    return this.findings.shift() ?? null;
  }

  /** Ends every call. */
  stop(): void {
    for (const { scope } of this.running.values()) scope.cancel();
    this.running.clear();
  }

  private startOrStop<C extends { readonly startMs: number }, A>(
    of: keyof PollCalls,
    call: C | null,
    known: string,
    begin: (call: C) => Promise<A>,
    asFinding: (answer: A) => PollFinding,
  ): void {
    const key = call && JSON.stringify([known, call]);
    const running = this.running.get(of);
    if (running && running.key !== key) {
      running.scope.cancel();
      this.running.delete(of);
    }
    if (!call || !key || call.startMs > Date.now() || this.running.has(of)) return;
    const scope = new CancellationScope();
    this.running.set(of, { key, scope });
    scope
      .run(() => begin(call))
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
