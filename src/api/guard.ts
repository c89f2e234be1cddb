import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Connections } from '../process/connections';
import { type Access, accessOf } from './access';
import { type Caller, readOnBehalfOf, setCaller } from './caller';
import { countHeaders, createOriginCheck, expectOneHost, type Origins } from './check-origin';
import { type ApiKey, createKeyFinder } from './keys';
import { Problem } from './problem';
import { createRateLimits } from './rate-limits';
import { readSessionToken, type Sessions } from './sessions';
import type { ApiSettings } from './settings';

const CODEC_ROUTE = '/codec/decode';
/** A health check may use any Host, and is always answered. */
const PROBES = ['/healthz', '/readyz'];
/** The headers of Temporal's UI that need a preflight request. */
const UI_HEADERS = 'authorization, authorization-extras, content-type, x-namespace';

export interface Guard {
  /** Finds the entry of a key. @throws {Problem} 401; 429 after too many invalid keys */
  authenticateKey(request: FastifyRequest, key: string): Promise<ApiKey>;
  /** Whether the request came over TLS, to us or to a proxy. */
  isSecure(request: FastifyRequest): boolean;
}

/** Checks every request before its body is read: the rate, Host, Origin, then the caller and its access. */
export function addGuard(
  app: FastifyInstance,
  settings: ApiSettings,
  sessions: Sessions,
  connections: Pick<Connections, 'authenticate'>,
): Guard {
  const findKey = createKeyFinder(settings.keys);
  const checkOrigin = createOriginCheck(settings);
  const limits = createRateLimits(app);
  const guard: Guard = {
    async authenticateKey(request, key) {
      const entry = findKey(key);
      if (entry !== null) return entry;
      await limits.countFailure(request);
      throw unauthenticated('expected a key that is listed in API_KEYS');
    },
    isSecure: (request) => checkOrigin(request, true).ownOrigin.startsWith('https:'),
  };

  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) accessOf(each, url);
  });
  app.addHook('onRequest', async (request, reply) => {
    expectOneHost(request);
    const { url } = request.routeOptions;
    if (url !== undefined && PROBES.includes(url)) return;
    await limits.countAddress(request, reply);
    if (url === undefined) return;
    const origins = checkOrigin(request, url === CODEC_ROUTE);
    if (url === CODEC_ROUTE) allowCallerOrigin(reply, origins);
    const caller = await authorize(request, accessOf(request.method, url), origins);
    if (caller === null) return;
    setCaller(request, caller);
    connections.authenticate(request.raw.socket);
    await limits.countCaller(request, reply);
    readOnBehalfOf(request);
  });
  return guard;

  /** Null for an anonymous caller of a route that allows it. */
  async function authorize(request: FastifyRequest, access: Access, origins: Origins): Promise<Caller | null> {
    if (access === 'public') return null;
    const caller = await identifyCaller(request, origins);
    if (caller === null) {
      if (request.routeOptions.url === CODEC_ROUTE && settings.codec === 'open') return null;
      throw unauthenticated('expected "Authorization: Bearer <API key>"');
    }
    if (access !== 'authenticated' && !caller.roles.includes(access)) {
      throw new Problem('forbidden', `expected a key with the role ${access}`);
    }
    return caller;
  }

  /** Null without credentials. @throws {Problem} for invalid credentials */
  async function identifyCaller(request: FastifyRequest, { ownOrigin, callerOrigin }: Origins): Promise<Caller | null> {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      // Node uses the first one; a proxy may have checked another one.
      if (countHeaders(request, 'authorization') > 1) throw unauthenticated('expected one Authorization');
      const token = /^Bearer +([!-~]+) *$/i.exec(authorization)?.[1] ?? '';
      const { name, roles } = await guard.authenticateKey(request, token);
      return { name, roles, by: 'key' };
    }
    const token = readSessionToken(request, ownOrigin.startsWith('https:'));
    const key = token === null ? null : sessions.findKey(token);
    if (key === null) return null;
    // A browser adds the cookie to requests of any page, so the origin of the page must be known. It sends none with its own reads.
    if (!isRead(request) && callerOrigin === null) {
      throw new Problem('wrong-origin', 'expected an Origin with a session');
    }
    return { name: key.name, roles: key.roles, by: 'session' };
  }
}

/** Whether the request can change nothing. */
export function isRead({ method }: Pick<FastifyRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

function allowCallerOrigin(reply: FastifyReply, { callerOrigin }: Origins): void {
  reply.header('Vary', 'Origin');
  if (callerOrigin === null) return;
  reply.headers({
    'Access-Control-Allow-Origin': callerOrigin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': UI_HEADERS,
    'Access-Control-Max-Age': '600',
  });
}

function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', detail, {}, { 'WWW-Authenticate': 'Bearer realm="chartway"' });
}
