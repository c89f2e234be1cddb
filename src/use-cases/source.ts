import { StoreError, WrongFolder } from '../report-store/errors';
import { isTemporalUnavailable } from './unavailable';

/** Something that was read; `isMissing`: it could not be found out, so `value` is null. */
export interface Source<T> {
  readonly value: T | null;
  readonly isMissing: boolean;
}

/** Missing if Temporal does not answer. Throws what else the client throws. */
export async function fromTemporal<T>(read: Promise<T | null>): Promise<Source<T>> {
  try {
    return { value: await read, isMissing: false };
  } catch (error) {
    if (!isTemporalUnavailable(error)) throw error;
    return { value: null, isMissing: true };
  }
}

/** Missing if the store fails or its content is unreadable; null for the folder of another applicant. @throws {KeyMissing} */
export async function fromStore<T>(read: Promise<T | null>): Promise<Source<T>> {
  try {
    return { value: await read, isMissing: false };
  } catch (error) {
    if (error instanceof WrongFolder) return { value: null, isMissing: false };
    if (!(error instanceof StoreError)) throw error;
    return { value: null, isMissing: true };
  }
}
