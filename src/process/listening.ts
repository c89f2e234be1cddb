import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';

/** The address is in use, not an address of this machine, or not allowed. The cause has the system's code. */
class CannotListen extends Error {
  override readonly name = 'CannotListen';
  readonly kind = 'cannot-listen';

  constructor({ host, port }: { readonly host: string; readonly port: number }, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an unknown failure';
    super(`expected to listen on ${host}:${port}, got ${code}; free the port or configure another one`, { cause });
  }
}

/** Listens and returns the URL with the port in use; port 0 takes a free one. @throws {CannotListen} */
export async function listen(
  server: Server,
  address: { readonly host: string; readonly port: number },
): Promise<string> {
  server.listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CannotListen(address, error);
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('expected a TCP server');
  const scheme = server instanceof TlsServer ? 'https' : 'http';
  return `${scheme}://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

const HEADER_TIMEOUT_MS = 5_000;

/** Server options: how long a header may take. Node checks that at intervals. */
export function headerLimits(timeoutMs = HEADER_TIMEOUT_MS) {
  return { headersTimeout: timeoutMs, connectionsCheckingInterval: Math.min(1_000, timeoutMs) };
}

/** Accepts no new connection, closes the idle ones, and resolves when the last request has ended. */
export function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/**
 * Whether a request arrived on a connection that was reset, or that has the answer of {@link rejectConnection}: no one gets its answer, so nothing
 * is done for it.
 */
export function isEnded({ destroyed, writableEnded, remoteAddress }: Socket): boolean {
  // Only the address shows a reset that Node has not read yet.
  return destroyed || writableEnded || remoteAddress === undefined;
}

/**
 * Ends a connection within an answer, so that no client takes the answer for complete: over HTTP/1.0, one without a length ends with the connection.
 * Over TLS, the missing close_notify shows that it is incomplete.
 */
export function resetConnection(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/** What a rejected connection receives after the status line. */
interface RejectionContent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The time that a rejected sender has to read its answer. Destroyed at once, a connection with unread bytes would lose the answer. */
const LINGER_MS = 1_000;

const NO_CONTENT: RejectionContent = { headers: {}, body: '' };

/**
 * Ends a connection that sent no valid request, also if it keeps sending. Destroys it without an answer during a TLS handshake, and after an earlier answer: a proxy would
 * take a second answer for the answer to another client's request.
 */
export function rejectConnection(
  socket: Socket,
  status: string,
  { headers, body }: RejectionContent = NO_CONTENT,
): void {
  // Node's own undocumented flag: true during a handshake, when `end` would never finish.
  const { secureConnecting } = socket as { secureConnecting?: boolean };
  if (!socket.writable || secureConnecting === true || socket.bytesWritten > 0) socket.destroy();
  else {
    const fields = { Connection: 'close', 'Content-Length': Buffer.byteLength(body), ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`);
    const lingering = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(lingering));
  }
}
