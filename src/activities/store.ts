import { ApplicationFailure } from '@temporalio/common';
import { KeyMissing } from '../domain/encryption';
import { describeError } from '../observability/describe-error';
import { StoreError, WrongFolder } from '../report-store/errors';
import type { Manifest, ReportStore } from '../report-store/port';

/**
 * Turns a failure of the store into a retryable Temporal failure that names no path: work continues once the store can be written. Throws
 * WrongFolder and a Temporal failure as they are.
 */
export async function translateStoreErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WrongFolder || error instanceof ApplicationFailure) throw error;
    const isOwnText = error instanceof StoreError || error instanceof KeyMissing;
    const why = isOwnText ? error.message : `the report store failed (${describeError(error).name})`;
    throw ApplicationFailure.create({ message: `${why}; retried`, type: 'StoreUnavailable' });
  }
}

/** The applicant's manifest; null without one, or if the folder is another applicant's. */
export async function readOwnManifest(reportStore: ReportStore, clientUserId: string): Promise<Manifest | null> {
  try {
    return await translateStoreErrors(() => reportStore.readManifest(clientUserId));
  } catch (error) {
    if (error instanceof WrongFolder) return null;
    throw error;
  }
}
