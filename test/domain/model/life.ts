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

/** What reaches the applicant, and when; whether it is true is not asked here. */
export type Delivery =
  | { readonly atMs: number; readonly status: string; readonly updatedAtMs: number | null }
  | { readonly atMs: number; readonly reportId: string; readonly updatedAt: string | null };

export interface Ending {
  readonly conclusion: Conclusion;
  readonly atMs: number;
  readonly facts: Facts;
  readonly collection: Collection;
  readonly steps: readonly { readonly atMs: number; readonly step: Step }[];
  /** Reads and lists made, the quiet ones of a poll apart. */
  readonly calls: readonly { readonly atMs: number; readonly of: 'status' | 'reports' }[];
}

/** A poll, or the read of a deadline, which has no delays: its first answer is news. */
interface RunningCall {
  readonly key: string;
  readonly delaysMs: readonly number[] | null;
  readonly failureReportMs: number | null;
  failingSinceMs: number | null;
  failures: number;
  quiet: number;
  nextMs: number;
}

/** Nobody's life takes more steps than this, floods apart: a life that does goes in circles. */
const STEPS_MOST = 20_000;
const LATENCY_MS = 400;
const RETRY_MS = 5 * MINUTE_MS;

/**
 * Follows a model person from the invitation to the end, on a virtual clock: decides, takes the step, decides again, as the workflow does. It
 * knows nothing of Temporal; what it shares with the workflow is the domain under test.
 */
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
    const told = upstream.person(T0);
    if (!told) throw new RangeError('nobody is gone at the invitation');
    this.facts = openFacts({ ...told, askedAtMs: T0 }, T0);
  }

  live(): Ending {
    while (this.steps.length < STEPS_MOST) {
      const step = decide({
        facts: this.facts,
        collection: this.collection,
        policy: this.policy,
        nowMs: this.nowMs,
        autoInvite: true,
      });
      this.steps.push({ atMs: this.nowMs, step });
      if (step.do === 'conclude') {
        const { nowMs: atMs, facts, collection, steps, calls } = this;
        return { conclusion: step.conclusion, atMs, facts, collection, steps, calls };
      }
      this.take(step);
    }
    const last = this.steps
      .slice(-5)
      .map(({ atMs, step }) => `${new Date(atMs).toISOString()} ${JSON.stringify(step)}`);
    throw new Error(`an applicant goes in circles:\n${last.join('\n')}`);
  }

  private take(step: Exclude<Step, { do: 'conclude' }>): void {
    if (step.do === 'wait') this.wait(step.wait);
    if (step.do === 'read') this.read(step.because);
    if (step.do === 'read-and-list') this.read('window');
    if (step.do === 'read-and-list') this.list('conclusion');
    if (step.do === 'list') this.list(step.because);
    if (step.do === 'fetch') this.fetch(step.documents);
    if (step.do === 'record') this.collection = { ...this.collection, unrecorded: false };
  }

  /** Lets the time pass, and takes what is delivered until then. */
  private pass(untilMs: number): void {
    while (this.queue[0] && this.queue[0].atMs <= untilMs) this.hear();
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  private hear(): void {
    const notice = this.queue.shift();
    if (!notice) return;
    this.nowMs = Math.max(this.nowMs, notice.atMs);
    if ('status' in notice) this.facts = withNotice(this.facts, notice, this.nowMs, this.policy);
    else this.collection = withReportNotice(this.collection, notice, this.nowMs);
  }

  private read(because: Extract<Step, { do: 'read' }>['because']): void {
    if (because === 'notice') this.facts = withNoticeRead(this.facts, this.nowMs, this.policy);
    const begunMs = this.nowMs;
    const askedAtMs = this.upstream.reachedAtMs(begunMs);
    this.calls.push({ atMs: askedAtMs, of: 'status' });
    const told = this.upstream.person(askedAtMs);
    this.pass(askedAtMs + LATENCY_MS);
    if (!told) this.facts = withMissingUpstream(this.facts, this.nowMs);
    else {
      this.facts = withRead(this.facts, { ...told, askedAtMs }, this.nowMs, this.policy, askedAtMs - begunMs);
    }
  }

  private list(because: Extract<Step, { do: 'list' }>['because']): void {
    if (because === 'notice') {
      this.collection = withNoticeList(this.collection, this.nowMs, pollCadenceMs(this.facts, this.policy));
    }
    const askedAtMs = this.upstream.reachedAtMs(this.nowMs);
    this.calls.push({ atMs: askedAtMs, of: 'reports' });
    const reports = this.upstream.list(askedAtMs);
    this.pass(askedAtMs + LATENCY_MS);
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
    const down = reachedMs - this.nowMs > DOWNLOAD_ROUND_MS;
    const doneMs = (down ? this.nowMs + DOWNLOAD_ROUND_MS : reachedMs) + LATENCY_MS;
    this.pass(doneMs);
    for (const wanted of documents) {
      const fetched: DownloadResult = down
        ? { kind: 'unavailable', detail: 'timeout' }
        : this.upstream.fetch(wanted.report, wanted.format, doneMs);
      this.collection = withDownloadResult(this.collection, wanted, fetched, this.nowMs, this.policy);
    }
  }

  /** Until something changes what is known, or the time is up. */
  private wait(wait: Wait): void {
    const { statusPoll, deadlineRead, listPoll } = wait;
    this.keep('status', statusPoll, currentStatus(this.facts));
    this.keep('deadline', deadlineRead && { ...deadlineRead, delaysMs: null, failureReportMs: null }, '');
    this.keep('reports', listPoll, currentStatus(this.facts));
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
      if (noticeMs <= callMs) this.hear();
      else if (of && call) this.ask(of, call);
    }
    if (this.facts === facts && this.collection === collection) this.pass(untilMs);
  }

  private keep(
    of: 'status' | 'deadline' | 'reports',
    call: (Omit<Poll, 'delaysMs'> & Pick<RunningCall, 'delaysMs'> & Partial<DeadlineRead>) | null,
    known: string,
  ): void {
    const key = call && JSON.stringify([known, call]);
    if (this.running.get(of)?.key !== key) this.running.delete(of);
    if (!call || !key || call.startMs > this.nowMs || this.running.has(of)) return;
    const { delaysMs, failureReportMs, outage } = call;
    const failing = {
      failingSinceMs: outage ? this.nowMs - outage.durationMs : null,
      failures: outage?.failures ?? 0,
    };
    this.running.set(of, { key, delaysMs, failureReportMs, ...failing, quiet: 0, nextMs: this.nowMs });
  }

  /** One attempt: it ends with news, else it is made again after the next delay. */
  private ask(of: 'status' | 'deadline' | 'reports', call: RunningCall): void {
    const askedAtMs = this.upstream.reachedAtMs(call.nextMs);
    if (askedAtMs > call.nextMs) {
      this.fail(of, call, askedAtMs);
      return;
    }
    this.pass(askedAtMs);
    const found = of === 'reports' ? this.lookForReports(askedAtMs) : this.lookForStatus(askedAtMs, call);
    if (found) this.running.delete(of);
    else this.askAgain(askedAtMs, call);
  }

  /** The attempts of an outage are made one after the other once they are reported; until then only its end matters. */
  private fail(of: 'status' | 'deadline' | 'reports', call: RunningCall, reachedAtMs: number): void {
    const failedAtMs = call.nextMs;
    call.failingSinceMs ??= failedAtMs;
    call.failures += 1;
    const retryMs = Math.min(reachedAtMs - failedAtMs, RETRY_MS);
    if (call.failureReportMs === null || failedAtMs < call.failureReportMs) {
      call.nextMs = Math.min(reachedAtMs, Math.max(failedAtMs + retryMs, call.failureReportMs ?? reachedAtMs));
      return;
    }
    this.pass(failedAtMs);
    const durationMs = failedAtMs - call.failingSinceMs;
    this.facts = withOutage(this.facts, { durationMs, failures: call.failures, retryMs }, this.nowMs);
    this.running.delete(of);
  }

  private askAgain(askedAtMs: number, call: RunningCall): void {
    call.failingSinceMs = null;
    call.failures = 0;
    const delaysMs = call.delaysMs ?? [0];
    call.nextMs = askedAtMs + (delaysMs[Math.min(call.quiet++, delaysMs.length - 1)] ?? 0);
  }

  private lookForStatus(askedAtMs: number, { delaysMs, failingSinceMs }: RunningCall): boolean {
    const told = this.upstream.person(askedAtMs);
    const wanted = delaysMs === null;
    const outageMs = failingSinceMs === null ? 0 : askedAtMs - failingSinceMs;
    if (!told) this.facts = withMissingUpstream(this.facts, this.nowMs);
    else if (!wanted && normalizeStatus(told.status) === normalizeStatus(currentStatus(this.facts))) return false;
    else this.facts = withRead(this.facts, { ...told, askedAtMs }, this.nowMs, this.policy, outageMs);
    return true;
  }

  private lookForReports(askedAtMs: number): boolean {
    const reports = this.upstream.list(askedAtMs);
    if (!reports || digestOf(reports) === this.collection.digest) return false;
    this.learnList(reports, askedAtMs, 'not-yet');
    return true;
  }
}

function digestOf(reports: readonly ListedReport[]): string {
  return reports.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join();
}
