import type { Writable } from 'node:stream';

/**
 * Goes on when the reader of a stream has gone (`| head`): what is written from then on is dropped, and the exit status is that of the work. To
 * stop instead would leave a file half started. Every other failure ends the process.
 */
export function ignoreClosedPipe(stream: Writable): void {
  stream.on('error', (error) => {
    if (!isClosedPipe(error)) throw error;
  });
}

/** EPIPE; on a stream that had it before, that it is destroyed. */
export function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
