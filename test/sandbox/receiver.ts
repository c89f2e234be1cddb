import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One notification as it arrived. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: unknown;
}

/** A carrier's webhook that keeps what it gets. `answer` 0: it takes the notice and never answers. */
export async function startReceiver(answer = 200) {
  const received: Received[] = [];
  let arrived: () => void;
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    received.push({ headers: request.headers, raw, body: JSON.parse(raw) });
    arrived();
    if (answer > 0) response.writeHead(answer).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/notifications`),
    received,
    /** Resolves when the first notice is there. */
    first,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Every single notice of what was received, in the order of their dates: posts may overtake each other. */
export function noticesOf(received: readonly Received[]): Record<string, string>[] {
  const bodies = received.map(({ body }) => (Array.isArray(body) ? body : [body]) as Record<string, string>[]);
  return bodies.flat().sort((one, other) => String(one['updatedAt']).localeCompare(String(other['updatedAt'])));
}
