import { StoreUnavailable } from '../port';

/** Does what the disk may refuse. What it says stays here: its paths name providers. @throws StoreUnavailable in place of the file system's error */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    // Only the file system's own errors have both.
    if (typeof code !== 'string' || typeof syscall !== 'string') throw error;
    throw new StoreUnavailable(code, syscall);
  }
}
