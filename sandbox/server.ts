import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { ErrorAnswer, errorBody, REQUEST_ID_HEADER } from './error-answer';
import type { Log } from './log';

/** The routes of each path prefix. */
export type Hosts = Readonly<Record<`/${string}`, (app: FastifyInstance) => void>>;

/** Creates an HTTP server with one host per path prefix, not listening yet. It reads JSON only, answers errors in upstream's form and sets a request id on each response. */
export function createServer(hosts: Hosts, log: Log): FastifyInstance {
  const app = Fastify({
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    // An invitation is a few hundred bytes.
    bodyLimit: 64 * 1_024,
  });
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', async (request, reply) => {
    reply.header(REQUEST_ID_HEADER, request.id);
  });

  app.setNotFoundHandler((request, reply) => {
    return reply.code(404).send(errorBody(new ErrorAnswer(404, 'No route has this method and path.'), request.id));
  });

  app.setErrorHandler((error, request, reply) => {
    const answer = toErrorAnswer(error);
    if (answer.status >= 500) {
      const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log('request-failed', { requestId: request.id, route: request.routeOptions.url ?? '', failure });
    }
    return reply.code(answer.status).send(errorBody(answer, request.id));
  });

  for (const [prefix, routes] of Object.entries(hosts)) {
    app.register(async (host) => routes(host), { prefix });
  }
  return app;
}

/** Fastify's own errors (a body that is invalid JSON, too large or of another type) have a status; any other error is a bug of the sandbox. */
function toErrorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof ErrorAnswer) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500 && error instanceof Error
    ? new ErrorAnswer(status, error.message)
    : new ErrorAnswer(500, 'The sandbox failed. Its log shows the error.');
}
