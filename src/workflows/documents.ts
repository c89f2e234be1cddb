import { isCancellation } from '@temporalio/workflow';
import { type Collection, findNewestStored, withDownloadResult } from '../domain/collection';
import type { Policy } from '../domain/policy';
import type { WantedDocument } from '../domain/reports';
import { downloadActivities } from './activity-calls';
import type { Applicant } from './applicant';

/**
 * Fetches side by side. What was stored before a cancel came is kept, for the manifest is to tell of it.
 * @throws what the first of them failed with, once all have ended
 */
export async function fetchDocuments(documents: readonly WantedDocument[], applicant: Applicant): Promise<void> {
  const results = await fetchConcurrently(documents, applicant);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) throw failures.find((reason) => !isCancellation(reason)) ?? failures[0];
}

/** Fetches side by side, and gives what came of each. */
export function fetchConcurrently(
  documents: readonly WantedDocument[],
  applicant: Applicant,
): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(documents.map((wanted) => fetchOne(wanted, applicant)));
}

async function fetchOne(wanted: WantedDocument, { state, input }: Applicant): Promise<void> {
  const { clientUserId, collection, round } = state;
  const asked = { clientUserId, ...downloadRequest(wanted, collection, input.policy, round) };
  // Waited for after a cancel as well: what it stores at that moment belongs into the manifest.
  const call = downloadActivities(`Fetch a report as ${wanted.format}`, {
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const fetched = await call.fetchDocument(asked);
  state.collection = withDownloadResult(state.collection, wanted, fetched, Date.now(), input.policy);
}

/** What a download has to know beside whose it is. */
export function downloadRequest(
  wanted: WantedDocument,
  collection: Collection,
  policy: Policy,
  round: number | undefined,
) {
  const { newest, isInManifest } = findNewestStored(collection, wanted);
  const refusedPatienceMs = policy.accessRefusedPatienceMs;
  return {
    ...wanted,
    newest,
    ...(isInManifest && { isNewestInManifest: true }),
    refusedPatienceMs,
    ...laterRound(round),
  };
}

/** The first round is left out, because it would stand in nearly every history. */
function laterRound(round = 1): { round?: number } {
  return round > 1 ? { round } : {};
}
