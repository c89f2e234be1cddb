import { KEYS, startApi, UI } from './api-fixture';

let nowMs = 0;
let api: Awaited<ReturnType<typeof startApi>>;
beforeEach(async () => {
  nowMs = Date.now();
  api = await startApi({ nowMs: () => nowMs, settings: { origins: ['https://api.example.org'] } });
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

async function session(): Promise<string> {
  const cookie = String((await logIn(KEYS.records)).headers['set-cookie']);
  return cookie.split(';')[0] ?? '';
}

function decode(cookie: string, headers: Record<string, string> = { origin: UI }) {
  return api.app.inject({
    method: 'POST',
    url: '/codec/decode',
    headers: { host: '127.0.0.1:3000', cookie, ...headers },
    payload: { payloads: [] },
  });
}

test('a key with the role records starts a session that no script can read and no other site can use', async () => {
  const answer = await logIn(KEYS.records);
  expect(answer.statusCode).toBe(204);
  expect(answer.headers['set-cookie']).toMatch(
    /^chartway=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3600$/,
  );
  const tls = await logIn(KEYS.records, { host: 'api.example.org' });
  expect(tls.headers['set-cookie']).toMatch(
    /^__Host-chartway=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3600; Secure$/,
  );
  expect(await api.audited()).toMatchObject([
    { who: 'records-1', did: 'sign-in' },
    { who: 'records-1', did: 'sign-in' },
  ]);
});

test('another key starts no session', async () => {
  expect((await logIn(KEYS.operate)).statusCode).toBe(403);
  expect((await logIn('wrong')).statusCode).toBe(401);
  expect((await logIn('')).statusCode).toBe(400);
});

test('a session may decode for the UI, but not without an Origin or for another page', async () => {
  const cookie = await session();
  expect((await decode(cookie)).statusCode).toBe(200);
  expect((await decode(cookie, {})).statusCode).toBe(403);
  expect((await decode(cookie, { origin: 'https://evil.example' })).statusCode).toBe(403);
  expect((await decode('chartway=forged')).statusCode).toBe(401);
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
