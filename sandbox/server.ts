import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { envelope, REQUEST_ID, Refusal } from './envelopes';
import type { Log } from './log';

/** What each path prefix serves. */
export type Hosts = Readonly<Record<`/${string}`, (app: FastifyInstance) => void>>;

/** An HTTP server with several hosts behind path prefixes; not listening yet. It reads JSON only, answers every fault in upstream's envelope, and gives every answer its id. */
export function makeServer(hosts: Hosts, log: Log): FastifyInstance {
  const app = Fastify({
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    // Nobody invites with more than a few hundred bytes.
    bodyLimit: 64 * 1_024,
  });
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', async (request, reply) => {
    reply.header(REQUEST_ID, request.id);
  });

  app.setNotFoundHandler((request, reply) => {
    const refusal = new Refusal(404, 'There is no such path, or not with this method.');
    return reply.code(404).send(envelope(refusal, request.id));
  });

  app.setErrorHandler((error, request, reply) => {
    const refusal = asRefusal(error);
    if (refusal.status >= 500) {
      const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log('request-failed', { requestId: request.id, route: request.routeOptions.url ?? '', failure });
    }
    return reply.code(refusal.status).send(envelope(refusal, request.id));
  });

  for (const [prefix, routes] of Object.entries(hosts)) {
    app.register(async (host) => routes(host), { prefix });
  }
  return app;
}

/** Fastify's own errors (a body that is no JSON, too large or of another type) carry the status to answer with; anything else is our fault. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500 && error instanceof Error
    ? new Refusal(status, error.message)
    : new Refusal(500, 'The sandbox failed; its log says why.');
}
