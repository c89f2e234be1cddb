import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';

/** The address cannot be had: taken by another process, not ours, not allowed. The cause carries the system's code. */
class CannotListen extends Error {
  override readonly name = 'CannotListen';
  readonly kind = 'cannot-listen';

  constructor(at: { readonly host: string; readonly port: number }, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an unknown failure';
    super(`expected to listen on ${at.host}:${at.port}, got ${code}; free the port or configure another`, { cause });
  }
}

/** Listens and resolves to the URL with the port that was given; port 0 takes a free one. @throws {CannotListen} */
export async function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<string> {
  server.listen(at.port, at.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CannotListen(at, error);
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP server');
  const scheme = server instanceof TlsServer ? 'https' : 'http';
  return `${scheme}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Takes no new connection, lets requests in flight end, closes the idle ones; resolves when the last connection is gone. */
export function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
