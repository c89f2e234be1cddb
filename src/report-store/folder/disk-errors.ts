import { StoreUnavailable } from '../errors';

/** Turns an error of the file system into StoreUnavailable, because its message contains paths, which name providers. */
export async function translateDiskErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    // Only errors of the file system have both.
    if (typeof code !== 'string' || typeof syscall !== 'string') throw error;
    throw new StoreUnavailable(code, syscall);
  }
}
