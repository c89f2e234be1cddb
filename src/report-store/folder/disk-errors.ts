import { StoreUnavailable } from '../errors';

/** Replaces an error of the file system, whose message has paths and so names of providers. @throws StoreUnavailable */
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
