import Fastify from 'fastify';
import { ACCESS } from '../../src/api/access';
import { addGuard } from '../../src/api/guard';
import { ROLES } from '../../src/api/keys';
import { createSessions } from '../../src/api/sessions';
import { KEYS, startApi, UI } from './api-fixture';

let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const WRONG = 'an-unlisted-key';
const CALLERS = { ...KEYS, none: null, wrong: WRONG } as const;

/** The expected access, by hand, so that the table is not compared with itself. */
const ANYONE = [...ROLES, 'none', 'wrong'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'GET /healthz': ANYONE,
  'GET /whoami': ROLES,
  'GET /session': ANYONE,
  'POST /session': ANYONE,
  'DELETE /session': ROLES,
  'OPTIONS /codec/decode': ANYONE,
  'POST /codec/decode': ['records'],
};

const cells = Object.keys(ACCESS).flatMap((route) =>
  Object.entries(CALLERS).map(([caller, key]) => [route, caller, key] as const),
);

test('the expected table has the same routes', () => {
  expect(Object.keys(ALLOWED)).toEqual(Object.keys(ACCESS));
});

test.each(cells)('%s by %s is answered or rejected', async (route, caller, key) => {
  const [method = '', path] = route.split(' ');
  const body = method === 'POST' ? { headers: { 'content-type': 'application/json' }, body: '{}' } : { headers: {} };
  const answer = await fetch(`${api.url}${path}`, {
    method,
    ...body,
    headers: { ...body.headers, ...(key !== null && { authorization: `Bearer ${key}` }) },
  });
  const text = await answer.text();
  if (ALLOWED[route]?.includes(caller)) {
    expect([200, 204, 400]).toContain(answer.status);
    return;
  }
  const isListed = key !== null && key !== WRONG;
  expect(answer.status).toBe(isListed ? 403 : 401);
  expect(answer.headers.get('www-authenticate')).toBe(isListed ? null : 'Bearer realm="chartway"');
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(JSON.parse(text)).toMatchObject({ type: 'about:blank', status: answer.status, requestId: expect.any(String) });
  expect(text).not.toContain(WRONG);
});

test('a route that is missing in the table stops the start', () => {
  const app = Fastify();
  addGuard(app, { ...api.settings }, createSessions());
  expect(() => app.get('/applicants', async () => 'all of them')).toThrow('expected GET /applicants in the table');
});

test('there is no route to encode', async () => {
  const answer = await fetch(`${api.url}/codec/encode`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.records}`, 'content-type': 'application/json' },
    body: '{"payloads":[]}',
  });
  expect(answer.status).toBe(404);
});

test('a caller is identified by its key', async () => {
  const answer = await fetch(`${api.url}/whoami`, { headers: { authorization: `bearer ${KEYS.audit}` } });
  expect(await answer.json()).toEqual({ name: 'audit-1', roles: ['audit'], by: 'key' });
});

test.each([
  ['no default port', '127.0.0.1', 200],
  ['localhost', 'localhost:3000', 200],
  ['another name of our address', 'rebound.example.org', 421],
  ['a name like loopback', '127.0.0.1.example.org', 421],
  ['a user before the name', '127.0.0.1@example.org', 421],
])('the Host %s is accepted or rejected', async (_what, host, status) => {
  const answer = await api.app.inject({ url: '/whoami', headers: { host, authorization: `Bearer ${KEYS.read}` } });
  expect(answer.statusCode).toBe(status);
});

test.each([['https://evil.example'], ['null'], [UI]])('a page of %s may not call /whoami', async (origin) => {
  const headers = { origin, authorization: `Bearer ${KEYS.read}` };
  const answer = await fetch(`${api.url}/whoami`, { headers });
  expect(answer.status).toBe(403);
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});
