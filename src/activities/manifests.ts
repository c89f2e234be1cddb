import { activityInfo, log } from '@temporalio/activity';
import { compactDocuments } from '../domain/collection-documents';
import type { EventType } from '../domain/events';
import { parseInstantMs } from '../domain/instants';
import type { Marks } from '../domain/marks';
import type { Outcome, Reason } from '../domain/outcome';
import { isFromCurrentDetails, type StoredDocument } from '../domain/reports';
import type { EventRecorder } from '../events/recorder';
import type { Audit } from '../observability/audit';
import { WrongFolder } from '../report-store/errors';
import { createKeyedDigest, type DigestKeys, matchDetails } from '../report-store/keyed-digest';
import type { Manifest, ManifestChange, ReportStore } from '../report-store/port';
import type { ApplicantRuns } from './applicant-runs';
import { translateStoreErrors } from './store';

/** The manifest as it was before this run. */
export type EarlierRound =
  | ({ kind: 'none' } & ConfiguredEvents)
  | ({
      kind: 'known';
      humanId: string | null;
      outcome: Outcome | null;
      reason: Reason | null;
      /** ISO 8601; null while the applicant is open. */
      closedAt: string | null;
      /** Documents of the current details; a long list is replaced by marks. */
      documents: readonly StoredDocument[];
      marks?: Marks;
      round: number;
      detailsRound: number;
      revision: number;
      /** The round had other details, or it has an outcome and its details are unknown. */
      ofOthers: boolean;
    } & ConfiguredEvents)
  | { kind: 'wrong-folder' };

/** `events`: the types of events that are sent; missing without an endpoint, so that the history does not grow. */
export interface ConfiguredEvents {
  readonly events?: readonly EventType[];
}

/** The manifest after a write. An earlier write may have been newer. */
export interface RecordedManifest extends ConfiguredEvents {
  readonly round: number;
  readonly revision: number;
  readonly outcome: Outcome | null;
}

export interface EarlierRoundInput {
  readonly clientUserId: string;
  readonly detailsDigest: string;
}

/**
 * `checkAfterMs`: when to list the reports again, in ms after `closedAt`, ascending. `isCancelAudited`: an operator cancelled through Chartway, which
 * wrote the audit line before.
 */
export type RecordManifestInput = ManifestChange & {
  readonly checkAfterMs?: readonly number[];
  readonly isCancelAudited?: boolean;
};

export interface ManifestDeps {
  readonly reportStore: ReportStore;
  /** Keys of the digest in the manifest, without which names and birth dates could be guessed from it. */
  readonly digestKeys: DigestKeys;
  readonly audit: Pick<Audit, 'record'>;
  readonly runs: Pick<ApplicantRuns, 'scheduleChecks'>;
  readonly events: Pick<EventRecorder, 'types'>;
  /** How long after the closing new versions of reports are collected, in ms. */
  readonly refreshForMs: number;
}

/** The wait for other writers ends before the attempt does, because an attempt that has timed out must not write. */
const WAIT_SHARE_OF_TIMEOUT = 0.8;

export function createManifestActivities(deps: ManifestDeps) {
  const { reportStore, digestKeys, audit, runs, refreshForMs, events } = deps;
  const configured: ConfiguredEvents = events.types ? { events: events.types } : {};
  return {
    /** Reads the manifest of an earlier round, because Temporal deletes closed runs. Without one, claims the folder for the applicant. */
    async readEarlierRound({ clientUserId, detailsDigest }: EarlierRoundInput): Promise<EarlierRound> {
      try {
        return await translateStoreErrors(() => readOrClaim(clientUserId, detailsDigest));
      } catch (error) {
        if (error instanceof WrongFolder) return { kind: 'wrong-folder' };
        throw error;
      }
    },

    /**
     * Writes a round or its closing. `detailsDigest` is plain here and stored keyed. A cancel that was requested in Temporal is recorded in the audit log, and checks
     * after a closing are scheduled as part of the write (decision 0037), so runs of earlier versions need no further command.
     */
    async recordManifest(input: RecordManifestInput): Promise<RecordedManifest> {
      const { checkAfterMs = [], isCancelAudited = false, ...change } = input;
      const detailsDigest = change.detailsDigest === null ? null : createKeyedDigest(digestKeys, change.detailsDigest);
      const waitAtMostMs = activityInfo().startToCloseTimeoutMs * WAIT_SHARE_OF_TIMEOUT;
      const manifest = await translateStoreErrors(() =>
        reportStore.updateManifest({ ...change, detailsDigest }, { waitAtMostMs }),
      );
      const { round, revision, outcome } = manifest;
      if (outcome !== null) warnUnreadEntries(manifest);
      // They differ if a newer write has closed the round.
      if (outcome === change.outcome) {
        if (!isCancelAudited) await recordCancel(change);
        await scheduleChecks(change, checkAfterMs);
      }
      return { round, revision, outcome, ...configured };
    },
  };

  async function readOrClaim(clientUserId: string, detailsDigest: string): Promise<EarlierRound> {
    const manifest = await reportStore.readManifest(clientUserId);
    if (!manifest) {
      await reportStore.claim(clientUserId);
      return { kind: 'none', ...configured };
    }
    warnUnreadEntries(manifest);
    const { humanId, outcome, reason, closedAt, round, detailsRound, revision } = manifest;
    const documents = manifest.documents.filter((document) => isFromCurrentDetails(document, detailsRound));
    const match = matchDetails(manifest.detailsDigest, digestKeys, detailsDigest);
    // The key of the digest was removed, so it is unknown whose outcome this is.
    const isUnknown = match === 'unknown' && manifest.detailsDigest !== null && outcome !== null;
    const ofOthers = match === 'other' || isUnknown;
    const known = { humanId, outcome, reason, closedAt, round, detailsRound, revision, ofOthers };
    return { kind: 'known', ...known, ...compactDocuments(documents), ...configured };
  }

  /** Records a cancel that was requested in Temporal, where Chartway does not see who did. A failing audit log must not keep the applicant open. */
  async function recordCancel({ clientUserId, outcome, reason }: ManifestChange): Promise<void> {
    if (outcome !== 'cancelled' || reason !== 'operator') return;
    const detail = 'requested in Temporal; see the history of the run';
    await audit.record({ who: 'worker', did: 'cancel', clientUserId, detail }).catch(() => undefined);
  }

  async function scheduleChecks({ clientUserId, closedAt }: ManifestChange, checkAfterMs: readonly number[]) {
    const closedAtMs = parseInstantMs(closedAt);
    // A later check would find the closing too old.
    const afterMs = checkAfterMs.filter((ms) => ms <= refreshForMs);
    const [firstMs] = afterMs;
    if (closedAtMs === null || firstMs === undefined) return;
    await runs.scheduleChecks(clientUserId, { closedAtMs, afterMs }, firstMs);
  }
}

/** Logs only the number of entries, because their values may be anything. */
function warnUnreadEntries({ clientUserId, unread }: Manifest): void {
  if (!unread) return;
  const count = unread.documents.length + unread.missing.length;
  log.warn('the manifest has entries that this version cannot read; they are kept', { clientUserId, count });
}
