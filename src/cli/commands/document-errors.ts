import { KeyMissing } from '../../domain/encryption';
import { StoreError, StoreUnavailable } from '../../report-store/errors';
import { FileNotWritten } from '../new-file';

/** Whether only this document cannot be written. An outage of the store would fail for every document, and ends a command with another status. */
export function isDocumentError(error: unknown): error is Error {
  if (error instanceof StoreUnavailable) return false;
  return [StoreError, KeyMissing, FileNotWritten].some((type) => error instanceof type);
}
