import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { createServer, isIP, Socket } from 'node:net';
import { boundPort } from './bound-port';

/** Undici's own, told before it connects (its docs/api/DiagnosticsChannel.md). */
const BEFORE_CONNECT = 'undici:client:beforeConnect';

/**
 * A server that nobody may call, and a spy on every way out of this process: what undici is about to connect to, what any socket connects to,
 * and what names are looked up.
 */
export async function startTrap() {
  let sprung = 0;
  const server = createServer((socket) => {
    sprung += 1;
    socket.destroy();
  });
  const port = await boundPort(server);
  const origins = new Set<string>();
  const ports = new Set<string>();
  const names = new Set<string>();
  const told = (message: unknown) => {
    const { connectParams } = message as { connectParams: { host: string; port: string } };
    origins.add(connectParams.host);
  };
  subscribe(BEFORE_CONNECT, told);
  const connect = jest.spyOn(Socket.prototype, 'connect').mockImplementation(function (
    this: Socket,
    ...args: unknown[]
  ) {
    const [first] = args.flat() as [{ port?: unknown; host?: unknown } | undefined];
    ports.add(`${String(first?.host)}:${String(first?.port)}`);
    return Reflect.apply(originalConnect, this, args) as Socket;
  });
  const lookup = jest.spyOn(dns, 'lookup');
  return {
    url: `http://127.0.0.1:${port}`,
    /** Connections that came, origins that undici went for, sockets' goals, and names that were looked up. */
    seen() {
      // A server that listens asks for its own address as well, which is no name.
      for (const [name] of lookup.mock.calls) if (isIP(String(name)) === 0) names.add(String(name));
      return { sprung, origins: [...origins], ports: [...ports], names: [...names] };
    },
    async close(): Promise<void> {
      unsubscribe(BEFORE_CONNECT, told);
      connect.mockRestore();
      lookup.mockRestore();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const originalConnect = Socket.prototype.connect;
