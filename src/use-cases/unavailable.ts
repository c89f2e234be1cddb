import { withDeadline } from '../process/deadline';
import { StoreError, StoreUnavailable } from '../report-store/errors';
import { GRPC, hasStatus, isNotAllowed, isTransient, isWorkflowNotFound } from '../temporal/rpc';
import { Unavailable } from './errors';

/** Reads from Temporal. @throws {Unavailable} if Temporal does not answer, rejects this account, or lacks the namespace; what `read` throws */
export async function readTemporal<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isTemporalUnavailable(error)) throw new Unavailable('temporal', 'nothing', error);
    throw error;
  }
}

/** Changes something in Temporal. @throws {Unavailable} as {@link readTemporal}, but the change may have happened */
export async function changeTemporal<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (isTemporalUnavailable(error)) throw new Unavailable('temporal', 'unknown', error);
    throw error;
  }
}

/** Reads after a change that was made. @throws {Unavailable} always with `unknown`, because a repeat finds the change; what `read` throws */
export async function readAfterChange<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Unavailable ? new Unavailable(error.what, 'unknown', error) : error;
  }
}

export function isTemporalUnavailable(error: unknown): boolean {
  if (hasStatus(error, GRPC.NOT_FOUND)) return !isWorkflowNotFound(error);
  return isTransient(error) || isNotAllowed(error) || hasStatus(error, GRPC.CANCELLED);
}

/** Far above the time of a slow disk. Without an answer, clients and load balancers give up after about 30 s. */
const STORE_DEADLINE_MS = 10_000;

/** A read of a network file system that is away may never end. @throws {StoreUnavailable} after {@link STORE_DEADLINE_MS} */
export function limitStoreRead<T>(read: Promise<T>): Promise<T> {
  return withDeadline(read, Date.now() + STORE_DEADLINE_MS, () => {
    throw new StoreUnavailable('ETIMEDOUT', 'read');
  });
}

/** Reads from the report store. @throws {Unavailable} if the store or the manifest cannot be read; KeyMissing */
export async function readStore<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await limitStoreRead(read());
  } catch (error) {
    if (error instanceof StoreError) throw new Unavailable('store', 'nothing', error);
    throw error;
  }
}
