import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { StatusAnswer } from '../activities/person';
import type { ListAnswer } from '../domain/collection';
import type { Wait } from '../domain/decision';
import type { DeadlineRead, Poll } from '../domain/polls';

export type PollFinding = { of: 'status'; answer: StatusAnswer } | { of: 'reports'; answer: ListAnswer };

/** The activities that the waiter starts. The server retries each until it has an answer. */
export interface PollCalls {
  readonly status: (poll: Poll) => Promise<StatusAnswer>;
  readonly deadline: (read: DeadlineRead) => Promise<StatusAnswer>;
  readonly reports: (poll: Poll) => Promise<ListAnswer>;
}

/** What a call depends on in addition to its plan: if it changes, the call is cancelled and started again. */
interface PollSubject {
  readonly humanId: string;
  readonly status: string;
  /** True while the applicant is shown as stuck: then a poll of the status returns the first answer that decides. */
  readonly isStuck: boolean;
}

interface RunningCall {
  readonly key: string;
  readonly scope: CancellationScope;
}

/**
 * Waits on behalf of one applicant with a timer, at most one poll or read of the status, and at most one poll of the list. A call starts only when it
 * is due, so an applicant whose notices all arrive starts none.
 */
export class StatusWaiter {
  private readonly running = new Map<keyof PollCalls, RunningCall>();
  private readonly findings: PollFinding[] = [];
  private failure: unknown = null;

  constructor(private readonly calls: PollCalls) {}

  /** Waits for a finding, until `hasChanged` returns true, or until the time of `wait` has passed. Null without a finding. */
  async waitForChange(
    wait: Wait,
    { humanId, status, isStuck }: PollSubject,
    hasChanged: () => boolean,
  ): Promise<PollFinding | null> {
    const { statusPoll, deadlineRead, listPoll } = wait;
    const subject = `${humanId} ${status}`;
    const statusFinding = (answer: StatusAnswer): PollFinding => ({ of: 'status', answer });
    const listFinding = (answer: ListAnswer): PollFinding => ({ of: 'reports', answer });
    this.startOrStop('status', statusPoll, `${subject} ${isStuck}`, this.calls.status, statusFinding);
    this.startOrStop('deadline', deadlineRead, humanId, this.calls.deadline, statusFinding);
    this.startOrStop('reports', listPoll, subject, this.calls.reports, listFinding);
    const starts = [statusPoll, deadlineRead, listPoll].flatMap((call) =>
      call && call.startMs > Date.now() ? [call.startMs] : [],
    );
    // At least a second: a time in the past must not cause a busy loop.
    const timeoutMs = Math.max(1_000, Math.min(wait.untilMs, ...starts) - Date.now());
    await condition(() => hasChanged() || this.hasFinding, timeoutMs, { summary: `waiting for ${wait.waitingFor}` });
    return this.takeFinding();
  }

  get hasFinding(): boolean {
    return this.findings.length > 0 || this.failure !== null;
  }

  /** @throws the failure of a call */
  takeFinding(): PollFinding | null {
    if (this.failure !== null) throw this.failure;
    return this.findings.shift() ?? null;
  }

  stop(): void {
    for (const { scope } of this.running.values()) scope.cancel();
    this.running.clear();
  }

  private startOrStop<C extends { readonly startMs: number }, A>(
    of: keyof PollCalls,
    call: C | null,
    subject: string,
    start: (call: C) => Promise<A>,
    toFinding: (answer: A) => PollFinding,
  ): void {
    // The plan of a call stays equal until the facts or the collection change, or a deadline passes.
    const key = call && JSON.stringify([subject, call]);
    const running = this.running.get(of);
    if (running && running.key !== key) {
      running.scope.cancel();
      this.running.delete(of);
    }
    if (!call || !key || call.startMs > Date.now() || this.running.has(of)) return;
    const scope = new CancellationScope();
    this.running.set(of, { key, scope });
    scope
      .run(() => start(call))
      .then(
        (answer) => {
          if (this.running.get(of)?.scope !== scope) return;
          this.running.delete(of);
          this.findings.push(toFinding(answer));
        },
        (error: unknown) => {
          if (!isCancellation(error)) this.failure ??= error;
        },
      );
  }
}
