import type { Writable } from 'node:stream';

/**
 * Ignores that the reader of a stream has ended (`| head`): later output is dropped, and the command continues, because stopping would leave a
 * file half started. Other errors end the process.
 */
export function ignoreClosedPipe(stream: Writable): void {
  stream.on('error', (error) => {
    if (!isClosedPipe(error)) throw error;
  });
}

/** EPIPE, or a write to a stream that EPIPE has destroyed. */
export function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
