import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import { ACCESS } from '../../src/api/access';
import { addGuard } from '../../src/api/guard';
import { ROLES } from '../../src/api/keys';
import { createSessions } from '../../src/api/sessions';
import { KEYS, startApi, UI } from './api-fixture';

let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  // Each request comes from another loopback address: ten wrong keys do not limit the eleventh, and one-time tokens are given.
  api = await startApi({ settings: { trustedProxies: ['127.0.0.1'], oneTimeSessions: true } });
});
afterAll(() => api.close());

const WRONG = 'an-unlisted-key';
const CALLERS = { ...KEYS, none: null, wrong: WRONG } as const;

/** The expected access, by hand, so that the table is not compared with itself. */
const ANYONE = [...ROLES, 'none', 'wrong'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'POST /applicants': ['intake'],
  'GET /applicants': ['read'],
  'GET /applicants/:clientUserId': ['read'],
  'GET /applicants/:clientUserId/timeline': ['read'],
  'GET /applicants/:clientUserId/details': ['contact'],
  'GET /applicants/:clientUserId/invitation': ['contact'],
  'POST /applicants/:clientUserId/cancel': ['operate'],
  'POST /applicants/:clientUserId/check-now': ['operate'],
  'POST /applicants/:clientUserId/finish-now': ['operate'],
  'POST /applicants/:clientUserId/withdraw': ['operate'],
  'POST /applicants/:clientUserId/snooze': ['operate'],
  'PUT /applicants/:clientUserId/deadline': ['operate'],
  'POST /applicants/:clientUserId/retry': ['operate'],
  'GET /applicants/:clientUserId/documents': ['records'],
  'GET /applicants/:clientUserId/documents/:documentId': ['records'],
  'HEAD /applicants/:clientUserId/documents/:documentId': ['records'],
  'GET /applicants/:clientUserId/documents/:documentId/view': ['records'],
  'GET /applicants/:clientUserId/documents.zip': ['records'],
  'POST /batches': ['intake'],
  'GET /batches': ['read'],
  'GET /batches/:batchId': ['read'],
  'GET /batches/:batchId/results': ['read'],
  'POST /batches/:batchId/pause': ['operate'],
  'POST /batches/:batchId/resume': ['operate'],
  'POST /batches/:batchId/cancel': ['operate'],
  'GET /applicants/:clientUserId/events': ['read'],
  'GET /deliveries': ['read'],
  'POST /events/:eventId/resend': ['operate'],
  'GET /endpoints': ['read'],
  'POST /endpoints/:name/pause': ['operate'],
  'POST /endpoints/:name/resume': ['operate'],
  'POST /endpoints/:name/test': ['operate'],
  'POST /endpoints/:name/recover': ['operate'],
  'GET /stream': ['read'],
  'GET /summary': ['read'],
  'GET /attention': ['read'],
  'GET /system': ['operate'],
  'GET /audit': ['audit'],
  'GET /whoami': ROLES,
  'GET /session': ANYONE,
  'POST /session': ANYONE,
  'DELETE /session': ROLES,
  'POST /session/one-time': ROLES,
  'GET /healthz': ANYONE,
  'GET /readyz': ANYONE,
  'GET /openapi.json': ANYONE,
  'GET /docs': ANYONE,
  'GET /problems/:slug': ANYONE,
  'OPTIONS /codec/decode': ANYONE,
  'POST /codec/decode': ['records'],
};
/** The routes without the prefix. The sessions have both paths. */
const AT_ROOT = /^(OPTIONS|\w+ \/(healthz|readyz|openapi|docs|problems|codec))/;

const cells = Object.keys(ACCESS).flatMap((route) =>
  Object.entries(CALLERS).map(([caller, key]) => [route, caller, key] as const),
);

test('the expected table has the same routes, and each exists', () => {
  expect(Object.keys(ALLOWED)).toEqual(Object.keys(ACCESS));
  const missing = Object.keys(ACCESS).filter((route) => {
    const [method = '', path = ''] = route.split(' ');
    const url = AT_ROOT.test(route) ? path : `/api/v1${path}`;
    return !api.app.hasRoute({ method: method as 'GET', url });
  });
  expect(missing).toEqual([]);
});

let addresses = 0;
test.each(cells)('%s by %s is answered or rejected', async (route, caller, key) => {
  addresses += 1;
  const address = { 'x-forwarded-for': `127.1.${Math.floor(addresses / 250)}.${addresses % 250}` };
  const [method = '', path = ''] = route.split(' ');
  const url = path
    .replace(':clientUserId', 'POL-1')
    .replace(':documentId', '0'.repeat(32))
    .replace(':slug', 'not-now')
    .replace(':name', 'a1b2c3d4e5f6')
    .replace(':eventId', 'evt_aUE9MLTE_1_0123abcd')
    .replace(':batchId', '0'.repeat(32));
  const hasBody = method === 'POST' || method === 'PUT';
  const answer = await api.call(method, AT_ROOT.test(route) ? url : `/api/v1${url}`, {
    ...(hasBody && { body: {} }),
    headers: { ...address, ...(key !== null && { authorization: `Bearer ${key}` }) },
  });
  if (ALLOWED[route]?.includes(caller)) {
    // 415, 422: the body is an empty JSON object.
    expect([200, 201, 202, 204, 415, 422]).toContain(answer.status);
    return;
  }
  const isListed = key !== null && key !== WRONG;
  expect(answer.status).toBe(isListed ? 403 : 401);
  expect(answer.headers['www-authenticate']).toBe(isListed ? undefined : 'Bearer realm="chartway"');
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  // HEAD has no body.
  if (method !== 'HEAD') {
    const type = isListed ? '/problems/forbidden' : '/problems/unauthenticated';
    expect(answer.json).toMatchObject({ type, status: answer.status, requestId: expect.any(String) });
  }
  expect(answer.text).not.toContain(WRONG);
});

test('a route that is missing in the table stops the start', async () => {
  const app = Fastify();
  await app.register(rateLimit, { global: false });
  addGuard(app, { ...api.settings }, createSessions(), { authenticate: () => {} });
  expect(() => app.get('/persons', async () => 'all of them')).toThrow('expected GET /persons in the table');
});

test('the OpenAPI file shows the role of each operation', () => {
  const { paths = {} } = api.app.swagger() as { paths?: Record<string, Record<string, { 'x-role'?: string }>> };
  const roles = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const route = `${method.toUpperCase()} ${path.replace('/api/v1', '').replace(/\{(\w+)\}/g, ':$1')}`;
      const allowed = ALLOWED[route] ?? [];
      return [route, operation['x-role'], allowed.length === 1 ? allowed[0] : undefined];
    }),
  );
  expect(roles.length).toBeGreaterThan(20);
  expect(roles.filter(([, shown, expected]) => shown !== expected)).toEqual([]);
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
  const answer = await api.call('GET', '/api/v1/whoami', { headers: { authorization: `bearer ${KEYS.audit}` } });
  expect(answer.json).toEqual({ name: 'audit-1', roles: ['audit'], by: 'key' });
});

test.each([
  ['no default port', '127.0.0.1', 200],
  ['localhost', 'localhost:3000', 200],
  ['another name of our address', 'rebound.example.org', 421],
  ['a name like loopback', '127.0.0.1.example.org', 421],
  ['a user before the name', '127.0.0.1@example.org', 421],
])('the Host %s is accepted or rejected', async (_what, host, status) => {
  const headers = { host, authorization: `Bearer ${KEYS.read}` };
  const answer = await api.app.inject({ url: '/api/v1/whoami', headers });
  expect(answer.statusCode).toBe(status);
});

test.each([['https://evil.example'], ['null'], [UI]])('a page of %s may not call /whoami', async (origin) => {
  const headers = { origin, authorization: `Bearer ${KEYS.read}` };
  const answer = await api.call('GET', '/api/v1/whoami', { headers });
  expect([answer.status, answer.json['type']]).toEqual([403, '/problems/wrong-origin']);
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
});
