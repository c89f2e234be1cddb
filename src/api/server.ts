import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import type { Audit } from '../observability/audit';
import type { Logger } from '../observability/log';
import { hangUp } from '../process/hang-up';
import { followRenewals, tlsOptions } from '../process/tls';
import type { KeyRing } from '../temporal/key-ring';
import { addCodecRoutes } from './codec-routes';
import { addGuard } from './guard';
import { nestsDeeperThan } from './json-depth';
import { Problem, problemOf, sendProblem } from './problem';
import { addSessionRoutes } from './session-routes';
import { createSessions } from './sessions';
import type { ApiSettings } from './settings';

/** Of a body where a route does not say otherwise. */
const MAX_BODY_BYTES = 64 * 1024;
/** Ours need three. */
const MOST_JSON_DEPTH = 16;
const HEADER_TIMEOUT_MS = 5_000;
/** Header and body together; 8 MiB at 1 MiB/s. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A connection on which nothing moves, in either direction. */
const IDLE_TIMEOUT_MS = 30_000;
/** Longer than the 60 s after which load balancers let go of an idle connection: whoever closes first must not be us. */
const KEEP_ALIVE_MS = 65_000;
/** Half of the files that the least of systems let a process open: the audit log must always get its own. Far more than a few people's browsers hold. */
const MOST_CONNECTIONS = 2_000;

/** What the server stands on. */
interface ApiDeps {
  readonly settings: ApiSettings;
  /** Null: no keys are set, and nothing is to be decoded. */
  readonly ring: KeyRing | null;
  readonly namespace: string;
  readonly audit: Audit;
  readonly registry: Registry;
  readonly log: Logger;
  readonly nowMs?: () => number;
  /** How long a sender may take; for tests that do not wait for the real time-outs. */
  readonly senderTimeoutMs?: number;
  /** How often a renewed certificate is looked for; for tests. */
  readonly renewalEveryMs?: number;
}

/** The api process's server with every route; not yet listening. @throws Error for a route that the table of access does not have */
export async function createApi(deps: ApiDeps): Promise<FastifyInstance> {
  const { settings, ring, namespace, audit, log, senderTimeoutMs } = deps;
  const app = Fastify({
    ...limits(senderTimeoutMs),
    http: headerLimits(senderTimeoutMs),
    https: settings.tls && { ...headerLimits(senderTimeoutMs), ...tlsOptions(settings.tls, senderTimeoutMs) },
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    clientErrorHandler: (error: { code?: string }, socket: Socket) =>
      hangUp(socket, error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'),
    // A URL that cannot be read has no route and no hooks.
    frameworkErrors: (_error, request, reply) =>
      void sendProblem(reply.header('Cache-Control', 'no-store'), request.id, new Problem(400)),
  } as FastifyServerOptions) as FastifyInstance;

  app.server.maxConnections = MOST_CONNECTIONS;
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem === null || problem.status >= 500) log.error({ error, requestId: request.id }, 'request failed');
    return sendProblem(reply, request.id, problem ?? new Problem(500));
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, request.id, new Problem(404)));
  measure(app, deps.registry);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store' });
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], formAction: ["'none'"], baseUri: ["'none'"] },
    },
    frameguard: { action: 'deny' },
    hsts: settings.tls !== null || settings.origins.some((origin) => origin.startsWith('https:')),
  });
  readBodies(app);

  const sessions = createSessions(deps.nowMs);
  const guard = addGuard(app, settings, sessions);
  app.get('/healthz', async () => ({ status: 'ok' }));
  addSessionRoutes(app, { sessions, ...guard, audit });
  if (settings.codec !== 'off') addCodecRoutes(app, { ring, namespace, audit });
  if (settings.tls !== null && app.server instanceof TlsServer)
    followRenewals(app.server, settings.tls, { registry: deps.registry, log, everyMs: deps.renewalEveryMs });
  await app.ready();
  return app;
}

/** Of bodies and of slow senders. */
function limits(senderTimeoutMs: number | undefined) {
  return {
    bodyLimit: MAX_BODY_BYTES,
    connectionTimeout: IDLE_TIMEOUT_MS,
    requestTimeout: senderTimeoutMs ?? REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

function headerLimits(senderTimeoutMs: number | undefined) {
  return {
    headersTimeout: senderTimeoutMs ?? HEADER_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(1_000, senderTimeoutMs ?? 1_000),
  };
}

/** JSON that is not too deep, and the one field of the login form. */
function readBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (nestsDeeperThan(text, MOST_JSON_DEPTH)) done(new Problem(400, 'expected JSON that nests less deep'));
    else parse(request, text, done);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, { key: new URLSearchParams(String(body)).get('key') });
  });
}

function measure(app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'chartway_api_answer_seconds',
    help: 'How long answers took, by route and status; a route that is none is "none".',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    seconds.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
  });
}
