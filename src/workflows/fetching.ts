import { isCancellation } from '@temporalio/workflow';
import { withFetched } from '../domain/collection';
import { newestStored, type WantedDocument } from '../domain/reports';
import type { Applicant } from './applicant';
import { download } from './calls';

/**
 * Fetches side by side. What was stored before a cancel came is kept, for the manifest is to tell of it.
 * @throws what the first of them failed with, once all have ended
 */
export async function fetchAll(documents: readonly WantedDocument[], applicant: Applicant): Promise<void> {
  const results = await fetchBeside(documents, applicant);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) throw failures.find((reason) => !isCancellation(reason)) ?? failures[0];
}

/** Fetches side by side, and gives what came of each. */
export function fetchBeside(
  documents: readonly WantedDocument[],
  applicant: Applicant,
): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(documents.map((wanted) => fetchOne(wanted, applicant)));
}

async function fetchOne(wanted: WantedDocument, { state, input }: Applicant): Promise<void> {
  const { report, format } = wanted;
  const { clientUserId } = state;
  const newest = newestStored(state.collection.documents, report.id, format);
  const asked = { clientUserId, report, format, newest, ...laterRound(state.round) };
  // Waited for after a cancel as well: what it stores at that moment belongs into the manifest.
  const call = download(`Fetch a report as ${format}`, { cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
  const fetched = await call.fetchDocument(asked);
  state.collection = withFetched(state.collection, wanted, fetched, Date.now(), input.policy);
}

/** The first round is left out, because it would stand in nearly every history. */
export function laterRound(round = 1): { round?: number } {
  return round > 1 ? { round } : {};
}
