import { randomUUID } from 'node:crypto';
import { maxHeaderSize, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Audit } from '../observability/audit';
import type { Logger } from '../observability/log';
import { type Connections, createConnections, MAX_CONNECTIONS } from '../process/connections';
import { headerLimits, isEnded, rejectConnection } from '../process/listening';
import { createNetworkCheck } from '../process/networks';
import { tlsOptions, watchCertificate } from '../process/tls';
import type { KeyRing } from '../temporal/key-ring';
import type { UseCases } from '../use-cases/use-cases';
import { BASE } from './access';
import { addBodyParsers } from './body-parsers';
import { problemOf } from './error-problems';
import { addGuard, isRead } from './guard';
import { compileValidator, refuseUndeclaredParameters } from './input-faults';
import { addOpenApi } from './open-api';
import { noRouteProblem, Problem, problemBody, sendProblem, unreadableProblem } from './problem';
import { actionRoutes } from './routes/actions';
import { applicantRoutes } from './routes/applicants';
import { batchRoutes } from './routes/batches';
import { addCodecRoutes } from './routes/codec';
import { documentRoutes } from './routes/documents';
import { eventRoutes } from './routes/events';
import { overviewRoutes } from './routes/overview';
import { type Readiness, serviceRoutes } from './routes/service';
import { sessionRoutes } from './routes/session';
import { streamRoutes } from './routes/stream';
import { createSessions } from './sessions';
import type { ApiSettings } from './settings';

/** The maximum of a route that sets no other one. */
const MAX_BODY_BYTES = 64 * 1024;
/** The time limit of header and body together: a body of 8 MiB at 1 MiB/s. */
const REQUEST_TIMEOUT_MS = 10_000;
/** The time limit of a connection without any traffic. */
const IDLE_TIMEOUT_MS = 30_000;
/** Longer than the 60 s after which load balancers close an idle connection, because they must close it first. */
const KEEP_ALIVE_MS = 65_000;
const STREAM_ROUTE = `${BASE}/stream`;

interface ApiDeps {
  readonly settings: ApiSettings;
  readonly useCases: UseCases;
  readonly readiness: Readiness;
  /** Null: no keys are set, so nothing can be decoded. */
  readonly ring: KeyRing | null;
  readonly namespace: string;
  readonly audit: Audit;
  readonly registry: Registry;
  readonly log: Logger;
  /** Aborted when the process stops: ends the streams. */
  readonly signal?: AbortSignal;
  readonly nowMs?: () => number;
  /** Replaces the timeouts of a slow sender in tests. */
  readonly senderTimeoutMs?: number;
  /** Replaces the interval of the checks for a renewed certificate in tests. */
  readonly renewalEveryMs?: number;
}

/** The server of the api process with every route; it does not listen yet. @throws Error for a route without an entry in access.ts */
export async function createApi(deps: ApiDeps): Promise<FastifyInstance> {
  const { settings, useCases, readiness, ring, namespace, audit, log, senderTimeoutMs, nowMs = Date.now } = deps;
  // The guard refuses a request without Host; Node would answer it without a problem.
  const httpOptions = { ...headerLimits(senderTimeoutMs), requireHostHeader: false };
  const app = Fastify({
    ...limits(senderTimeoutMs),
    http: httpOptions,
    https: settings.tls && { ...httpOptions, ...tlsOptions(settings.tls, senderTimeoutMs) },
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    exposeHeadRoutes: false,
    // The schema of the route refuses a long id after the guard; a longer header is no request for Node.
    routerOptions: { maxParamLength: maxHeaderSize },
    genReqId: () => randomUUID(),
    clientErrorHandler: (error: { code?: string }, socket: Socket) => rejectUnread(socket, error.code ?? ''),
    // An invalid URL has no route and no hooks.
    frameworkErrors: (_error, request, reply) =>
      void sendProblem(reply.headers(commonHeaders(request.id)), request.id, unreadableProblem()),
  } as FastifyServerOptions) as FastifyInstance;

  const { server } = app;
  const connections = limitConnections(server, settings, deps.registry);
  // Another expectation than 100-continue is ignored: Node would answer 417 without a problem.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // Node would close the connection without an answer.
  server.on('connect', (_request, socket) => rejectUnread(socket as Socket, ''));
  app.setErrorHandler((error, request, reply) => {
    const problem =
      problemOf(error, isRead(request)) ??
      new Problem('internal', 'the API failed unexpectedly; its log has the request id');
    if (problem.status >= 500) log.error({ error, requestId: request.id }, 'request failed');
    return sendProblem(reply, request.id, problem);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, request.id, noRouteProblem()));
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(serializerCompiler);
  measure(app, deps.registry);
  app.addHook('onRequest', async (request, reply) => {
    if (isEnded(request.raw.socket)) reply.hijack();
    else reply.headers(commonHeaders(request.id));
  });
  app.addHook('onResponse', async ({ raw }) => connections.markAnswered(raw.socket));
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], formAction: ["'none'"], baseUri: ["'none'"] },
    },
    frameguard: { action: 'deny' },
    hsts: settings.tls !== null || settings.origins.some((origin) => origin.startsWith('https:')),
  });
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  await addOpenApi(app);
  addBodyParsers(app);
  refuseUndeclaredParameters(app);
  const sessions = createSessions(nowMs);
  const guard = addGuard(app, settings, sessions, connections);

  await app.register(serviceRoutes, { readiness });
  for (const routes of [applicantRoutes, actionRoutes, eventRoutes, overviewRoutes]) {
    await app.register(routes, { prefix: BASE, useCases });
  }
  await app.register(documentRoutes, { prefix: BASE, useCases, log });
  await app.register(batchRoutes, { prefix: BASE, useCases, log });
  await app.register(streamRoutes, { prefix: BASE, useCases, ended: deps.signal ?? new AbortController().signal });
  const session = { sessions, guard, audit, oneTimeSessions: settings.oneTimeSessions, nowMs };
  await app.register(sessionRoutes, { ...session, prefix: BASE, isDocumented: true });
  // Temporal's UI and its users know these paths.
  await app.register(sessionRoutes, { ...session, isDocumented: false });
  if (settings.codec !== 'off') addCodecRoutes(app, { ring, namespace, audit });
  if (settings.tls !== null && app.server instanceof TlsServer)
    watchCertificate(app.server, settings.tls, { registry: deps.registry, log, everyMs: deps.renewalEveryMs });
  await app.ready();
  return app;
}

/** By the code of Node's error. */
const UNREAD_STATUS: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** Answers what Node could not read as a request, so that no route, hook or schema applies. */
function rejectUnread(socket: Socket, code: string): void {
  const requestId = randomUUID();
  const status = UNREAD_STATUS[code] ?? 400;
  const body = JSON.stringify({ ...problemBody(unreadableProblem(), requestId), status });
  const headers = { 'Content-Type': 'application/problem+json', ...commonHeaders(requestId) };
  rejectConnection(socket, `${status} ${STATUS_CODES[status]}`, { headers, body });
}

function commonHeaders(requestId: string) {
  return { 'Cache-Control': 'no-store', 'X-Request-Id': requestId };
}

/** Senders without a key or a session cannot hold the connections that callers need. */
function limitConnections(server: Server, { trustedProxies }: ApiSettings, registry: Registry): Connections {
  const dropped = new Counter({
    name: 'chartway_api_connections_dropped_total',
    help: 'Connections without a valid key or session that were closed for a new one, by reason (address: 100 of one address; crowded: 1,600 in all).',
    labelNames: ['why'],
    registers: [registry],
  });
  const isProxy = createNetworkCheck(trustedProxies);
  const connections = createConnections({ isProxy, addressOf: ({ remoteAddress = '' }) => remoteAddress, dropped });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', connections.add);
  return connections;
}

function limits(senderTimeoutMs: number | undefined) {
  return {
    bodyLimit: MAX_BODY_BYTES,
    connectionTimeout: IDLE_TIMEOUT_MS,
    requestTimeout: senderTimeoutMs ?? REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
}

function measure(app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'chartway_api_answer_seconds',
    help: 'How long answers took, by route and status; an unknown route is "none".',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    // It lasts as long as its client wants.
    if (route === STREAM_ROUTE) return;
    seconds.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
  });
}
