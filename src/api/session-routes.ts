import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Audit } from '../observability/audit';
import { callerOf } from './caller';
import type { ApiKey } from './keys';
import { Problem } from './problem';
import { sessionCookie, sessionTokenIn } from './session-cookie';
import type { Sessions } from './sessions';

/** No script, nothing loaded: the page only posts a key to where it came from. */
const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway</title>
<h1>Chartway</h1>
<p>Show an API key with the role "records", and this browser may decode what Temporal's UI shows for one hour.</p>
<form method="post" action="/session">
<label>API key <input name="key" type="password" autocomplete="off" required></label>
<button>Begin</button>
</form>
</html>
`;
const DONE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway</title>
<p>This browser may decode for one hour. Go back to Temporal's UI and load it anew.</p>
</html>
`;

/** How a browser shows a key once and holds a session instead, and who it is then. */
export function addSessionRoutes(
  app: FastifyInstance,
  deps: {
    readonly sessions: Sessions;
    /** @throws {Problem} 401, 429 */
    readonly authenticateKey: (request: FastifyRequest, shown: string) => ApiKey;
    readonly isSecure: (request: FastifyRequest) => boolean;
    readonly audit: Audit;
  },
): void {
  const { sessions, authenticateKey, isSecure, audit } = deps;

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
      // Without a referrer a browser names no origin when it posts the form.
      .header('Referrer-Policy', 'same-origin')
      .type('text/html; charset=utf-8')
      .send(PAGE),
  );

  app.post('/session', async (request, reply) => {
    const { key: shown } = (request.body ?? {}) as { key?: unknown };
    if (typeof shown !== 'string' || shown === '') throw new Problem(400, 'expected {"key": "..."}');
    const key = authenticateKey(request, shown.trim());
    if (!key.roles.includes('records')) throw new Problem(403, 'expected a key with the role records');
    await audit.record({ who: key.name, did: 'sign-in', detail: 'session' });
    reply.header('Set-Cookie', sessionCookie(sessions.begin(key), isSecure(request)));
    if (request.headers['content-type']?.startsWith('application/json')) return reply.code(204).send();
    return reply.type('text/html; charset=utf-8').send(DONE);
  });

  app.delete('/session', (request, reply) => {
    const token = sessionTokenIn(request.headers.cookie, isSecure(request));
    if (token !== null) sessions.end(token);
    return reply
      .code(204)
      .header('Set-Cookie', sessionCookie(null, isSecure(request)))
      .send();
  });
}
