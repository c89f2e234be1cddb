import { setInterval } from 'node:timers';
import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { describeUnknownPeople } from '../domain/erasure';
import { isPastRetention } from '../domain/retention';
import type { AuditEntry } from '../observability/audit';
import { openErasureRecords } from '../report-store/erasure-records';
import { StoreUnavailable } from '../report-store/errors';
import type { Manifest, ReportStore } from '../report-store/port';
import type { ApplicantRuns } from './refresh';
import type { RetentionMetrics } from './retention-metrics';

/** How erasing a closed applicant ended. `open`: it was started anew, and is left alone from then on. */
export interface EraseResult {
  readonly result: 'erased' | 'held' | 'open';
  readonly humanIds: readonly string[];
  readonly people: number;
  readonly runs: number;
  readonly files: number;
  /** The humanIds of people upstream under this clientUserId who are not known as ours: they were left. */
  readonly others: readonly string[];
}

/** What erasing by age is done with, by whoever knows Temporal's client, the quarantine and the audit log. */
export interface RetentionSettings {
  /** REPORTS_RETENTION; null: nothing is erased by age. */
  readonly retentionMs: number | null;
  /** As `chartway erase` does it, but for an applicant who is open. */
  eraseClosed(clientUserId: string, signal: AbortSignal): Promise<EraseResult>;
  /** Drops what lies on the store's shelf of notices in quarantine. `mixed`: records that name others too, and stay. */
  dropSetAside(
    clientUserId: string,
    humanIds: readonly string[],
  ): Promise<{ readonly dropped: number; readonly mixed: readonly string[] }>;
  readonly audit: { record(entry: AuditEntry): Promise<void> };
  readonly metrics: RetentionMetrics;
}

export interface RetentionDeps {
  readonly reportStore: ReportStore;
  readonly runs: Pick<ApplicantRuns, 'isOpen'>;
  readonly retention: RetentionSettings;
}

/** One page of a look through the store. */
export interface DuePage {
  readonly due: readonly string[];
  /** Of whom there is a manifest that cannot be read, so nobody knows when they closed. */
  readonly unread: readonly string[];
  /** Behind whom the next page begins; null: that was all. */
  readonly next: string | null;
}

/**
 * How one applicant who seemed due ended. `stranger`: erased, and upstream has a person under this id who is not known as ours, and was left;
 * `kept`: open, open again, or not due any more; `off`: nothing is to be erased by age now.
 */
export type DueResult = 'erased' | 'stranger' | 'held' | 'kept' | 'off';

/** So many due applicants make a page: some hundred events of history. */
const PAGE_DUE = 100;
/** So many manifests are read for a page at most, so that a look that is broken off goes on near there. */
const PAGE_LOOKED = 5_000;
const READ_CONCURRENCY = 16;
/** A twelfth of the heartbeat timeout. */
const HEARTBEAT_EVERY_MS = 5_000;

/** The steps of erasing by age. */
export function createRetentionActivities({ reportStore, runs, retention }: RetentionDeps) {
  const { retentionMs, eraseClosed, dropSetAside, audit, metrics } = retention;
  const records = openErasureRecords(reportStore, 'age');

  return {
    /** A schedule has no arguments: whether there is anything to do is the worker's to say. */
    async isRetentionOn(): Promise<boolean> {
      return retentionMs !== null;
    },

    /** The next applicants who are past the retention, and those whose erasing by age was broken off. */
    async listDue({ after }: { after: string }): Promise<DuePage> {
      if (retentionMs === null) return { due: [], unread: [], next: null };
      return translateErrors(async () => {
        const all = [...new Set([...(await reportStore.applicants()), ...(await records.listInterrupted())])].sort();
        const looked = all.filter((clientUserId) => clientUserId > after).slice(0, PAGE_LOOKED);
        const [due, unread]: [string[], string[]] = [[], []];
        for (let at = 0; at < looked.length; at += READ_CONCURRENCY) {
          heartbeat();
          const some = looked.slice(at, at + READ_CONCURRENCY);
          const found = await Promise.all(some.map(stateOf));
          due.push(...some.filter((_, index) => found[index] === 'due'));
          unread.push(...some.filter((_, index) => found[index] === 'unread'));
          if (due.length >= PAGE_DUE) return { due, unread, next: some.at(-1) ?? null };
        }
        return { due, unread, next: looked.length === PAGE_LOOKED ? (looked.at(-1) ?? null) : null };
      });
    },

    /** Erases one, where that is still to be done. Harmless to repeat at any point, and beside another of the same. */
    async eraseDue({ clientUserId }: { clientUserId: string }): Promise<DueResult> {
      const { cancellationSignal: signal } = Context.current();
      const beat = setInterval(() => heartbeat(), HEARTBEAT_EVERY_MS);
      try {
        return await translateErrors(() => erase(clientUserId, signal));
      } catch (error) {
        // Whatever the client and the timers make of it.
        throw signal.aborted ? signal.reason : error;
      } finally {
        clearInterval(beat);
      }
    },

    async countRetention(counts: Readonly<Record<'erased' | 'held' | 'failed', number>>): Promise<void> {
      for (const [result, count] of Object.entries(counts)) metrics.applicants.inc({ result }, count);
    },
  };

  async function erase(clientUserId: string, signal: AbortSignal): Promise<DueResult> {
    if (retentionMs === null) return 'off';
    const found = await stateOf(clientUserId);
    if (found === 'unread') throw ApplicationFailure.nonRetryable('its manifest cannot be read', 'ManifestUnread');
    if (found === 'kept' || (await runs.isOpen(clientUserId))) return keepApplicant(clientUserId);
    if (await records.isHeld(clientUserId)) return 'held';
    // Before anything else: what cannot be recorded is not done.
    await audit.record({ who: ACTOR, did: 'erase-begin', clientUserId, detail: 'REPORTS_RETENTION' });
    const erased = await eraseClosed(clientUserId, signal);
    if (erased.result === 'held') {
      const begun = erased.people + erased.runs + erased.files > 0;
      const detail = begun ? `held meanwhile: ${describeCounts(erased)}` : 'refused: held';
      await audit.record({ who: ACTOR, did: 'erase-begin', clientUserId, detail });
      if (begun) await records.markReported(clientUserId);
      return 'held';
    }
    if (erased.result === 'open') {
      await audit.record({
        who: ACTOR,
        did: 'erase-begin',
        clientUserId,
        detail: `started anew: ${describeCounts(erased)}`,
      });
      const ended = await keepApplicant(clientUserId);
      if (erased.files === 0) return ended;
      // Its new round may have read what the manifest told of documents that are gone now: somebody has to look.
      throw ApplicationFailure.nonRetryable('it was started anew while its folder was removed', 'StartedAnew');
    }
    const { dropped, mixed } = await dropSetAside(clientUserId, erased.humanIds);
    const shared = mixed.length === 0 ? '' : `, ${mixed.length} shared with others left`;
    const detail = `REPORTS_RETENTION: ${describeCounts(erased)}, ${dropped} in quarantine${shared}${describeUnknownPeople(erased.others)}`;
    await audit.record({ who: ACTOR, did: 'erase', clientUserId, detail });
    await records.finish(clientUserId);
    return erased.others.length > 0 ? 'stranger' : 'erased';
  }

  /** An earlier attempt that was broken off has nothing more to say of somebody who has been started anew. */
  async function keepApplicant(clientUserId: string): Promise<DueResult> {
    if (await records.isInterrupted(clientUserId)) await records.finish(clientUserId);
    return 'kept';
  }

  async function stateOf(clientUserId: string): Promise<'due' | 'kept' | 'unread'> {
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

/** Who acts, in the audit log. */
const ACTOR = 'worker';

function describeCounts({ people, runs, files }: EraseResult): string {
  return `${people} people, ${runs} runs, ${files} files`;
}

/** What is thrown may quote paths and answers: of those only the kind is told. */
async function translateErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    const { name, code } = error as NodeJS.ErrnoException;
    const kind = `${name}${code === undefined ? '' : ` ${code}`}`;
    throw ApplicationFailure.retryable(`erasing by age failed (${kind}); it is tried again`, name);
  }
}
