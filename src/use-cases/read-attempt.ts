import { KeyMissing } from '../domain/encryption';
import { StoreError, WrongFolder } from '../report-store/errors';
import { isTemporalUnavailable, limitStoreRead } from './unavailable';

/** The result of a read; `isMissing`: it could not be found out because of `error`, so `value` is null. */
export interface ReadAttempt<T> {
  readonly value: T | null;
  readonly isMissing: boolean;
  readonly error?: unknown;
}

/** Missing if Temporal does not answer. Throws what else the client throws. */
export async function tryReadTemporal<T>(read: Promise<T | null>): Promise<ReadAttempt<T>> {
  try {
    return { value: await read, isMissing: false };
  } catch (error) {
    if (!isTemporalUnavailable(error)) throw error;
    return { value: null, isMissing: true, error };
  }
}

/** Missing if the store fails, its content is unreadable, or the key of its content is missing; null for the folder of another applicant. */
export async function tryReadStore<T>(read: Promise<T | null>): Promise<ReadAttempt<T>> {
  try {
    return { value: await limitStoreRead(read), isMissing: false };
  } catch (error) {
    if (error instanceof WrongFolder) return { value: null, isMissing: false };
    if (!(error instanceof StoreError) && !(error instanceof KeyMissing)) throw error;
    return { value: null, isMissing: true, error };
  }
}
