import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { relative } from 'node:path';

/** A lock that is held as long as the process lives. */
export interface Lock {
  /** Resolves when the lock is free again. */
  release(): Promise<void>;
}

/** The path of a lock is longer than a socket's address may be. */
class PathTooLong extends Error {
  override readonly name = 'PathTooLong';
  readonly kind = 'path-too-long';
  readonly code = 'ENAMETOOLONG';

  constructor(readonly bytes: number) {
    super(
      `expected a path of at most ${LONGEST_ADDRESS} bytes for a lock, got ${bytes}; name a folder with a shorter path`,
    );
  }
}

/** `sun_path` has 104 bytes on macOS and 108 on Linux, with a zero at the end; Node would cut a longer one silently. */
const LONGEST_ADDRESS = 103;

/**
 * Takes a lock that the kernel takes back when the process dies, however it dies: a Unix socket that is listened on. A process id would not do,
 * for it means something else in another container, and somebody else's after a restart. @throws PathTooLong; the system's error
 */
export async function holdLock(path: string): Promise<Lock> {
  const server = createServer((socket) => socket.destroy());
  server.listen(addressOf(path));
  await once(server, 'listening');
  server.on('error', () => {}); // a connection that could not be accepted asks nothing of us: that it was possible is the answer
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Whether a living process of this host holds the lock; whatever cannot be found out counts as held. */
export async function isHeld(path: string): Promise<boolean> {
  const socket = connect(addressOf(path));
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // Nobody listens, or there is no socket: any other code (no permission, too many waiting) says nothing of the holder.
    return !['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(String((error as NodeJS.ErrnoException).code));
  } finally {
    socket.destroy();
  }
}

function addressOf(path: string): string {
  const fromHere = relative(process.cwd(), path);
  const address = Buffer.byteLength(fromHere) < Buffer.byteLength(path) ? fromHere : path;
  const bytes = Buffer.byteLength(address);
  if (bytes > LONGEST_ADDRESS) throw new PathTooLong(bytes);
  return address;
}
