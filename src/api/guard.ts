import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerAt, createAllowance } from '../process/allowance';
import { type Access, accessOf } from './access';
import { type Caller, setCaller } from './caller';
import { createOriginCheck, type Origins } from './check-origin';
import { type ApiKey, createKeyCheck } from './keys';
import { Problem } from './problem';
import { sessionTokenIn } from './session-cookie';
import type { Sessions } from './sessions';
import type { ApiSettings } from './settings';

/** A minute: windows of every limit. */
const WINDOW_MS = 60_000;
/** Seen in Temporal's UI: one request a payload, eight for an applicant just invited; a long history may ask a hundred times as often. */
const MOST_REQUESTS = 6_000;
/** Somebody who mistypes a key stays below; who tries keys does not. A good key is taken all the same: nobody can lock another out. */
const MOST_FAILURES = 10;
const CODEC_ROUTE = '/codec/decode';
/** What Temporal's UI sends besides what needs no asking. */
const UI_HEADERS = 'authorization, authorization-extras, content-type, x-namespace';

/** What stands before every route. */
export interface Guard {
  /** Whose key it is. @throws {Problem} 401; 429 after too many that were nobody's */
  authenticateKey(request: FastifyRequest, shown: string): ApiKey;
  /** Whether what reached us came over TLS, ours or a proxy's. */
  isSecure(request: FastifyRequest): boolean;
}

/** Checks every request before its body is read: rate, Host, Origin, then who calls and whether they may. */
export function addGuard(app: FastifyInstance, settings: ApiSettings, sessions: Sessions): Guard {
  const check = createKeyCheck(settings.keys);
  const whereabouts = createOriginCheck(settings);
  const byAddress = createAllowance(MOST_REQUESTS, WINDOW_MS);
  const byName = createAllowance(MOST_REQUESTS, WINDOW_MS);
  const failures = createAllowance(MOST_FAILURES, WINDOW_MS);
  const guard: Guard = {
    authenticateKey(request, shown) {
      const key = check(shown);
      if (key !== null) return key;
      spend(failures.take(callerAt(request.ip)));
      throw unauthorized('expected a key that is listed in API_KEYS');
    },
    isSecure: (request) => whereabouts(request, true).ownOrigin.startsWith('https:'),
  };

  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) accessOf(one, url);
  });
  app.addHook('onRequest', async (request, reply) => {
    spend(byAddress.take(callerAt(request.ip)));
    const { url } = request.routeOptions;
    // A balancer asks by an address that it has from elsewhere.
    if (url === undefined || url === '/healthz') return;
    const at = whereabouts(request, url === CODEC_ROUTE);
    if (url === CODEC_ROUTE) allowPage(reply, at);
    admit(request, accessOf(request.method, url), at);
  });
  return guard;

  function admit(request: FastifyRequest, access: Access, at: Origins): void {
    if (access === 'everybody') return;
    const caller = identified(request, at);
    if (caller === null) {
      if (request.routeOptions.url === CODEC_ROUTE && settings.codec === 'open') return;
      throw unauthorized('expected "Authorization: Bearer <API key>"');
    }
    spend(byName.take(caller.name));
    if (access !== 'anybody-known' && !caller.roles.includes(access)) {
      throw new Problem(403, `expected a key with the role ${access}`);
    }
    setCaller(request, caller);
  }

  /** Null where nothing is shown. @throws {Problem} for what is shown and is not good */
  function identified(request: FastifyRequest, at: Origins): Caller | null {
    const { authorization, cookie } = request.headers;
    if (authorization !== undefined) {
      const shown = /^Bearer +([!-~]+) *$/i.exec(authorization)?.[1] ?? '';
      const { name, roles } = guard.authenticateKey(request, shown);
      return { name, roles, by: 'key' };
    }
    const token = sessionTokenIn(cookie, at.ownOrigin.startsWith('https:'));
    const key = token === null ? null : sessions.findKey(token);
    if (key === null) return null;
    // The browser adds the cookie whoever wrote the page; which page it was has to be said.
    if (request.method !== 'GET' && at.callerOrigin === null)
      throw new Problem(403, 'expected an Origin beside a session');
    return { name: key.name, roles: key.roles, by: 'session' };
  }
}

function allowPage(reply: FastifyReply, { callerOrigin: page }: Origins): void {
  reply.header('Vary', 'Origin');
  if (page === null) return;
  reply.headers({
    'Access-Control-Allow-Origin': page,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': UI_HEADERS,
    'Access-Control-Max-Age': '600',
  });
}

function spend(waitS: number | null): void {
  if (waitS !== null) throw new Problem(429, 'expected fewer requests a minute', { 'Retry-After': String(waitS) });
}

function unauthorized(detail: string): Problem {
  return new Problem(401, detail, { 'WWW-Authenticate': 'Bearer realm="chartway"' });
}
