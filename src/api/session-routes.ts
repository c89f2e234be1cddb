import type { FastifyInstance } from 'fastify';
import type { Audit } from '../observability/audit';
import { callerOf } from './caller';
import type { Guard } from './guard';
import { Problem } from './problem';
import { parseSessionToken, type Sessions, sessionCookie } from './sessions';

/** Loads nothing and runs no script: the form posts a key to its own origin. */
const FORM = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway</title>
<h1>Chartway</h1>
<p>Enter an API key with the role "records" to let this browser decode what Temporal's UI shows, for one hour.</p>
<form method="post" action="/session">
<label>API key <input name="key" type="password" autocomplete="off" required></label>
<button>Sign in</button>
</form>
</html>
`;
const SIGNED_IN = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway</title>
<p>This browser may decode for one hour. Go back to Temporal's UI and reload it.</p>
</html>
`;

/** The login, which exchanges a key for a session; the logout; and the route that returns the caller. */
export function addSessionRoutes(
  app: FastifyInstance,
  { sessions, guard, audit }: { readonly sessions: Sessions; readonly guard: Guard; readonly audit: Audit },
): void {
  app.get('/whoami', async (request) => {
    const caller = callerOf(request);
    return { name: caller?.name, roles: caller?.roles, by: caller?.by };
  });

  app.get('/session', (_request, reply) =>
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

  app.post('/session', async (request, reply) => {
    const { key: sent } = (request.body ?? {}) as { key?: unknown };
    if (typeof sent !== 'string' || sent === '') throw new Problem(400, 'expected {"key": "..."}');
    const key = guard.authenticateKey(request, sent.trim());
    if (!key.roles.includes('records')) throw new Problem(403, 'expected a key with the role records');
    await audit.record({ who: key.name, did: 'sign-in', detail: 'session' });
    reply.header('Set-Cookie', sessionCookie(sessions.begin(key), guard.isSecure(request)));
    if (request.headers['content-type']?.startsWith('application/json')) return reply.code(204).send();
    return reply.type('text/html; charset=utf-8').send(SIGNED_IN);
  });

  app.delete('/session', (request, reply) => {
    const isSecure = guard.isSecure(request);
    const token = parseSessionToken(request.headers.cookie, isSecure);
    if (token !== null) sessions.end(token);
    return reply.code(204).header('Set-Cookie', sessionCookie(null, isSecure)).send();
  });
}
