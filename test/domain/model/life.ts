import {
  type Collection,
  emptyCollection,
  type ListAnswer,
  withListAnswer,
  withNoticeList,
  withReportNotice,
} from '../../../src/domain/collection';
import { withDownloadResult } from '../../../src/domain/collection-documents';
import { decide, type Step, type Wait } from '../../../src/domain/decision';
import type { DownloadResult } from '../../../src/domain/download-results';
import {
  currentStatus,
  type Facts,
  openFacts,
  pollCadenceMs,
  withMissingUpstream,
  withNotice,
  withNoticeRead,
  withOutage,
  withRead,
} from '../../../src/domain/facts';
import type { Conclusion } from '../../../src/domain/outcome';
import { MINUTE_MS, type Policy } from '../../../src/domain/policy';
import type { DeadlineRead, Poll } from '../../../src/domain/polls';
import type { ListedReport, WantedDocument } from '../../../src/domain/reports';
import { normalizeStatus } from '../../../src/domain/status';
import { DOWNLOAD_ROUND_MS, type ModelUpstream, T0 } from './upstream';

/** A notice, true or forged, and when it arrives. */
export type Delivery =
  | { readonly atMs: number; readonly status: string; readonly updatedAtMs: number | null }
  | { readonly atMs: number; readonly reportId: string; readonly updatedAt: string | null };

export interface ModelResult {
  readonly conclusion: Conclusion;
  readonly atMs: number;
  readonly facts: Facts;
  readonly collection: Collection;
  readonly steps: readonly { readonly atMs: number; readonly step: Step }[];
  /** Reads and lists, without those of polls. */
  readonly calls: readonly { readonly atMs: number; readonly of: 'status' | 'reports' }[];
}

/** A poll, or the read of a deadline, which has no delays, because its first answer counts. */
interface RunningCall {
  readonly key: string;
  readonly delaysMs: readonly number[] | null;
  readonly reportFailuresFromMs: number | null;
  failingSinceMs: number | null;
  failures: number;
  quiet: number;
  nextMs: number;
}

/** A life with more steps is a loop. */
const MAX_STEPS = 20_000;
const LATENCY_MS = 400;
const RETRY_MS = 5 * MINUTE_MS;

/** Follows a model person to the end on a virtual clock, in steps like the workflow's, without Temporal: it shares only the domain with the workflow. */
export class Life {
  private nowMs = T0;
  private facts: Facts;
  private collection = emptyCollection();
  private readonly queue: Delivery[];
  private readonly running = new Map<'status' | 'deadline' | 'reports', RunningCall>();
  private readonly steps: { atMs: number; step: Step }[] = [];
  private readonly calls: { atMs: number; of: 'status' | 'reports' }[] = [];

  constructor(
    private readonly upstream: ModelUpstream,
    private readonly policy: Policy,
    deliveries: readonly Delivery[],
  ) {
    this.queue = deliveries.filter(({ atMs }) => atMs >= T0).sort((a, b) => a.atMs - b.atMs);
    const person = upstream.person(T0);
    if (!person) throw new RangeError('expected a person at the invitation');
    this.facts = openFacts({ ...person, askedAtMs: T0 }, T0);
  }

  run(): ModelResult {
    while (this.steps.length < MAX_STEPS) {
      const step = decide({
        facts: this.facts,
        collection: this.collection,
        policy: this.policy,
        nowMs: this.nowMs,
        autoInvite: true,
        finishRequestedAtMs: null,
      });
      this.steps.push({ atMs: this.nowMs, step });
      if (step.do === 'conclude') {
        const { nowMs: atMs, facts, collection, steps, calls } = this;
        return { conclusion: step.conclusion, atMs, facts, collection, steps, calls };
      }
      this.perform(step);
    }
    const last = this.steps
      .slice(-5)
      .map(({ atMs, step }) => `${new Date(atMs).toISOString()} ${JSON.stringify(step)}`);
    throw new Error(`the applicant does not end:\n${last.join('\n')}`);
  }

  private perform(step: Exclude<Step, { do: 'conclude' }>): void {
    if (step.do === 'wait') this.wait(step.wait);
    if (step.do === 'read') this.read(step.because);
    if (step.do === 'read-and-list') this.read('window');
    if (step.do === 'read-and-list') this.list('conclusion');
    if (step.do === 'list') this.list(step.because);
    if (step.do === 'fetch') this.fetch(step.documents);
    if (step.do === 'record') this.collection = { ...this.collection, unrecorded: false };
  }

  /** Moves the clock, and receives the notices until then. */
  private advance(untilMs: number): void {
    while (this.queue[0] && this.queue[0].atMs <= untilMs) this.receive();
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  private receive(): void {
    const notice = this.queue.shift();
    if (!notice) return;
    this.nowMs = Math.max(this.nowMs, notice.atMs);
    if ('status' in notice) this.facts = withNotice(this.facts, notice, this.nowMs, this.policy);
    else this.collection = withReportNotice(this.collection, notice, this.nowMs);
  }

  private read(because: Extract<Step, { do: 'read' }>['because']): void {
    if (because === 'notice') this.facts = withNoticeRead(this.facts, this.nowMs, this.policy);
    const startMs = this.nowMs;
    const askedAtMs = this.upstream.reachedAtMs(startMs);
    this.calls.push({ atMs: askedAtMs, of: 'status' });
    const person = this.upstream.person(askedAtMs);
    this.advance(askedAtMs + LATENCY_MS);
    if (!person) this.facts = withMissingUpstream(this.facts, this.nowMs);
    else {
      this.facts = withRead(this.facts, { ...person, askedAtMs }, this.nowMs, this.policy, askedAtMs - startMs);
    }
  }

  private list(because: Extract<Step, { do: 'list' }>['because']): void {
    if (because === 'request') {
      this.collection = withNoticeList(this.collection, this.nowMs, pollCadenceMs(this.facts, this.policy));
    }
    const askedAtMs = this.upstream.reachedAtMs(this.nowMs);
    this.calls.push({ atMs: askedAtMs, of: 'reports' });
    const reports = this.upstream.list(askedAtMs);
    this.advance(askedAtMs + LATENCY_MS);
    this.learnList(reports, askedAtMs, because === 'conclusion' ? 'refused' : 'not-yet');
  }

  private learnList(reports: readonly ListedReport[] | null, askedAtMs: number, denied: 'refused' | 'not-yet'): void {
    const answer: ListAnswer = reports
      ? { kind: 'listed', reports, digest: digestOf(reports), askedAtMs }
      : { kind: denied, askedAtMs };
    this.collection = withListAnswer(this.collection, answer, this.nowMs, pollCadenceMs(this.facts, this.policy));
  }

  private fetch(documents: readonly WantedDocument[]): void {
    const reachedMs = this.upstream.reachedAtMs(this.nowMs);
    const isDown = reachedMs - this.nowMs > DOWNLOAD_ROUND_MS;
    const doneMs = (isDown ? this.nowMs + DOWNLOAD_ROUND_MS : reachedMs) + LATENCY_MS;
    this.advance(doneMs);
    for (const wanted of documents) {
      const fetched: DownloadResult = isDown
        ? { kind: 'unavailable', detail: 'timeout' }
        : this.upstream.fetch(wanted.report, wanted.format, doneMs);
      this.collection = withDownloadResult(this.collection, wanted, fetched, this.nowMs, this.policy);
    }
  }

  private wait(wait: Wait): void {
    const { statusPoll, deadlineRead, listPoll } = wait;
    this.startOrStop('status', statusPoll, currentStatus(this.facts));
    this.startOrStop('deadline', deadlineRead && { ...deadlineRead, delaysMs: null, reportFailuresFromMs: null }, '');
    this.startOrStop('reports', listPoll, currentStatus(this.facts));
    const startsMs = [statusPoll, deadlineRead, listPoll].flatMap((call) =>
      call && call.startMs > this.nowMs ? [call.startMs] : [],
    );
    const untilMs = Math.max(this.nowMs + 1_000, Math.min(wait.untilMs, ...startsMs));
    const { facts, collection } = this;
    while (this.facts === facts && this.collection === collection) {
      const noticeMs = this.queue[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const [of, call] = [...this.running].sort(([, a], [, b]) => a.nextMs - b.nextMs)[0] ?? [];
      const callMs = call?.nextMs ?? Number.POSITIVE_INFINITY;
      if (Math.min(noticeMs, callMs) > untilMs) break;
      if (noticeMs <= callMs) this.receive();
      else if (of && call) this.attempt(of, call);
    }
    if (this.facts === facts && this.collection === collection) this.advance(untilMs);
  }

  private startOrStop(
    of: 'status' | 'deadline' | 'reports',
    call: (Omit<Poll, 'delaysMs'> & Pick<RunningCall, 'delaysMs'> & Partial<DeadlineRead>) | null,
    subject: string,
  ): void {
    const key = call && JSON.stringify([subject, call]);
    if (this.running.get(of)?.key !== key) this.running.delete(of);
    if (!call || !key || call.startMs > this.nowMs || this.running.has(of)) return;
    const { delaysMs, reportFailuresFromMs, outage } = call;
    const failing = {
      failingSinceMs: outage ? this.nowMs - outage.durationMs : null,
      failures: outage?.failures ?? 0,
    };
    this.running.set(of, { key, delaysMs, reportFailuresFromMs, ...failing, quiet: 0, nextMs: this.nowMs });
  }

  /** One attempt; without news it is repeated after the next delay. */
  private attempt(of: 'status' | 'deadline' | 'reports', call: RunningCall): void {
    const askedAtMs = this.upstream.reachedAtMs(call.nextMs);
    if (askedAtMs > call.nextMs) {
      this.fail(of, call, askedAtMs);
      return;
    }
    this.advance(askedAtMs);
    const hasNews = of === 'reports' ? this.pollReports(askedAtMs) : this.pollStatus(askedAtMs, call);
    if (hasNews) this.running.delete(of);
    else this.repeat(askedAtMs, call);
  }

  /** Before the failures are reported, only the end of the outage matters. */
  private fail(of: 'status' | 'deadline' | 'reports', call: RunningCall, reachedAtMs: number): void {
    const failedAtMs = call.nextMs;
    call.failingSinceMs ??= failedAtMs;
    call.failures += 1;
    const retryMs = Math.min(reachedAtMs - failedAtMs, RETRY_MS);
    if (call.reportFailuresFromMs === null || failedAtMs < call.reportFailuresFromMs) {
      call.nextMs = Math.min(reachedAtMs, Math.max(failedAtMs + retryMs, call.reportFailuresFromMs ?? reachedAtMs));
      return;
    }
    this.advance(failedAtMs);
    const durationMs = failedAtMs - call.failingSinceMs;
    this.facts = withOutage(this.facts, { durationMs, failures: call.failures, retryMs }, this.nowMs);
    this.running.delete(of);
  }

  private repeat(askedAtMs: number, call: RunningCall): void {
    call.failingSinceMs = null;
    call.failures = 0;
    const delaysMs = call.delaysMs ?? [0];
    call.nextMs = askedAtMs + (delaysMs[Math.min(call.quiet++, delaysMs.length - 1)] ?? 0);
  }

  private pollStatus(askedAtMs: number, { delaysMs, failingSinceMs }: RunningCall): boolean {
    const person = this.upstream.person(askedAtMs);
    const isDeadlineRead = delaysMs === null;
    const outageMs = failingSinceMs === null ? 0 : askedAtMs - failingSinceMs;
    if (!person) this.facts = withMissingUpstream(this.facts, this.nowMs);
    else if (!isDeadlineRead && normalizeStatus(person.status) === normalizeStatus(currentStatus(this.facts)))
      return false;
    else this.facts = withRead(this.facts, { ...person, askedAtMs }, this.nowMs, this.policy, outageMs);
    return true;
  }

  private pollReports(askedAtMs: number): boolean {
    const reports = this.upstream.list(askedAtMs);
    if (!reports || digestOf(reports) === this.collection.digest) return false;
    this.learnList(reports, askedAtMs, 'not-yet');
    return true;
  }
}

function digestOf(reports: readonly ListedReport[]): string {
  return reports.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join();
}
