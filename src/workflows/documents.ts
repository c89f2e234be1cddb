import { isCancellation } from '@temporalio/workflow';
import type { Collection } from '../domain/collection';
import { findNewestStored, withDownloadResult } from '../domain/collection-documents';
import type { DownloadResult } from '../domain/download-results';
import type { Policy } from '../domain/policy';
import type { WantedDocument } from '../domain/reports';
import { downloadActivities } from './activity-calls';
import type { Applicant } from './applicant';

/** The applicant and the round that documents are downloaded for. */
interface DownloadTarget {
  readonly clientUserId: string;
  readonly round?: number | undefined;
  readonly policy: Policy;
}

/** Downloads documents concurrently, and waits for all. Then throws the first failure that is not a cancellation, else the cancellation. */
export async function fetchDocuments(documents: readonly WantedDocument[], applicant: Applicant): Promise<void> {
  const results = await fetchConcurrently(documents, applicant);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) throw failures.find((reason) => !isCancellation(reason)) ?? failures[0];
}

/** The same, but returns the failures. The collection learns each result when it arrives. */
export function fetchConcurrently(
  documents: readonly WantedDocument[],
  applicant: Applicant,
): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(documents.map((wanted) => fetchOne(wanted, applicant)));
}

async function fetchOne(wanted: WantedDocument, { state, outbox, input: { policy } }: Applicant): Promise<void> {
  const target = { clientUserId: state.clientUserId, round: state.round, policy };
  const result = await download(wanted, state.collection, target);
  if (result.kind === 'stored') outbox.holdDocument(result.document);
  state.collection = withDownloadResult(state.collection, wanted, result, Date.now(), policy);
}

/** After a cancel request the download runs to its end, because the manifest must list what it stores. */
export function download(
  wanted: WantedDocument,
  collection: Collection,
  { clientUserId, round = 1, policy }: DownloadTarget,
): Promise<DownloadResult> {
  const { newest, isInManifest } = findNewestStored(collection, wanted);
  const options = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;
  return downloadActivities(`Fetch a report as ${wanted.format}`, options).fetchDocument({
    clientUserId,
    ...wanted,
    newest,
    ...(isInManifest && { isNewestInManifest: true }),
    refusedPatienceMs: policy.accessRefusedPatienceMs,
    // Left out for the first round, to keep histories small.
    ...(round > 1 && { round }),
  });
}
