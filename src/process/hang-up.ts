import type { Socket } from 'node:net';

/**
 * Ends a connection on which no request came that could be read: with no more than a status line, or without a word where no TLS
 * came about, for what would be answered is not known to speak HTTP at all; nor where an answer has gone out before, for a proxy would
 * take a second one for the answer to somebody else's request.
 */
export function hangUp(socket: Socket, status: string): void {
  // Node's own, and documented nowhere: true from the beginning of a handshake to its good end, for which `end` would wait for ever.
  const { secureConnecting } = socket as { secureConnecting?: boolean };
  if (!socket.writable || secureConnecting === true || socket.bytesWritten > 0) socket.destroy();
  else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
