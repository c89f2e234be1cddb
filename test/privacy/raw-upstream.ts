import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../support/loopback';

/**
 * Starts an upstream that answers each request with the bytes of the last `answer` call. With `token` it answers the two token calls correctly.
 * With `drip` spaces follow without end.
 */
export async function startRawUpstream(token: string | null) {
  let bytes: Buffer = Buffer.alloc(0);
  let drip = false;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let dripping: NodeJS.Timeout | undefined;
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(dripping);
      sockets.delete(socket);
    });
    socket.once('data', (request: Buffer) => {
      const first = request.toString('latin1').split('\r\n', 1)[0] ?? '';
      if (token !== null && /^POST \S*token /.test(first)) return void socket.end(tokenAnswer(token));
      if (!drip) return void socket.end(bytes);
      socket.write(bytes);
      dripping = setInterval(() => socket.write(' '), 50);
    });
  });
  return {
    port: await listenOnLoopback(server),
    answer(next: Buffer, options: { drip?: boolean } = {}): void {
      bytes = next;
      drip = options.drip ?? false;
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function tokenAnswer(token: string): string {
  const body = JSON.stringify({ client_token: token, access_token: token, expires_in: 3_600 });
  return `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
