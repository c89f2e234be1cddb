import { createServer, type IncomingHttpHeaders } from 'node:http';
import { deferred } from '../support/deferred';
import { listenOnLoopback } from '../support/loopback';

/** A received post. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: unknown;
}

/** Starts a webhook that records posts. `answer` 0: it never answers. */
export async function startReceiver(answer = 200) {
  const received: Received[] = [];
  const first = deferred();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    received.push({ headers: request.headers, raw, body: JSON.parse(raw) });
    first.resolve();
    if (answer > 0) response.writeHead(answer).end('{}');
  });
  const port = await listenOnLoopback(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/notifications`),
    received,
    /** Resolves when the first post arrives. */
    first: first.promise,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The notifications of all posts, in the order of their dates, because posts may overtake each other. */
export function toNotices(received: readonly Received[]): Record<string, string>[] {
  const bodies = received.map(({ body }) => (Array.isArray(body) ? body : [body]) as Record<string, string>[]);
  return bodies.flat().sort((a, b) => String(a['updatedAt']).localeCompare(String(b['updatedAt'])));
}
