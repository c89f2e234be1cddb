import { activityInfo, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { compactDocuments } from '../domain/collection-documents';
import type { Marks } from '../domain/marks';
import type { Outcome, Reason } from '../domain/outcome';
import { isFromCurrentDetails, type StoredDocument } from '../domain/reports';
import { describeError } from '../observability/describe-error';
import { StoreNotFound, UnreadableManifest, WrongFolder } from '../report-store/errors';
import { createKeyedDigest, type DigestKeys, matchDetails } from '../report-store/keyed-digest';
import type { Manifest, ManifestChange, ReportStore } from '../report-store/port';

/** What the store knew of an applicant before this run. */
export type EarlierRound =
  | { kind: 'none' }
  | {
      kind: 'known';
      humanId: string | null;
      outcome: Outcome | null;
      reason: Reason | null;
      /** ISO 8601; null while the applicant is open. */
      closedAt: string | null;
      /** Those of the present details; of many there are marks instead. */
      documents: readonly StoredDocument[];
      marks?: Marks;
      round: number;
      detailsRound: number;
      revision: number;
      /** True if it was started with other details, or has an outcome and its details are unknown. */
      ofOthers: boolean;
    }
  | { kind: 'wrong-folder' };

/** What the manifest says after a write: another may have been newer. */
export interface RecordedManifest {
  readonly round: number;
  readonly revision: number;
  readonly outcome: Outcome | null;
}

export interface EarlierRoundInput {
  readonly clientUserId: string;
  readonly detailsDigest: string;
}

export interface ManifestDeps {
  readonly reportStore: ReportStore;
  /** Of the digest of the details in the manifest, which must not be guessed from names and birth dates. */
  readonly digestKeys: DigestKeys;
}

/** The activities about an applicant's manifest. They touch the store only, so they have no share in upstream's rate. */
export function createManifestActivities({ reportStore, digestKeys }: ManifestDeps) {
  return {
    /** Reads what an earlier round left: Temporal forgets closed runs, the manifest does not. Where nothing is, the place is claimed for the applicant. */
    async readEarlierRound({ clientUserId, detailsDigest }: EarlierRoundInput): Promise<EarlierRound> {
      return translateStoreErrors<EarlierRound>(async () => {
        const manifest = await reportStore.readManifest(clientUserId);
        if (!manifest) {
          await reportStore.claim(clientUserId);
          return { kind: 'none' };
        }
        warnUnreadEntries(manifest);
        const { humanId, outcome, reason, closedAt, round, detailsRound, revision } = manifest;
        const documents = manifest.documents.filter((document) => isFromCurrentDetails(document, detailsRound));
        const match = matchDetails(manifest.detailsDigest, digestKeys, detailsDigest);
        // A digest whose key was rotated away: details that may be another person's get no outcome.
        const isUnknown = match === 'unknown' && manifest.detailsDigest !== null && outcome !== null;
        const ofOthers = match === 'other' || isUnknown;
        return {
          kind: 'known',
          humanId,
          outcome,
          reason,
          closedAt,
          ...compactDocuments(documents),
          round,
          detailsRound,
          revision,
          ofOthers,
        };
      }).catch((error: unknown): EarlierRound => {
        if (error instanceof WrongFolder) return { kind: 'wrong-folder' };
        throw error;
      });
    },

    /** Writes a round, or the closing, into the manifest. `detailsDigest` comes plain and is stored keyed. */
    async recordManifest(change: ManifestChange): Promise<RecordedManifest> {
      const detailsDigest = change.detailsDigest === null ? null : createKeyedDigest(digestKeys, change.detailsDigest);
      const waitAtMostMs = activityInfo().startToCloseTimeoutMs * SHARE_OF_THE_TIMEOUT;
      const written = () => reportStore.updateManifest({ ...change, detailsDigest }, { waitAtMostMs });
      const recorded = await translateStoreErrors(written);
      const { round, revision, outcome } = recorded;
      if (outcome !== null) warnUnreadEntries(recorded);
      return { round, revision, outcome };
    },
  };
}

/** Their values may be anything, so they are only counted. */
function warnUnreadEntries({ clientUserId, unread }: Manifest): void {
  if (!unread) return;
  const count = unread.documents.length + unread.missing.length;
  log.warn('the manifest has entries that this version cannot read; they are kept as they are', {
    clientUserId,
    count,
  });
}

/** Waiting for other writers ends before the attempt does: an attempt that was given up must not write later. */
const SHARE_OF_THE_TIMEOUT = 0.8;

/** A store that cannot be read or written is retried without limit: work goes on when there is space again. Its paths stay here. */
export async function translateStoreErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WrongFolder) throw error;
    const { name, code } = describeError(error);
    const isTold = error instanceof UnreadableManifest || error instanceof StoreNotFound;
    const why = isTold ? error.message : `the report store failed (${code ?? name})`;
    throw ApplicationFailure.create({ message: `${why}; it is tried again`, type: 'StoreUnavailable' });
  }
}
