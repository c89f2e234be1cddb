import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import type { EventRecorder } from '../../src/events/recorder';
import type { Manifest } from '../../src/report-store/port';
import {
  type ApplicantState,
  type CollectRecordsInput,
  type CollectRecordsResult,
  reportNoticeSignal,
  stateQuery,
  statusNoticeSignal,
} from '../../src/workflows/contract';
import type { FakeStore } from './fake-store';
import type { Change, FakeUpstream, Route } from './fake-upstream';

/** The newest run of an applicant. */
export type Handle = WorkflowHandle<(input: CollectRecordsInput) => Promise<CollectRecordsResult>>;

/** A run continues as new after this number of signals; while calls of upstream fail, after the other one. */
export const MAX_SIGNALS = 2_000;
export const MAX_SIGNALS_IN_STEP = 5_000;

/** What the Temporal UI shows. */
export async function readDetails(handle: Handle): Promise<string> {
  const metadata = await handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

export interface FollowOptions {
  readonly clientUserId?: string;
  readonly store?: FakeStore;
  /** Simulated server only. Default: no endpoint. */
  readonly events?: EventRecorder;
  readonly policy?: Policy;
  /** Default: none, because the time-skipping server starts a delayed run at once. */
  readonly refreshCheckAfterMs?: readonly number[];
  readonly input?: Partial<CollectRecordsInput>;
  /** Simulated server only: the worker evicts the workflow after this many tasks and replays it for the next one. */
  readonly forgetAfterTasks?: number;
}

/** The input of an applicant of the tests. */
export function applicantInput(clientUserId: string, options: FollowOptions): CollectRecordsInput {
  const { policy = DEFAULT_POLICY, refreshCheckAfterMs = [], input } = options;
  const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
  return { details, detailsDigest: 'digest', policy: { ...policy, refreshCheckAfterMs }, ...input };
}

/** `afterMs`: when the applicant closed, after the start of its first run, by the server's clock. */
interface ApplicantEnd {
  readonly status: string;
  readonly result: CollectRecordsResult | null;
  readonly afterMs: number;
}

/** An applicant on a server whose clock the test moves. */
export class ApplicantUnderTest {
  constructor(
    private readonly env: Pick<TestWorkflowEnvironment, 'sleep' | 'currentTimeMs'>,
    readonly handle: Handle,
    readonly clientUserId: string,
    readonly upstream: FakeUpstream,
    readonly store: FakeStore,
    private readonly startedAtMs: number,
    readonly stop: () => Promise<void>,
  ) {}

  async state(): Promise<ApplicantState> {
    return this.handle.query(stateQuery);
  }

  /** The ids of the activities of this type that run or wait, in order. */
  async activityIds(type: string): Promise<string[]> {
    const { raw } = await this.handle.describe();
    const ofType = (raw.pendingActivities ?? []).filter(({ activityType }) => activityType?.name === type);
    return ofType.map(({ activityId }) => activityId ?? '');
  }

  async skip(ms: number): Promise<void> {
    await this.env.sleep(ms);
  }

  /** Skips to this time after the invitation. */
  async skipTo(afterInvitationMs: number): Promise<void> {
    await this.waitForInvitation();
    const aheadMs = this.invitedAtMs + afterInvitationMs - (await this.env.currentTimeMs());
    if (aheadMs > 0) await this.skip(aheadMs);
  }

  async waitForInvitation(): Promise<void> {
    await this.skipUntil((state) => state.humanId !== null, SECOND_MS);
  }

  /** Skips in steps until `holds` returns true, at most `maxMs`. */
  async skipUntil(
    holds: (state: ApplicantState) => boolean,
    stepMs = MINUTE_MS,
    maxMs = 24 * HOUR_MS,
  ): Promise<ApplicantState> {
    for (let skippedMs = 0; skippedMs <= maxMs; skippedMs += stepMs) {
      const state = await this.state();
      if (holds(state)) return state;
      await this.skip(stepMs);
    }
    throw new Error(`the condition is still false after ${maxMs} ms: ${JSON.stringify(await this.state())}`);
  }

  /** Skips in steps until the applicant closes. */
  async waitForEnd(stepMs = 12 * HOUR_MS, maxMs = 200 * DAY_MS): Promise<ApplicantEnd> {
    for (let skippedMs = 0; skippedMs <= maxMs; skippedMs += stepMs) {
      const { status, closeTime } = await this.handle.describe();
      if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') {
        const result = status.name === 'COMPLETED' ? await this.handle.result() : null;
        return { status: status.name, result, afterMs: (closeTime?.getTime() ?? Number.NaN) - this.startedAtMs };
      }
      await this.skip(stepMs);
    }
    throw new Error(`the applicant is still open after ${maxMs} ms: ${JSON.stringify(await this.state())}`);
  }

  get humanId(): string {
    return this.person.humanId;
  }

  get invitedAtMs(): number {
    return this.person.invitedAtMs;
  }

  private get person(): FakeUpstream['people'][number] {
    const person = this.upstream.people.find(({ clientUserId }) => clientUserId === this.clientUserId);
    if (!person) throw new Error('expected an invited person');
    return person;
  }

  get manifest(): Manifest {
    const manifest = this.store.manifests.get(this.clientUserId);
    if (!manifest) throw new Error('expected a manifest');
    return manifest;
  }

  /**
   * Sends the notices of these changes, each at its time. The time-skipping server rejects every further workflow task if a notice cancels a timer at
   * the moment at which it fires.
   */
  async sendNotices(script: readonly Change[]): Promise<void> {
    for (const { afterMs, status, reports = [] } of script) {
      await this.skipTo(afterMs);
      if (status !== undefined) await this.sendStatusNotice(status, afterMs);
      for (const { id, updatedAt } of reports) await this.sendReportNotice(id, updatedAt);
    }
  }

  /** `updatedAfterMs`: after the invitation. */
  async sendStatusNotice(status: string, updatedAfterMs: number, humanId = this.humanId): Promise<void> {
    const updatedAt = new Date(this.invitedAtMs + updatedAfterMs).toISOString();
    await this.handle.signal(statusNoticeSignal, { humanId, status, updatedAt });
  }

  /** Sends so many notices about another person that the next run has to continue this one. */
  async continueAsNew(signals = MAX_SIGNALS): Promise<void> {
    const { runId } = await this.handle.describe();
    for (let sent = 0; sent < signals; sent += 1) await this.sendStatusNotice('Declined', DAY_MS, 'h-else');
    await this.skip(MINUTE_MS);
    if ((await this.handle.describe()).runId === runId) throw new Error('expected another run to continue this one');
  }

  async sendReportNotice(
    reportId: string,
    updatedAt: string | null = '2026-01-01T00:00:00.000Z',
    humanId = this.humanId,
  ): Promise<void> {
    await this.handle.signal(reportNoticeSignal, { humanId, reportId, type: null, updatedAt });
  }

  async countEvents(): Promise<number> {
    return (await this.handle.fetchHistory()).events?.length ?? 0;
  }

  /** The calls of upstream in order. `sinceMs`: after the invitation. */
  routes(sinceMs = Number.NEGATIVE_INFINITY): Route[] {
    const fromMs = Number.isFinite(sinceMs) ? this.invitedAtMs + sinceMs : sinceMs;
    return this.upstream.calls.filter(({ atMs }) => atMs >= fromMs).map(({ route }) => route);
  }
}
