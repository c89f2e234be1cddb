import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { relative } from 'node:path';

/** A lock that is held as long as the process lives. */
export interface ProcessLock {
  /** Resolves when the lock is free. */
  release(): Promise<void>;
}

/** The path of a lock is longer than a socket address may be. */
class PathTooLong extends Error {
  override readonly name = 'PathTooLong';
  readonly kind = 'path-too-long';
  readonly code = 'ENAMETOOLONG';

  constructor(readonly bytes: number) {
    super(
      `expected a path of at most ${MAX_ADDRESS_BYTES} bytes for a lock, got ${bytes}; use a folder with a shorter path`,
    );
  }
}

/** `sun_path` has 104 bytes on macOS and 108 on Linux, with a zero at the end; Node would truncate a longer one silently. */
const MAX_ADDRESS_BYTES = 103;

/**
 * Acquires a lock that the kernel releases when the process dies: a listening Unix socket. A process id would not do, because it means another
 * process in another container and after a restart. @throws PathTooLong; the system's error
 */
export async function acquireLock(path: string): Promise<ProcessLock> {
  const server = createServer((socket) => socket.destroy());
  server.listen(toAddress(path));
  await once(server, 'listening');
  server.on('error', () => {}); // a connection that cannot be accepted still shows that the lock is held
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Whether a running process of this host holds the lock. True if that cannot be found out. */
export async function isLockHeld(path: string): Promise<boolean> {
  const socket = connect(toAddress(path));
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // No listener or no socket. Other codes (no permission, too many waiting) say nothing about the holder.
    return !['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(String((error as NodeJS.ErrnoException).code));
  } finally {
    socket.destroy();
  }
}

function toAddress(path: string): string {
  const fromHere = relative(process.cwd(), path);
  const address = Buffer.byteLength(fromHere) < Buffer.byteLength(path) ? fromHere : path;
  const bytes = Buffer.byteLength(address);
  if (bytes > MAX_ADDRESS_BYTES) throw new PathTooLong(bytes);
  return address;
}
