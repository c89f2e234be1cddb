import { once } from 'node:events';
import type { Server } from 'node:http';

/** Listens and resolves to the URL with the port that was given (port 0 takes a free one); rejects where the address cannot be had. */
export async function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<string> {
  server.listen(at.port, at.host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP server');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Takes no new connection, lets requests in flight end, closes the idle ones; resolves when the last connection is gone. */
export function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
