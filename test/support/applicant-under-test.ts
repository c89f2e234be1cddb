import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import type { Manifest } from '../../src/report-store/port';
import {
  type ApplicantState,
  type CollectRecordsInput,
  type CollectRecordsResult,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from '../../src/workflows/contract';
import { until } from './condition';
import type { FakeStore } from './fake-store';
import type { Change, FakeUpstream, Route } from './fake-upstream';

/** The run of one applicant, the last one where it continued as new. */
export type Handle = WorkflowHandle<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>;

/** How an applicant ended, and when (ms after the start of its first run, by the server's clock). */
interface ApplicantEnd {
  readonly status: string;
  readonly result: CollectRecordsResult | null;
  readonly afterMs: number;
}

/** It takes milliseconds, and on a machine where all else goes on as well some seconds. */
const CANCEL_TIMEOUT_MS = 25_000;

/** One applicant under way. */
export class ApplicantUnderTest {
  constructor(
    private readonly env: Pick<TestWorkflowEnvironment, 'sleep' | 'currentTimeMs'>,
    readonly handle: Handle,
    readonly clientUserId: string,
    readonly humanApi: FakeUpstream,
    readonly store: FakeStore,
    private readonly startedAtMs: number,
    readonly stop: () => Promise<void>,
  ) {}

  async state(): Promise<ApplicantState> {
    return this.handle.query(stateQuery);
  }

  /** Lets the server's clock run on. */
  async skip(ms: number): Promise<void> {
    await this.env.sleep(ms);
  }

  /** Lets time pass to so long after the invitation. */
  async skipTo(afterInvitationMs: number): Promise<void> {
    await this.waitForInvitation();
    const aheadMs = this.invitedAtMs + afterInvitationMs - (await this.env.currentTimeMs());
    if (aheadMs > 0) await this.skip(aheadMs);
  }

  /** Lets a second pass at a time until the invitation is answered. */
  async waitForInvitation(): Promise<void> {
    await this.skipUntil((state) => state.humanId !== null, SECOND_MS);
  }

  /** Lets time pass in steps until `holds`, up to a limit of virtual time. */
  async skipUntil(
    holds: (state: ApplicantState) => boolean,
    stepMs = MINUTE_MS,
    mostMs = 24 * HOUR_MS,
  ): Promise<ApplicantState> {
    for (let passedMs = 0; passedMs <= mostMs; passedMs += stepMs) {
      const state = await this.state();
      if (holds(state)) return state;
      await this.skip(stepMs);
    }
    throw new Error(`not so after ${mostMs} ms: ${JSON.stringify(await this.state())}`);
  }

  /** How the applicant ends; looked at every `stepMs` of virtual time. */
  async waitForEnd(stepMs = 6 * HOUR_MS, mostMs = 200 * DAY_MS): Promise<ApplicantEnd> {
    for (let passedMs = 0; passedMs <= mostMs; passedMs += stepMs) {
      const about = await this.handle.describe();
      if (about.status.name !== 'RUNNING' && about.status.name !== 'CONTINUED_AS_NEW') {
        const result = about.status.name === 'COMPLETED' ? await this.handle.result() : null;
        const closed = about.closeTime?.getTime() ?? Number.NaN;
        return { status: about.status.name, result, afterMs: closed - this.startedAtMs };
      }
      await this.skip(stepMs);
    }
    throw new Error(`still open after ${mostMs} ms: ${JSON.stringify(await this.state())}`);
  }

  get humanId(): string {
    return this.person.humanId;
  }

  get invitedAtMs(): number {
    return this.person.invitedAtMs;
  }

  private get person(): FakeUpstream['people'][number] {
    const person = this.humanApi.people.find(({ clientUserId }) => clientUserId === this.clientUserId);
    if (!person) throw new Error('nobody was invited');
    return person;
  }

  get manifest(): Manifest {
    const manifest = this.store.manifests.get(this.clientUserId);
    if (!manifest) throw new Error('no manifest was written');
    return manifest;
  }

  /**
   * Sends the notices that upstream would send of a life like this, each at its time. It must not be a moment at which a timer of the
   * workflow fires: where that one is cancelled by the notice, this server refuses the workflow task for good.
   */
  async sendNotices(script: readonly Change[]): Promise<void> {
    for (const { afterMs, status, reports = [] } of script) {
      await this.skipTo(afterMs);
      if (status !== undefined) await this.sendStatusNotice(status, afterMs);
      for (const { id, updatedAt } of reports) await this.sendReportNotice(id, updatedAt);
    }
  }

  /** Sends a status notice; `updatedAt` in ms after the invitation. */
  async sendStatusNotice(status: string, updatedAfterMs: number, humanId = this.humanId): Promise<void> {
    const updatedAt = new Date(this.invitedAtMs + updatedAfterMs).toISOString();
    await this.handle.signal(statusNoticeSignal, { humanId, status, updatedAt });
  }

  async sendReportNotice(
    reportId: string,
    updatedAt: string | null = '2026-01-01T00:00:00.000Z',
    humanId = this.humanId,
  ): Promise<void> {
    await this.handle.signal(reportNoticeSignal, { humanId, reportId, type: null, updatedAt });
  }

  /**
   * Requests the cancel and waits, in real time, until the workflow has passed it on to its activity: where that one ends at the same
   * moment, this server refuses the workflow task for good.
   */
  async cancelInFlight(): Promise<void> {
    await this.handle.cancel();
    const { EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: requested } = temporal.api.enums.v1.EventType;
    await until('the cancel request to reach an activity', CANCEL_TIMEOUT_MS, async () => {
      const { events } = await this.handle.fetchHistory();
      return events?.some(({ eventType }) => eventType === requested);
    });
  }

  /** How many events the history has. */
  async countEvents(): Promise<number> {
    return (await this.handle.fetchHistory()).events?.length ?? 0;
  }

  /** What upstream was asked, in order; `since` in ms after the invitation. */
  routes(sinceMs = Number.NEGATIVE_INFINITY): Route[] {
    const fromMs = Number.isFinite(sinceMs) ? this.invitedAtMs + sinceMs : sinceMs;
    return this.humanApi.calls.filter(({ atMs }) => atMs >= fromMs).map(({ route }) => route);
  }
}
