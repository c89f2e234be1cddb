import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { createServer, isIP, Socket } from 'node:net';
import { listenOnLoopback } from '../support/loopback';

/** Undici publishes here before it connects (its docs/api/DiagnosticsChannel.md). */
const BEFORE_CONNECT = 'undici:client:beforeConnect';

/** Starts a server that must receive no call, and records each connection of undici, each connection of a socket and each DNS look-up. */
export async function startTrap() {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  const port = await listenOnLoopback(server);
  const origins = new Set<string>();
  const ports = new Set<string>();
  const names = new Set<string>();
  const onConnect = (message: unknown) => {
    const { connectParams } = message as { connectParams: { host: string; port: string } };
    origins.add(connectParams.host);
  };
  subscribe(BEFORE_CONNECT, onConnect);
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
    /** Connections received, origins of undici, targets of sockets, and looked-up names. */
    seen() {
      // A listening server looks up its own IP address.
      for (const [name] of lookup.mock.calls) if (isIP(String(name)) === 0) names.add(String(name));
      return { connections, origins: [...origins], ports: [...ports], names: [...names] };
    },
    async close(): Promise<void> {
      unsubscribe(BEFORE_CONNECT, onConnect);
      connect.mockRestore();
      lookup.mockRestore();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const originalConnect = Socket.prototype.connect;
