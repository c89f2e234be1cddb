import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Counter, type Registry } from 'prom-client';
import { parseNotices } from '../human-api/notifications';
import type { Logger } from '../observability/log';
import { callerAt, createAllowance } from '../process/allowance';
import { hangUp } from '../process/hang-up';
import { clientAddress, createNetworkCheck, isLoopbackAddress } from '../process/networks';
import { followRenewals, tlsOptions } from '../process/tls';
import type { TlsFiles } from '../process/tls-settings';
import { type Answer, refusal, send } from './answer';
import { createAuthentication } from './authenticate';
import { createConnections, MOST_CONNECTIONS } from './connections';
import { inflateBody } from './inflate-body';
import type { WebhookMetrics } from './metrics';
import { createNotFoundReport } from './not-found';
import type { NoticeSink } from './notice-sink';
import { createOtherNoticesReport } from './other-notices';
import { declaresMoreThan, readBody } from './read-body';
import { routeOf } from './routes';
import type { SignatureGate } from './signature-gate';

const MAX_BODY_BYTES = 1_048_576;
/** For the header: nobody waits for an answer to half of one. */
const HEADER_TIMEOUT_MS = 5_000;
/** For the body, counted from the header as every limit is: upstream's are a few hundred bytes, and an answer must be out within 3 s. */
const BODY_TIMEOUT_MS = 2_000;
/** For the inflating, from the beginning of the request: a disk that does not answer holds up Node's threads, and must not hold up the answer. */
const INFLATE_TIMEOUT_MS = 2_300;
/** Header and body together; a backstop under the two limits above. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Longer than the 60 s after which load balancers let go of an idle connection: whoever closes first must not be us, or a notice is lost in the race. */
const KEEP_ALIVE_MS = 65_000;
/** Wrong secrets of one address in a minute before it is slowed down: an operator mistypes a few. */
const MOST_FAILURES = 5;
const FAILURES_WINDOW_MS = 60_000;
/** With what an answer takes otherwise it stays below 2.5 s. */
const SLOW_ANSWER_MS = 2_000;
/** Slow answers held at a time, a quarter of the connections. Beyond them the answer is given at once. */
const MOST_SLOW_ANSWERS = 500;

/** For a year: whoever came over TLS once shall not be led to plain HTTP. */
const HSTS = 'max-age=31536000';

/** An answer to a sender without a secret ends the connection, or a few requests a second could hold them all. */
const CLOSE = { Connection: 'close' };
const NOT_FOUND: Answer = { status: 404, headers: CLOSE };
const HEALTHY: Answer = { status: 200, body: { status: 'ok' } };
const UNAUTHORIZED = refusal(
  401,
  'expected the webhook secret as the password of Basic authentication or as the last segment of the URL',
  { 'WWW-Authenticate': 'Basic realm="chartway", charset="UTF-8"', ...CLOSE },
);
const TOO_LARGE = refusal(413, `expected a body of at most ${MAX_BODY_BYTES} bytes`);
const UNAVAILABLE = refusal(503, 'expected to make every notice durable, could not; send the same body again');

/** What the server stands on. */
interface WebhookDeps {
  readonly sink: NoticeSink;
  /** Any of them lets a sender in; none lets everybody in. */
  readonly secrets: readonly string[];
  readonly signatures: SignatureGate;
  /** Networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Null: plain HTTP. */
  readonly tls: TlsFiles | null;
  readonly metrics: WebhookMetrics;
  readonly registry: Registry;
  readonly log: Logger;
  /** Called after each answer: what may wait until then begins now. */
  readonly answered: () => void;
  /** How long a sender may take; for tests that do not wait for the real time-out. */
  readonly senderTimeoutMs?: number | undefined;
  /** The address of the other side; for tests, in which all are loopback. */
  readonly addressOf?: ((socket: Socket) => string) | undefined;
  /** How often a renewed certificate is looked for; for tests. */
  readonly renewalEveryMs?: number | undefined;
}

/** Serves the routes of `routes.ts` and nothing else; not yet listening. */
export function createWebhookServer(deps: WebhookDeps): Server {
  const authenticated = createAuthentication(deps.secrets);
  const bodyTimeoutMs = deps.senderTimeoutMs ?? BODY_TIMEOUT_MS;
  const addressOf = deps.addressOf ?? (({ remoteAddress = '' }) => remoteAddress);
  const isProxy = createNetworkCheck(deps.trustedProxies);
  const connections = createConnections({ isProxy, addressOf, dropped: droppedConnections(deps.registry) });
  const failures = createAllowance(MOST_FAILURES, FAILURES_WINDOW_MS);
  const reportNotFound = createNotFoundReport(deps);
  const reportOthers = createOtherNoticesReport(deps);
  let slowAnswers = 0;

  /** The answer to a sender without a valid secret: slow after a few from one address, at once for all others. */
  async function unauthorized({ socket, headers }: IncomingMessage): Promise<Answer> {
    connections.markAnswered(socket); // also while it waits
    const forwardedFor = [headers['x-forwarded-for'] ?? []].flat().join(',');
    const isSpent = failures.take(callerAt(clientAddress(addressOf(socket), forwardedFor, isProxy))) !== null;
    if (!isSpent || slowAnswers >= MOST_SLOW_ANSWERS) return UNAUTHORIZED;
    slowAnswers += 1;
    await wait(SLOW_ANSWER_MS);
    slowAnswers -= 1;
    return UNAUTHORIZED;
  }

  /** A probe of this machine, or on a sender's own connection, keeps it. */
  function healthy({ socket }: IncomingMessage): Answer {
    const keeps = isLoopbackAddress(addressOf(socket)) || connections.isAuthenticated(socket);
    return keeps ? HEALTHY : { ...HEALTHY, headers: CLOSE };
  }

  /** The ladder: each rung lets the request up or answers it. Null where the sender has gone. */
  async function climb(request: IncomingMessage, response: ServerResponse): Promise<Answer | null> {
    const sinceMs = Date.now();
    const target = request.url ?? '';
    const route = routeOf(target);
    if (route === null) {
      reportNotFound(target);
      return NOT_FOUND;
    }
    if (!route.methods.includes(request.method ?? '')) return methodNotAllowed(route.methods);
    if (route.name === 'health') return healthy(request);
    if (!authenticated({ segment: route.segment, authorization: request.headers.authorization }))
      return unauthorized(request);
    connections.authenticate(request.socket);
    if (request.method !== 'POST') return HEALTHY; // a vendor verifies the address; nothing that it sent is repeated

    if (declaresMoreThan(request, MAX_BODY_BYTES)) return TOO_LARGE;
    if (request.headers.expect !== undefined) response.writeContinue();
    const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs });
    if (body.kind === 'aborted') return null;
    // Not 408, which is not among the answers that upstream was told of: what is not durable is 503, and may be sent again.
    if (body.kind === 'too-slow')
      return refusal(503, `expected the whole body within ${bodyTimeoutMs} ms; send it again`);
    if (body.kind === 'too-large') return TOO_LARGE;

    const limits = { maxBytes: MAX_BODY_BYTES, untilMs: sinceMs + INFLATE_TIMEOUT_MS };
    const inflated = await inflateBody(body.bytes, request.headers['content-encoding'], limits);
    if (inflated.kind === 'too-large') return TOO_LARGE;
    if (inflated.kind === 'too-slow') return UNAVAILABLE;

    const signature = deps.signatures(request.headers, { sent: body.bytes, inflated: inflated.bytes });
    if (signature.kind === 'refused') return signature.answer;
    if (signature.kind === 'good') signature.follow(response);

    const parsed = parseNotices(inflated.bytes);
    if (!parsed.ok) return refusal(400, `expected ${inflated.expected ?? parsed.expected}`);
    reportOthers(parsed.notices);
    if (signature.kind === 'doubted') return signature.setAside(parsed.notices, sinceMs);

    const { accepted, ignored, undelivered, failure } = await deps.sink.take(parsed.notices, sinceMs);
    if (undelivered.length > 0) {
      deps.log.warn({ accepted, ignored, undelivered: undelivered.length, error: failure }, 'notices not acknowledged');
      return UNAVAILABLE;
    }
    return { status: 200, body: { accepted, ignored } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const observe = deps.metrics.answers.startTimer();
    request.on('error', () => {}); // a sender that breaks off is no fault of ours; without a listener it would end the process
    response.on('finish', () => {
      observe({ status: String(response.statusCode) });
      deps.answered();
    });
    const answer = await climb(request, response).catch((error: unknown) => {
      deps.log.error({ error }, 'request failed');
      return UNAVAILABLE;
    });
    if (answer === null) return;
    connections.markAnswered(request.socket);
    if (!server.listening) response.setHeader('Connection', 'close'); // draining: the next request must go elsewhere
    if (deps.tls !== null) response.setHeader('Strict-Transport-Security', HSTS);
    send(request, response, answer);
  }

  const server = listenerOf(deps);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', connections.opened);
  server.on('request', handle);
  // A sender that asks before it sends the body is answered by the same ladder, and so is refused without a body.
  server.on('checkContinue', handle);
  // Any other expectation is passed over: Node would answer 417, and keep the connection.
  server.on('checkExpectation', handle);
  // Node would answer 408 to a header that does not come to its end.
  server.on('clientError', (_error, socket) => {
    hangUp(socket as Socket, '400 Bad Request');
  });
  return server;
}

function listenerOf({ tls, registry, log, senderTimeoutMs, renewalEveryMs }: WebhookDeps): Server {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: senderTimeoutMs ?? HEADER_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(1_000, senderTimeoutMs ?? 1_000),
  };
  if (tls === null) return createServer(limits);
  const server = createTlsServer({ ...limits, ...tlsOptions(tls, senderTimeoutMs) });
  followRenewals(server, tls, { registry, log, everyMs: renewalEveryMs });
  return server;
}

function droppedConnections(registry: Registry): Counter<'why'> {
  return new Counter({
    name: 'chartway_webhook_connections_dropped_total',
    help: 'Connections without a valid secret that made room for a new one, by reason (address: 100 of one address; crowded: 1,600 in all).',
    labelNames: ['why'],
    registers: [registry],
  });
}

function methodNotAllowed(methods: readonly string[]): Answer {
  return refusal(405, `expected ${methods.join(' or ')}`, { Allow: methods.join(', '), ...CLOSE });
}
