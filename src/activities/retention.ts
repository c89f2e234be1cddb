import { setInterval } from 'node:timers';
import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import pLimit from 'p-limit';
import type { FileEncryption } from '../domain/encryption';
import { describeUnknownPeople, type ErasureResult } from '../domain/erasure';
import { isPastRetention } from '../domain/retention';
import { openErasableEvents, recordErased } from '../events/erased-events';
import type { EventRecorder } from '../events/recorder';
import type { Audit } from '../observability/audit';
import { openErasureRecords } from '../report-store/erasure-records';
import { StoreUnavailable } from '../report-store/errors';
import type { Manifest, ReportStore } from '../report-store/port';
import type { ApplicantRuns } from './applicant-runs';
import type { ActivityMetrics } from './metrics';

/** Retention by age: the setting, and what erases. */
export interface RetentionSettings {
  /** REPORTS_RETENTION; null: nothing is erased by age. */
  readonly retentionMs: number | null;
  /** Erases like `chartway erase`, but leaves an open applicant alone. */
  eraseClosed(clientUserId: string, signal: AbortSignal): Promise<ErasureResult>;
  /** Drops quarantined notices from the store's shelf. `mixed`: ids of records that also hold notices of other people; they are kept. */
  dropQuarantined(
    clientUserId: string,
    humanIds: readonly string[],
  ): Promise<{ readonly dropped: number; readonly mixed: readonly string[] }>;
}

export interface RetentionDeps {
  readonly reportStore: ReportStore;
  readonly runs: Pick<ApplicantRuns, 'isOpen'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly metrics: Pick<ActivityMetrics, 'retentionApplicants'>;
  readonly retention: RetentionSettings;
  /** Of the event logs. */
  readonly noticeEncryption: FileEncryption;
  readonly events: EventRecorder;
}

/** One page of the applicants in the store. */
export interface DuePage {
  readonly due: readonly string[];
  /** Applicants whose manifest cannot be read, so that their closing is unknown. */
  readonly unread: readonly string[];
  /** The next page starts after this clientUserId; null after the last page. */
  readonly next: string | null;
}

/**
 * The result for one applicant. `stranger`: erased, but upstream keeps an unknown person under this clientUserId. `kept`: open, or no longer due.
 * `off`: the retention is off now.
 */
export type DueResult = 'erased' | 'stranger' | 'held' | 'kept' | 'off';

/** Due applicants of a page: a few hundred events of history. */
const PAGE_DUE = 100;
/** At most this many manifests are read for a page, so that an interruption repeats little. */
const PAGE_READ = 5_000;
const READ_CONCURRENCY = 16;
/** A twelfth of the workflow's heartbeat timeout. */
const HEARTBEAT_EVERY_MS = 5_000;
/** The actor in the audit log. */
const ACTOR = 'worker';

/** The activities of retention by age. */
export function createRetentionActivities(deps: RetentionDeps) {
  const { reportStore, noticeEncryption, runs, audit, metrics, retention, events } = deps;
  const { retentionMs, eraseClosed, dropQuarantined } = retention;
  const erasable = openErasableEvents(reportStore.shelf, noticeEncryption);
  const records = openErasureRecords(reportStore, erasable, 'age');

  return {
    /** The setting comes from the worker, because a schedule has no arguments. */
    async isRetentionOn(): Promise<boolean> {
      return retentionMs !== null;
    },

    /** Lists the next applicants that are past the retention, or whose erasure by age was interrupted. */
    async listDue({ after }: { after: string }): Promise<DuePage> {
      if (retentionMs === null) return { due: [], unread: [], next: null };
      return translateErrors(async () => {
        const ids = [...new Set([...(await reportStore.applicants()), ...(await records.listInterrupted())])].sort();
        return readPage(ids.filter((clientUserId) => clientUserId > after).slice(0, PAGE_READ));
      });
    },

    /** Erases one applicant that is still due. Safe to repeat at any point, and to run at the same time as another erasure. */
    async eraseDue({ clientUserId }: { clientUserId: string }): Promise<DueResult> {
      const { cancellationSignal: signal } = Context.current();
      const timer = setInterval(() => heartbeat(), HEARTBEAT_EVERY_MS);
      try {
        return await translateErrors(() => erase(clientUserId, signal));
      } catch (error) {
        // After an abort, the client and the timers throw errors of their own.
        throw signal.aborted ? signal.reason : error;
      } finally {
        clearInterval(timer);
      }
    },

    async countRetention(counts: Readonly<Record<'erased' | 'held' | 'failed', number>>): Promise<void> {
      for (const [result, count] of Object.entries(counts)) metrics.retentionApplicants.inc({ result }, count);
    },
  };

  async function readPage(ids: readonly string[]): Promise<DuePage> {
    const [due, unread]: [string[], string[]] = [[], []];
    let last: string | null = null;
    const limit = pLimit(READ_CONCURRENCY);
    try {
      // Starts in order, so the page holds every applicant up to `last`.
      await limit.map(ids, async (clientUserId) => {
        if (due.length >= PAGE_DUE) return;
        last = clientUserId;
        heartbeat();
        const state = await readState(clientUserId);
        if (state === 'due') due.push(clientUserId);
        if (state === 'unread') unread.push(clientUserId);
      });
    } finally {
      // After a failure no further manifest is read.
      limit.clearQueue();
    }
    const isLastPage = ids.length < PAGE_READ && last === (ids.at(-1) ?? null);
    return { due: due.sort(), unread: unread.sort(), next: isLastPage ? null : last };
  }

  async function erase(clientUserId: string, signal: AbortSignal): Promise<DueResult> {
    if (retentionMs === null) return 'off';
    const state = await readState(clientUserId);
    if (state === 'unread') throw ApplicationFailure.nonRetryable('its manifest cannot be read', 'ManifestUnread');
    if (state === 'kept' || (await runs.isOpen(clientUserId))) return keepApplicant(clientUserId);
    if (await records.isHeld(clientUserId)) return 'held';
    const record = (did: 'erase-begin' | 'erase', detail: string) =>
      audit.record({ who: ACTOR, did, clientUserId, detail });
    // First, because an erasure that cannot be recorded must not begin.
    await record('erase-begin', 'REPORTS_RETENTION');
    const erased = await eraseClosed(clientUserId, signal);
    if (erased.result === 'held') {
      const hasBegun = erased.people + erased.runs + erased.files > 0;
      await record('erase-begin', hasBegun ? `held meanwhile: ${describeCounts(erased)}` : 'refused: held');
      if (hasBegun) await records.markReported(clientUserId);
      return 'held';
    }
    if (erased.result === 'open') {
      await record('erase-begin', `started again: ${describeCounts(erased)}`);
      const result = await keepApplicant(clientUserId);
      if (erased.files === 0) return result;
      // The new round may have read a manifest whose documents are gone, so an operator has to check.
      throw ApplicationFailure.nonRetryable('it was started again while its folder was removed', 'StartedAnew');
    }
    const { dropped, mixed } = await dropQuarantined(clientUserId, erased.humanIds);
    const shared = mixed.length === 0 ? '' : `, ${mixed.length} shared with others kept`;
    const counts = `${describeCounts(erased)}, ${dropped} in quarantine${shared}`;
    await record('erase', `REPORTS_RETENTION: ${counts}${describeUnknownPeople(erased.others)}`);
    await recordErased(events, clientUserId, erased.events, Date.now());
    await records.finish(clientUserId);
    return erased.others.length > 0 ? 'stranger' : 'erased';
  }

  /** An applicant that was started again ends an interrupted erasure. */
  async function keepApplicant(clientUserId: string): Promise<DueResult> {
    if (await records.isInterrupted(clientUserId)) await records.finish(clientUserId);
    return 'kept';
  }

  async function readState(clientUserId: string): Promise<'due' | 'kept' | 'unread'> {
    let manifest: Manifest | null;
    try {
      manifest = await reportStore.readManifest(clientUserId);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      return 'unread';
    }
    if (manifest === null) return (await records.isInterrupted(clientUserId)) ? 'due' : 'kept';
    const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
    return isPastRetention(manifest, nowMs, retentionMs ?? Number.POSITIVE_INFINITY) ? 'due' : 'kept';
  }
}

function describeCounts({ people, runs, files }: ErasureResult): string {
  return `${people} people, ${runs} runs, ${files} files`;
}

/** Keeps only the kind of an error, because its message may quote paths and answers. */
async function translateErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    const { name, code } = error as NodeJS.ErrnoException;
    const kind = `${name}${code === undefined ? '' : ` ${code}`}`;
    throw ApplicationFailure.retryable(`retention failed (${kind}); retried`, name);
  }
}
