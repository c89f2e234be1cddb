import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Counter, type Registry } from 'prom-client';
import { parseNotices } from '../human-api/notifications';
import type { Logger } from '../observability/log';
import { createCallerLimit } from '../process/caller-limit';
import { createConnections, MAX_CONNECTIONS } from '../process/connections';
import { headerLimits, rejectConnection } from '../process/listening';
import { clientAddress, createNetworkCheck, isLoopbackAddress, toCallerKey } from '../process/networks';
import { tlsOptions, watchCertificate } from '../process/tls';
import type { TlsFiles } from '../process/tls-settings';
import { type Answer, errorAnswer, sendAnswer } from './answers';
import { createSecretCheck } from './authenticate';
import { DEADLINES } from './deadlines';
import type { Delivery } from './delivery';
import { inflateBody } from './inflate-body';
import type { WebhookMetrics } from './metrics';
import { declaresMoreThan, readBody } from './read-body';
import { createNotFoundLog, createOtherNoticesLog } from './request-log';
import { routeOf } from './routes';
import type { SignatureGate } from './signature-gate';

const MAX_BODY_BYTES = 1_048_576;
/** For header and body together, in case the limit of one of them fails. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Load balancers close an idle connection after 60 s. If we closed first, a notice could be lost in the race. */
const KEEP_ALIVE_MS = 65_000;
/** Wrong secrets of one address per minute before its answers are delayed. */
const MAX_FAILURES = 5;
const FAILURES_WINDOW_MS = 60_000;
/** Keeps an answer below 2.5 s. */
const SLOW_ANSWER_MS = 2_000;
/** A quarter of the connections. Further answers are not delayed. */
const MAX_SLOW_ANSWERS = 500;

/** One year. */
const HSTS = 'max-age=31536000';

/** Ends the connection of a sender without a secret: otherwise a few requests a second could hold all connections. */
const CLOSE = { Connection: 'close' };
const NOT_FOUND: Answer = { status: 404, headers: CLOSE };
const HEALTHY: Answer = { status: 200, body: { status: 'ok' } };
const UNAUTHORIZED = errorAnswer(
  401,
  'expected the webhook secret as the password of Basic authentication or as the last segment of the URL',
  { 'WWW-Authenticate': 'Basic realm="chartway", charset="UTF-8"', ...CLOSE },
);
const TOO_LARGE = errorAnswer(413, `expected a body of at most ${MAX_BODY_BYTES} bytes`);
const UNAVAILABLE = errorAnswer(503, 'could not make every notice durable; send the same body again');

export interface ServerDeps {
  readonly delivery: Delivery;
  /** A request needs one of them; without secrets every request passes. */
  readonly secrets: readonly string[];
  readonly checkSignature: SignatureGate;
  /** Networks of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** Null: plain HTTP. */
  readonly tls: TlsFiles | null;
  readonly metrics: WebhookMetrics;
  readonly registry: Registry;
  readonly log: Logger;
  /** Called after each answer. */
  readonly onAnswered: () => void;
  /** Shorter limit for header and body; for tests. */
  readonly senderTimeoutMs?: number | undefined;
  /** Address of the sender; for tests, where all are loopback. */
  readonly addressOf?: ((socket: Socket) => string) | undefined;
  /** Interval of the checks for a renewed certificate; for tests. */
  readonly renewalEveryMs?: number | undefined;
}

/** Serves the routes of `routes.ts` and nothing else; not yet listening. */
export function createWebhookServer(deps: ServerDeps): Server {
  const hasSecret = createSecretCheck(deps.secrets);
  const bodyTimeoutMs = deps.senderTimeoutMs ?? DEADLINES.body;
  const addressOf = deps.addressOf ?? (({ remoteAddress = '' }) => remoteAddress);
  const isProxy = createNetworkCheck(deps.trustedProxies);
  const connections = createConnections({ isProxy, addressOf, dropped: createDroppedCounter(deps.registry) });
  const secretFailures = createCallerLimit(MAX_FAILURES, FAILURES_WINDOW_MS);
  const logNotFound = createNotFoundLog(deps);
  const logOthers = createOtherNoticesLog(deps);
  let slowAnswers = 0;

  /** Delayed after a few failures of one address. */
  async function rejectSecret({ socket, headers }: IncomingMessage): Promise<Answer> {
    connections.markAnswered(socket); // before the delay, so that it may be closed during the delay
    const forwardedFor = [headers['x-forwarded-for'] ?? []].flat().join(',');
    const caller = toCallerKey(clientAddress(addressOf(socket), forwardedFor, isProxy));
    if (secretFailures.take(caller) === null || slowAnswers >= MAX_SLOW_ANSWERS) return UNAUTHORIZED;
    slowAnswers += 1;
    await wait(SLOW_ANSWER_MS);
    slowAnswers -= 1;
    return UNAUTHORIZED;
  }

  /** A probe from this machine, or on an authenticated connection, keeps its connection. */
  function answerHealth({ socket }: IncomingMessage): Answer {
    const isKept = isLoopbackAddress(addressOf(socket)) || connections.isAuthenticated(socket);
    return isKept ? HEALTHY : { ...HEALTHY, headers: CLOSE };
  }

  /** Each check answers the request or lets it pass to the next. Null if the sender closed the connection. */
  async function handleRequest(request: IncomingMessage, response: ServerResponse): Promise<Answer | null> {
    const sinceMs = Date.now();
    const target = request.url ?? '';
    const route = routeOf(target);
    if (route === null) {
      logNotFound(target);
      return NOT_FOUND;
    }
    if (!route.methods.includes(request.method ?? '')) return methodNotAllowed(route.methods);
    if (route.name === 'health') return answerHealth(request);
    if (!hasSecret({ segment: route.segment, authorization: request.headers.authorization })) {
      return rejectSecret(request);
    }
    connections.authenticate(request.socket);
    if (request.method !== 'POST') return HEALTHY; // a sender verifies the address; the answer quotes no part of the request

    if (declaresMoreThan(request, MAX_BODY_BYTES)) return TOO_LARGE;
    if (request.headers.expect !== undefined) response.writeContinue();
    const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs });
    if (body.kind === 'aborted') return null;
    // Not 408: upstream sends a notification again after 503.
    if (body.kind === 'too-slow') {
      return errorAnswer(503, `expected the whole body within ${bodyTimeoutMs} ms; send it again`);
    }
    if (body.kind === 'too-large') return TOO_LARGE;

    const limits = { maxBytes: MAX_BODY_BYTES, untilMs: sinceMs + DEADLINES.durable };
    const inflated = await inflateBody(body.bytes, request.headers['content-encoding'], limits);
    if (inflated.kind === 'too-large') return TOO_LARGE;
    if (inflated.kind === 'too-slow') return UNAVAILABLE;

    const signature = deps.checkSignature(request.headers, { sent: body.bytes, inflated: inflated.bytes });
    if (signature.kind === 'rejected') return signature.answer;
    if (signature.kind === 'valid') signature.trackAnswer(response);

    const parsed = parseNotices(inflated.bytes);
    if (!parsed.ok) return errorAnswer(400, `expected ${inflated.expected ?? parsed.expected}`);
    logOthers(parsed.notices);
    if (signature.kind === 'suspect') return signature.quarantine(parsed.notices, sinceMs);

    const { accepted, ignored, undelivered, failure } = await deps.delivery.accept(parsed.notices, sinceMs);
    if (undelivered > 0) {
      deps.log.warn({ accepted, ignored, undelivered, error: failure }, 'notices not acknowledged');
      return UNAVAILABLE;
    }
    return { status: 200, body: { accepted, ignored } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const observe = deps.metrics.answers.startTimer();
    request.on('error', () => {}); // without a listener, a sender that disconnects would end the process
    response.on('finish', () => {
      observe({ status: String(response.statusCode) });
      deps.onAnswered();
    });
    const answer = await handleRequest(request, response).catch((error: unknown) => {
      deps.log.error({ error }, 'request failed');
      return UNAVAILABLE;
    });
    if (answer === null) return;
    connections.markAnswered(request.socket);
    if (!server.listening) response.setHeader('Connection', 'close'); // draining: the next request must go to another webhook
    if (deps.tls !== null) response.setHeader('Strict-Transport-Security', HSTS);
    sendAnswer(request, response, answer);
  }

  const server = createListener(deps);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', connections.add);
  server.on('request', handle);
  // A sender that asks before it sends the body may be rejected without a body.
  server.on('checkContinue', handle);
  // Any other expectation is ignored: Node would answer 417 and keep the connection.
  server.on('checkExpectation', handle);
  // Node would answer 408 to an incomplete header.
  server.on('clientError', (_error, socket) => {
    rejectConnection(socket as Socket, '400 Bad Request');
  });
  return server;
}

function createListener({ tls, registry, log, senderTimeoutMs, renewalEveryMs }: ServerDeps): Server {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...headerLimits(senderTimeoutMs),
  };
  if (tls === null) return createServer(limits);
  const server = createTlsServer({ ...limits, ...tlsOptions(tls, senderTimeoutMs) });
  watchCertificate(server, tls, { registry, log, everyMs: renewalEveryMs });
  return server;
}

function createDroppedCounter(registry: Registry): Counter<'why'> {
  return new Counter({
    name: 'chartway_webhook_connections_dropped_total',
    help: 'Connections without a valid secret that were closed for a new one, by reason (address: 100 of one address; crowded: 1,600 in all).',
    labelNames: ['why'],
    registers: [registry],
  });
}

function methodNotAllowed(methods: readonly string[]): Answer {
  return errorAnswer(405, `expected ${methods.join(' or ')}`, { Allow: methods.join(', '), ...CLOSE });
}
