import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createCallerLimit } from '../process/caller-limit';
import { toCallerKey } from '../process/networks';
import { type Access, accessOf } from './access';
import { type Caller, setCaller } from './caller';
import { createOriginCheck, type Origins } from './check-origin';
import { type ApiKey, createKeyFinder } from './keys';
import { Problem } from './problem';
import { parseSessionToken, type Sessions } from './sessions';
import type { ApiSettings } from './settings';

const WINDOW_MS = 60_000;
/** Temporal's UI sends one request per payload: eight for an applicant who was just invited, a hundred times as many for a long history. */
const MAX_REQUESTS = 6_000;
/** Enough for typing errors, too few for guessing. A valid key is always accepted, so that no one can lock another caller out. */
const MAX_FAILURES = 10;
const CODEC_ROUTE = '/codec/decode';
/** The headers of Temporal's UI that need a preflight request. */
const UI_HEADERS = 'authorization, authorization-extras, content-type, x-namespace';

export interface Guard {
  /** Finds the entry of a key. @throws {Problem} 401; 429 after too many invalid keys */
  authenticateKey(request: FastifyRequest, key: string): ApiKey;
  /** Whether the request came over TLS, to us or to a proxy. */
  isSecure(request: FastifyRequest): boolean;
}

/** Checks every request before its body is read: the rate, Host, Origin, then the caller and its access. */
export function addGuard(app: FastifyInstance, settings: ApiSettings, sessions: Sessions): Guard {
  const findKey = createKeyFinder(settings.keys);
  const checkOrigin = createOriginCheck(settings);
  const byAddress = createCallerLimit(MAX_REQUESTS, WINDOW_MS);
  const byName = createCallerLimit(MAX_REQUESTS, WINDOW_MS);
  const failures = createCallerLimit(MAX_FAILURES, WINDOW_MS);
  const guard: Guard = {
    authenticateKey(request, key) {
      const entry = findKey(key);
      if (entry !== null) return entry;
      enforceLimit(failures.take(toCallerKey(request.ip)));
      throw unauthorized('expected a key that is listed in API_KEYS');
    },
    isSecure: (request) => checkOrigin(request, true).ownOrigin.startsWith('https:'),
  };

  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) accessOf(each, url);
  });
  app.addHook('onRequest', async (request, reply) => {
    enforceLimit(byAddress.take(toCallerKey(request.ip)));
    const { url } = request.routeOptions;
    // A health check may use any Host.
    if (url === undefined || url === '/healthz') return;
    const origins = checkOrigin(request, url === CODEC_ROUTE);
    if (url === CODEC_ROUTE) allowCallerOrigin(reply, origins);
    authorize(request, accessOf(request.method, url), origins);
  });
  return guard;

  function authorize(request: FastifyRequest, access: Access, origins: Origins): void {
    if (access === 'public') return;
    const caller = identifyCaller(request, origins);
    if (caller === null) {
      if (request.routeOptions.url === CODEC_ROUTE && settings.codec === 'open') return;
      throw unauthorized('expected "Authorization: Bearer <API key>"');
    }
    enforceLimit(byName.take(caller.name));
    if (access !== 'authenticated' && !caller.roles.includes(access)) {
      throw new Problem(403, `expected a key with the role ${access}`);
    }
    setCaller(request, caller);
  }

  /** Null without credentials. @throws {Problem} for invalid credentials */
  function identifyCaller(request: FastifyRequest, { ownOrigin, callerOrigin }: Origins): Caller | null {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const token = /^Bearer +([!-~]+) *$/i.exec(authorization)?.[1] ?? '';
      const { name, roles } = guard.authenticateKey(request, token);
      return { name, roles, by: 'key' };
    }
    const token = parseSessionToken(cookie, ownOrigin.startsWith('https:'));
    const key = token === null ? null : sessions.findKey(token);
    if (key === null) return null;
    // A browser adds the cookie to requests of any page, so the origin of the page must be known.
    if (request.method !== 'GET' && callerOrigin === null) throw new Problem(403, 'expected an Origin with a session');
    return { name: key.name, roles: key.roles, by: 'session' };
  }
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

function enforceLimit(waitS: number | null): void {
  if (waitS !== null) throw new Problem(429, 'expected fewer requests per minute', { 'Retry-After': String(waitS) });
}

function unauthorized(detail: string): Problem {
  return new Problem(401, detail, { 'WWW-Authenticate': 'Bearer realm="chartway"' });
}
