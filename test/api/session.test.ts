import { KEYS, startApi, UI } from './api-fixture';

let nowMs = 0;
let api: Awaited<ReturnType<typeof startApi>>;
beforeEach(async () => {
  nowMs = Date.now();
  api = await startApi({
    nowMs: () => nowMs,
    settings: { origins: ['https://api.example.org'], oneTimeSessions: true },
  });
});
afterEach(() => api.close());

function logIn(key: string, headers: Record<string, string> = {}) {
  const json = { 'content-type': 'application/json' };
  return api.app.inject({
    method: 'POST',
    url: '/session',
    headers: { host: '127.0.0.1:3000', ...json, ...headers },
    payload: JSON.stringify({ key }),
  });
}

async function session(key: string = KEYS.records): Promise<string> {
  return cookieOf((await logIn(key)).headers);
}

function cookieOf(headers: Readonly<Record<string, unknown>>): string {
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

function decode(cookie: string, headers: Record<string, string> = { origin: UI }) {
  return api.app.inject({
    method: 'POST',
    url: '/codec/decode',
    headers: { host: '127.0.0.1:3000', cookie, ...headers },
    payload: { payloads: [] },
  });
}

test('a key begins a session that no script can read and no other site can use', async () => {
  const answer = await logIn(KEYS.records);
  expect(answer.statusCode).toBe(204);
  expect(answer.headers['set-cookie']).toMatch(
    /^chartway=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const tls = await logIn(KEYS.records, { host: 'api.example.org' });
  expect(tls.headers['set-cookie']).toMatch(
    /^__Host-chartway=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  expect(await api.audited()).toMatchObject([
    { who: 'records-1', did: 'sign-in' },
    { who: 'records-1', did: 'sign-in' },
  ]);
});

test('a session has the roles of its key, and a wrong key begins none', async () => {
  const cookie = await session(KEYS.read);
  const caller = await api.call('GET', '/api/v1/whoami', { headers: { cookie } });
  expect(caller.json).toEqual({ name: 'read-1', roles: ['read'], by: 'session' });
  expect((await decode(cookie)).statusCode).toBe(403);
  expect((await logIn('wrong')).statusCode).toBe(401);
  expect((await logIn('')).statusCode).toBe(422);
});

test('a one-time token begins one session, within a minute', async () => {
  const create = async () =>
    String((await api.call('POST', '/api/v1/session/one-time', { role: 'operate' })).json['token']);
  const begin = (token: string) => api.call('POST', '/api/v1/session', { body: { token } });
  const token = await create();
  const begun = await begin(token);
  const cookie = cookieOf(begun.headers);
  expect((await api.call('GET', '/api/v1/whoami', { headers: { cookie } })).json).toMatchObject({ name: 'operate-1' });
  expect([begun.status, (await begin(token)).status]).toEqual([204, 401]);
  const late = await create();
  nowMs += 61_000;
  expect((await begin(late)).status).toBe(401);
  expect((await api.call('POST', '/api/v1/session', { body: { token, key: KEYS.read } })).status).toBe(422);
  expect((await api.audited()).map(({ who, detail }) => [who, detail])).toEqual([
    ['operate-1', 'one-time token'],
    ['operate-1', 'session'],
    ['operate-1', 'one-time token'],
  ]);
});

test('without the setting there are no one-time tokens', async () => {
  const other = await startApi();
  expect((await other.call('POST', '/api/v1/session/one-time', { role: 'operate' })).status).toBe(404);
  await other.close();
});

test('a session may decode for the UI, but not without an Origin or for another page', async () => {
  const cookie = await session();
  expect((await decode(cookie)).statusCode).toBe(200);
  expect((await decode(cookie, {})).statusCode).toBe(403);
  expect((await decode(cookie, { origin: 'https://evil.example' })).statusCode).toBe(403);
  expect((await decode('chartway=forged')).statusCode).toBe(401);
});

test('a session may read with HEAD, for which browsers send no Origin', async () => {
  const cookie = await session();
  const url = `/api/v1/applicants/POL-1/documents/${'0'.repeat(32)}`;
  expect((await api.app.inject({ method: 'HEAD', url, headers: { cookie } })).statusCode).toBe(200);
});

test('a session ends after an hour, and at the logout', async () => {
  const [first, second] = [await session(), await session()];
  const out = await api.app.inject({
    method: 'DELETE',
    url: '/session',
    headers: { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000', cookie: first },
  });
  expect([out.statusCode, out.headers['set-cookie']]).toEqual([204, expect.stringContaining('Max-Age=0')]);
  expect((await decode(first)).statusCode).toBe(401);
  nowMs += 3_599_000;
  expect((await decode(second)).statusCode).toBe(200);
  nowMs += 2_000;
  expect((await decode(second)).statusCode).toBe(401);
});

test('a form without a script posts the key, from our own origin only', async () => {
  const page = await api.app.inject({ url: '/session', headers: { host: '127.0.0.1:3000' } });
  expect(page.headers['content-security-policy']).toBe(
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  expect(page.headers['referrer-policy']).toBe('same-origin');
  const post = (origin: string) => {
    const headers = { host: '127.0.0.1:3000', origin, 'content-type': 'application/x-www-form-urlencoded' };
    return api.app.inject({ method: 'POST', url: '/session', headers, payload: `key=${KEYS.records}` });
  };
  expect((await post('http://127.0.0.1:3000')).headers['set-cookie']).toContain('chartway=');
  expect((await post('https://evil.example')).statusCode).toBe(403);
  expect((await post('null')).statusCode).toBe(403);
});
