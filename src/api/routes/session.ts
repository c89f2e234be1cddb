import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Audit } from '../../observability/audit';
import { isLoopbackAddress } from '../../process/networks';
import { addFormParser } from '../body-parsers';
import { type Caller, callerOf } from '../caller';
import type { Guard } from '../guard';
import { answer, TAGS } from '../open-api';
import { noRouteProblem, Problem } from '../problem';
import { emptyBody, sessionBody } from '../schemas/requests';
import { oneTimeToken, page, whoami } from '../schemas/session';
import { deleteSessionToken, ONE_TIME_S, readSessionToken, type Sessions, sendSessionToken } from '../sessions';

/** Loads nothing and runs no script: the form posts a key to its own address. */
const FORM = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway</title>
<h1>Chartway</h1>
<p>Enter an API key to sign this browser in for one hour. To decode what Temporal's UI shows, the key needs the role "records".</p>
<form method="post">
<label>API key <input name="key" type="password" autocomplete="off" required></label>
<button>Sign in</button>
</form>
</html>
`;
const SIGNED_IN = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway</title>
<p>This browser is signed in for one hour. Go back to Temporal's UI and reload it.</p>
</html>
`;
const HTML = 'text/html';

interface SessionDeps {
  readonly sessions: Sessions;
  readonly guard: Guard;
  readonly audit: Audit;
  readonly oneTimeSessions: boolean;
  readonly nowMs: () => number;
  /** Whether the OpenAPI file shows the routes. */
  readonly isDocumented: boolean;
}

/** The login, which exchanges a key or a one-time token for a session; the logout; and the route that returns the caller. */
export const sessionRoutes: FastifyPluginAsyncZod<SessionDeps> = async (app, deps) => {
  const { sessions, guard, audit, nowMs } = deps;
  addFormParser(app);
  const shared = { tags: [TAGS.sessions], hide: !deps.isDocumented };

  app.get(
    '/whoami',
    {
      schema: {
        ...shared,
        operationId: 'showCaller',
        summary: 'Show the name and the roles of the caller',
        response: { 200: answer(whoami, 'The caller.') },
      },
    },
    async (request) => {
      const { name, roles, by } = expectCaller(request);
      return { name, roles, by };
    },
  );

  app.get(
    '/session',
    {
      schema: {
        ...shared,
        operationId: 'showLogin',
        summary: 'Show the login form',
        response: { 200: answer(page, 'The form.', HTML) },
      },
    },
    (_request, reply) =>
      reply
        .header(
          'Content-Security-Policy',
          "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        )
        // Without a referrer, a browser sends no origin with the form.
        .header('Referrer-Policy', 'same-origin')
        .type('text/html; charset=utf-8')
        .send(FORM),
  );

  app.post(
    '/session',
    {
      schema: {
        ...shared,
        operationId: 'beginSession',
        summary: 'Begin a session',
        description: 'With an API key or a one-time token. The session is a cookie and ends after an hour.',
        consumes: ['application/json', 'application/x-www-form-urlencoded'],
        body: sessionBody,
        response: {
          200: answer(page, 'The answer to the form.', HTML),
          204: answer(z.null(), 'The session began.'),
        },
        'x-headers': { 200: ['Set-Cookie'], 204: ['Set-Cookie'] },
        'x-problems': ['unauthenticated', 'audit-unavailable'],
      },
    },
    async (request, reply) => {
      const { key: sent, token } = request.body;
      const key = sent === undefined ? redeem(token ?? '') : await guard.authenticateKey(request, sent.trim());
      await audit.record({ who: key.name, did: 'sign-in', detail: 'session' });
      sendSessionToken(reply, sessions.begin(key), guard.isSecure(request));
      if (request.headers['content-type']?.startsWith('application/json')) return reply.code(204).send();
      return reply.type('text/html; charset=utf-8').send(SIGNED_IN);
    },
  );

  app.delete(
    '/session',
    {
      schema: {
        ...shared,
        operationId: 'endSession',
        summary: 'End the session',
        response: { 204: answer(z.null(), 'The session ended.') },
        'x-headers': { 204: ['Set-Cookie'] },
      },
    },
    (request, reply) => {
      const isSecure = guard.isSecure(request);
      const token = readSessionToken(request, isSecure);
      if (token !== null) sessions.end(token);
      deleteSessionToken(reply, isSecure);
      return reply.code(204).send();
    },
  );

  app.post(
    '/session/one-time',
    {
      schema: {
        ...shared,
        operationId: 'createOneTimeToken',
        summary: 'Create a token that begins one session',
        description: `For \`npm start\`, on loopback only; otherwise 404. The token is valid for ${ONE_TIME_S} seconds and has the roles of the caller.`,
        body: emptyBody,
        response: { 200: answer(oneTimeToken, 'The token.') },
        'x-problems': ['not-found', 'audit-unavailable'],
      },
    },
    async (request) => {
      if (!deps.oneTimeSessions || !isLoopbackAddress(request.ip)) throw noRouteProblem();
      const caller = expectCaller(request);
      await audit.record({ who: caller.name, did: 'sign-in', detail: 'one-time token' });
      const expiresAt = new Date(nowMs() + ONE_TIME_S * 1_000).toISOString();
      return { token: sessions.createOneTimeToken(caller), expiresAt };
    },
  );

  function redeem(token: string) {
    const key = sessions.redeemOneTimeToken(token);
    if (key === null)
      throw new Problem('unauthenticated', 'expected a one-time token that is neither used nor too old');
    return key;
  }
};

/** The guard has rejected requests without a caller. */
function expectCaller(request: FastifyRequest): Caller {
  const caller = callerOf(request);
  if (caller === null) throw new TypeError('expected a route that needs a caller');
  return caller;
}
