import { AuditUnavailable } from '../../src/observability/audit';
import { generateKey } from '../../src/temporal/key-ring';
import { keyRingOf } from '../support/keys';
import { fc } from '../support/property';
import { encrypted, KEYS, plain, startApi, UI, wire } from './api-fixture';

type Api = Awaited<ReturnType<typeof startApi>>;
let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

function decode(
  payloads: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${KEYS.records}` },
  of = api,
) {
  const body = typeof payloads === 'string' ? payloads : JSON.stringify({ payloads });
  return fetch(`${of.url}/codec/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
    body,
  });
}

test('payloads are decoded, and undecodable ones are returned unchanged in their place', async () => {
  const other = keyRingOf(generateKey('other'));
  const good = await encrypted({ email: 'max@example.org' }, 'applicant-POL-1');
  const late = await encrypted('second', 'notices-h1');
  const altered = { ...good, data: Buffer.from('other bytes, long enough for a tag').toString('base64') };
  const unchanged = [
    wire(plain('in clear')),
    altered,
    await encrypted('x', 'applicant-POL-1', other),
    { metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' }, data: '' },
    { metadata: { encoding: 5 }, data: 'x' },
    ...[null, 7, 'text', [], {}],
    { ...wire(plain(1)), externalPayloads: [{ sizeBytes: '9' }] },
  ];
  const answer = await decode([good, ...unchanged, late, good]);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    payloads: [
      wire(plain({ email: 'max@example.org' })),
      ...unchanged,
      wire(plain('second')),
      wire(plain({ email: 'max@example.org' })),
    ],
  });
});

test('the audit log records each decode by key, act and applicant, and nothing else', async () => {
  const payloads = [
    await encrypted('secret-1', 'applicant-POL-1'),
    await encrypted('secret-2', 'refresh-POL-2'),
    await encrypted('secret-3', 'applicant-POL-1'),
    await encrypted('secret-4', 'notices-h1'),
    wire(plain('in clear')),
  ];
  await (await decode(payloads)).text();
  const lines = await api.audited();
  expect(lines).toMatchObject([
    { who: 'records-1', did: 'decode', clientUserId: 'POL-1', detail: 'payloads: 2 of applicant-POL-1' },
    { who: 'records-1', did: 'decode', clientUserId: 'POL-2' },
    { who: 'records-1', did: 'decode', detail: 'payloads: 1 of notices-h1' },
  ]);
  expect(lines).toHaveLength(3);
  expect(JSON.stringify([lines, api.lines])).not.toContain('secret');
});

test('without the audit log, nothing is decoded', async () => {
  jest.spyOn(api.audit, 'record').mockRejectedValue(new AuditUnavailable(new Error('disk')));
  const answer = await decode([await encrypted('secret', 'applicant-POL-1')]);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ type: '/problems/audit-unavailable', done: 'nothing', repeat: 'safe' });
});

test('payloads of another namespace are returned unchanged', async () => {
  const payload = await encrypted('x', 'applicant-POL-1');
  const answer = await decode([payload], { authorization: `Bearer ${KEYS.records}`, 'x-namespace': 'other' });
  expect(await answer.json()).toEqual({ payloads: [payload] });
  expect(await api.audited()).toEqual([]);
});

test.each([
  ['invalid JSON', '{"payloads":', 400],
  ['a list', '[]', 400],
  ['payloads that are not a list', '{"payloads":{}}', 400],
  ['a field that would change prototypes', '{"__proto__":{"payloads":[]}}', 400],
  ['JSON that is too deep', `{"payloads":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400],
  ['too many payloads', `{"payloads":[${'1,'.repeat(10_000)}1]}`, 413],
  ['a body that is too large', `{"payloads":["${'x'.repeat(8 * 1024 * 1024)}"]}`, 413],
  ['nothing to decode', '{}', 200],
])('%s is answered with its status only', async (_what, body, status) => {
  const answer = await decode(body);
  expect(answer.status).toBe(status);
  expect(await answer.text()).not.toMatch(/\\n +at |node_modules|xxxx/);
});

test("Temporal's UI may call from its origin with credentials; no other page may", async () => {
  const preflight = (origin: string) =>
    fetch(`${api.url}/codec/decode`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-namespace',
      },
    });
  const allowed = await preflight(UI);
  expect(allowed.status).toBe(204);
  expect(Object.fromEntries(allowed.headers)).toMatchObject({
    'access-control-allow-origin': UI,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': expect.stringMatching(/content-type.*x-namespace/),
    vary: 'Origin',
  });
  const rejected = await preflight('http://127.0.0.1:8234');
  expect(rejected.status).toBe(403);
  expect(rejected.headers.get('access-control-allow-origin')).toBeNull();
  const failed = await decode([], { origin: UI });
  expect([failed.status, failed.headers.get('access-control-allow-origin')]).toEqual([401, UI]);
});

test('an open endpoint needs no key, and still rejects other pages, other hosts and wrong keys', async () => {
  const open = await startApi({ settings: { codec: 'open', keys: [] } });
  try {
    const payload = await encrypted('x', 'applicant-POL-1');
    expect(await (await decode([payload], {}, open)).json()).toEqual({ payloads: [wire(plain('x'))] });
    expect((await open.audited())[0]).toMatchObject({ who: 'open:loopback', clientUserId: 'POL-1' });
    expect((await decode([payload], { origin: UI }, open)).status).toBe(200);
    expect((await decode([payload], { origin: 'https://evil.example' }, open)).status).toBe(403);
    expect((await decode([payload], { authorization: 'Bearer wrong' }, open)).status).toBe(401);
    const post = { method: 'POST' as const, url: '/codec/decode', payload: { payloads: [payload] } };
    expect((await open.app.inject({ ...post, headers: { host: 'rebound.example.org' } })).statusCode).toBe(421);
    expect((await fetch(`${open.url}/whoami`)).status).toBe(401);
  } finally {
    await open.close();
  }
});

test('a disabled endpoint has no route', async () => {
  const off = await startApi({ settings: { codec: 'off' } });
  try {
    expect((await decode([], { authorization: `Bearer ${KEYS.records}` }, off)).status).toBe(404);
  } finally {
    await off.close();
  }
});

test('any JSON as payloads returns as many elements, without an error of our own', async () => {
  const headers = { authorization: `Bearer ${KEYS.records}`, 'content-type': 'application/json', host: '127.0.0.1' };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue({ maxDepth: 6 }), { maxLength: 8 }), async (payloads) => {
      const body = JSON.stringify({ payloads });
      const answer = await api.app.inject({ method: 'POST', url: '/codec/decode', headers, payload: body });
      // A body with a key that would change prototypes is rejected.
      if (answer.statusCode === 400) return expect(body).toMatch(/__proto__|constructor/);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toEqual({ payloads: JSON.parse(body).payloads });
    }),
    { numRuns: 200 },
  );
});
