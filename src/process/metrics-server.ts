import { createServer, type RequestListener, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { drain, listen } from './listening';

/** `/healthz` (the process runs), `/readyz` (200 if it serves, else 503) and `/metrics` (Prometheus text). */
function createMetricsServer(deps: { readonly registry: Registry; readonly ready: () => boolean }): Server {
  const routes: Record<string, RequestListener> = {
    '/healthz': (_request, response) => response.end('ok\n'),
    '/readyz': (_request, response) => {
      const ready = deps.ready();
      response.writeHead(ready ? 200 : 503).end(ready ? 'ready\n' : 'not ready\n');
    },
    '/metrics': async (_request, response) => {
      try {
        const text = await deps.registry.metrics();
        response.writeHead(200, { 'Content-Type': deps.registry.contentType }).end(text);
      } catch {
        response.writeHead(500).end();
      }
    },
  };
  return createServer((request, response) => {
    const route = routes[(request.url ?? '').split('?', 1)[0] ?? ''];
    if (route === undefined) response.writeHead(404).end();
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    else route(request, response);
  });
}

/** Serves the three routes if a port is configured. Port null: nothing listens, and `address` is null. */
export async function serveMetrics(options: {
  readonly host: string;
  readonly port: number | null;
  readonly registry: Registry;
  readonly ready: () => boolean;
}): Promise<{ readonly address: string | null; close(): Promise<void> }> {
  if (options.port === null) return { address: null, close: async () => {} };
  const server = createMetricsServer(options);
  const address = await listen(server, { host: options.host, port: options.port });
  return { address, close: () => drain(server) };
}
