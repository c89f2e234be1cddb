import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { createKeyFinder, parseApiKeys } from '../../src/api/keys';
import { createCallerLimit } from '../../src/process/caller-limit';
import { exceedsDepth } from '../../src/process/json-depth';
import { toCallerKey } from '../../src/process/networks';
import { until } from '../support/condition';
import { readFaults } from '../support/configuration';
import { converse } from '../webhook/webhook-fixture';
import { KEYS, START, startApi } from './api-fixture';

const HASH = 'ab'.repeat(32);

test.each([
  ['a request without a first line', 'G'],
  ['a header without an end', 'GET /whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '],
  [
    'a body without an end',
    `POST /codec/decode HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${KEYS.records}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  ],
])('the sender of %s is disconnected', async (_what, text) => {
  const api = await startApi({ senderTimeoutMs: 300 });
  try {
    const { text: answer } = await converse(Number(new URL(api.url).port), { first: text });
    expectProblem(answer, 408, 'Request Timeout');
  } finally {
    await api.close();
  }
});

test('a sender that keeps sending after its answer is disconnected', async () => {
  const api = await startApi({ senderTimeoutMs: 300 });
  const socket = connect({ port: Number(new URL(api.url).port), host: '127.0.0.1', allowHalfOpen: true });
  const trickle = setInterval(() => socket.write('X-Slow: 1\r\n'), 50);
  try {
    socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expectProblem(answer.toString(), 408, 'Request Timeout');
    socket.on('error', () => {});
    const count = promisify(api.app.server.getConnections.bind(api.app.server));
    await until('the closed connection', async () => (await count()) === 0, 20_000);
  } finally {
    clearInterval(trickle);
    socket.destroy();
    await api.close();
  }
});

test.each([
  ['without a key has one closed that was answered', '/healthz', '', true],
  ['with a key keeps all', '/whoami', `Authorization: Bearer ${KEYS.read}\r\n`, false],
])('an address with more than 100 connections %s', async (_what, path, headers, isClosed) => {
  const api = await startApi();
  const sockets: Socket[] = [];
  const open = async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const ask = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;
  try {
    const first = await open();
    first.write(ask);
    await once(first, 'data');
    // Its answer may be registered a moment later.
    await until('the metric', async () => (await api.registry.metrics()).includes('api_answer_seconds_count{'));
    for (let opened = 0; opened < 100; opened += 1) await open();
    if (isClosed) await once(first, 'close');
    else {
      first.write(ask);
      expect(String(await once(first, 'data'))).toMatch(/ 200 OK/);
    }
    const metrics = await api.registry.metrics();
    expect(metrics.includes('connections_dropped_total{why="address"')).toBe(isClosed);
  } finally {
    for (const socket of sockets) socket.destroy();
    await api.close();
  }
});

test.each([
  ['no HTTP', 'HELLO\r\n\r\n', 400, 'Bad Request'],
  [
    'a header of 20,000 bytes',
    `GET /whoami HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
    'Request Header Fields Too Large',
  ],
  ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n', 400, 'Bad Request'],
])('%s is answered with a problem', async (_what, text, status, phrase) => {
  const api = await startApi();
  try {
    const { text: answer } = await converse(Number(new URL(api.url).port), { first: text });
    expectProblem(answer, status, phrase);
  } finally {
    await api.close();
  }
});

test.each([
  ['a probe', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
  ['a start without a key', start({})],
  ['a start', start({ Authorization: `Bearer ${KEYS.intake}` })],
])('the sender of %s that resets the connection leaves no line in the log', async (_what, text) => {
  const api = await startApi();
  try {
    const requests = jest.fn();
    api.app.server.on('request', requests);
    for (let sent = 0; sent < 20; sent += 1) {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      await once(socket, 'connect');
      // The reset is not read before the request.
      socket.write(text, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    await until('the requests', () => requests.mock.calls.length > 0);
    expect((await api.call('GET', '/healthz')).status).toBe(200);
    expect(api.lines).toEqual([]);
  } finally {
    await api.close();
  }
});

function start(headers: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(START);
  const all = { Host: '127.0.0.1', 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /api/v1/applicants HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

test.each([
  ['an unknown expectation', '/healthz', 'Host: 127.0.0.1\r\nExpect: foo\r\n', 200],
  ['a probe without Host', '/healthz', '', 400],
  ['a request without Host', '/whoami', '', 400],
  [
    'a second Authorization',
    '/whoami',
    `Host: 127.0.0.1\r\nAuthorization: Bearer ${KEYS.read}\r\nAuthorization: Bearer x\r\n`,
    401,
  ],
  [
    'a compressed body',
    '/codec/decode',
    `Host: 127.0.0.1\r\nAuthorization: Bearer ${KEYS.records}\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n`,
    415,
    'POST',
    '{}',
  ],
])('%s has an answer with the common headers', async (_what, path, headers, status, method = 'GET', body = '') => {
  const api = await startApi();
  try {
    const first = `${method} ${path} HTTP/1.1\r\nConnection: close\r\n${headers}\r\n${body}`;
    const { text: answer } = await converse(Number(new URL(api.url).port), { first });
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/^cache-control: no-store\r$/im);
    expect(answer).toMatch(/^x-request-id: [\w-]{36}\r$/im);
    if (status >= 400) expect(answer).toMatch(/^content-type: application\/problem\+json/im);
  } finally {
    await api.close();
  }
});

/** A whole answer to a request that Node could not read. */
function expectProblem(answer: string, status: number, phrase: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual([
    `HTTP/1.1 ${status} ${phrase}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    expect.stringMatching(/^X-Request-Id: [\w-]{36}$/),
  ]);
  const [, requestId] = /X-Request-Id: (.*)/.exec(head) ?? [];
  expect(JSON.parse(body)).toMatchObject({ type: '/problems/malformed', status, requestId });
}

test('every answer has the security headers, and no stack trace', async () => {
  const api = await startApi({ settings: { origins: ['https://api.example.org'] } });
  try {
    for (const path of ['/whoami', '/none', '/healthz', '/%']) {
      const answer = await fetch(`${api.url}${path}`);
      expect(await answer.text()).not.toMatch(/\\n +at |node_modules|Error/);
      if (path === '/%') {
        // It has no route and no hooks.
        expect(answer.headers.get('x-request-id')).toEqual(expect.any(String));
        continue;
      }
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none';form-action 'none';base-uri 'none'",
        'x-content-type-options': 'nosniff',
        'strict-transport-security': expect.stringContaining('max-age='),
        'cache-control': 'no-store',
        'x-request-id': expect.any(String),
      });
      expect(answer.headers.get('server') ?? answer.headers.get('x-powered-by')).toBeNull();
    }
  } finally {
    await api.close();
  }
});

test('a caller is limited after ten wrong keys, except with a valid one', async () => {
  const api = await startApi();
  try {
    const call = (key: string) => fetch(`${api.url}/whoami`, { headers: { authorization: `Bearer ${key}` } });
    for (let tried = 0; tried < 10; tried += 1) expect((await call(`wrong-${tried}`)).status).toBe(401);
    const limited = await call('wrong-10');
    expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(limited.headers.get('ratelimit')).toMatch(/^"failures";r=0;t=\d+$/);
    expect(limited.headers.get('ratelimit-policy')).toBe('"failures";q=10;w=60');
    expect((await call(KEYS.read)).status).toBe(200);
  } finally {
    await api.close();
  }
});

test('an address is limited after 6,000 requests per minute, except for probes', async () => {
  const api = await startApi();
  try {
    const statuses: number[] = [];
    for (let asked = 0; asked < 6_001; asked += 1) statuses.push((await api.app.inject('/none')).statusCode);
    expect([statuses.filter((status) => status === 404).length, statuses.at(-1)]).toEqual([6_000, 429]);
    const forwarded = await api.app.inject({ url: '/none', headers: { 'x-forwarded-for': '10.1.2.3' } });
    expect(forwarded.statusCode).toBe(429); // only addresses in API_TRUSTED_PROXIES are trusted
    expect((await api.app.inject('/healthz')).statusCode).toBe(200);
    expect((await api.app.inject('/readyz')).statusCode).toBe(200);
  } finally {
    await api.close();
  }
});

test('a limit starts again with the next window, and forgets the oldest of too many callers', () => {
  let nowMs = 0;
  const limit = createCallerLimit(2, 60_000, () => nowMs);
  expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([null, null, 60, null]);
  nowMs = 60_000;
  expect(limit.take('a')).toBeNull();
  for (let caller = 0; caller < 10_000; caller += 1) limit.take(`other-${caller}`);
  expect([limit.take('a'), limit.take('a')]).toEqual([null, null]);
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s is counted as %s', (address, caller) => {
  expect(toCallerKey(address)).toBe(caller);
});

test('the depth is counted outside of strings', () => {
  expect(exceedsDepth(Buffer.from('[[1],{"a":[2]}]'), 3)).toBe(false);
  expect(exceedsDepth(Buffer.from('[[1],{"a":[2]}]'), 2)).toBe(true);
  expect(exceedsDepth(Buffer.from('["[[[[", "\\"[[[["]'), 1)).toBe(false);
});

test.each([
  [`name:reader:${HASH}`],
  [`name:read:${HASH.slice(1)}`],
  [`name::${HASH}`],
  [`name:read+read:${HASH}`],
  [`-name:read:${HASH}`],
  [`a:read:${HASH},a:audit:${HASH.replace('a', 'b')}`],
  [`a:read:${HASH},b:audit:${HASH.toUpperCase()}`],
])('%s is not a list of API keys', (text) => {
  expect(parseApiKeys(text)).toBeNull();
});

test('a key is found by its hash', () => {
  const keys = parseApiKeys(
    `ops:operate+read:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683, b:audit:${HASH}`,
  );
  expect(createKeyFinder(keys ?? [])('key')).toMatchObject({ name: 'ops', roles: ['read', 'operate'] });
  expect(createKeyFinder(keys ?? [])('Key')).toBeNull();
});

test.each([
  ['CODEC_ENDPOINT', { CODEC_ENDPOINT: 'open', API_HOST: '0.0.0.0' }],
  ['CODEC_ENDPOINT', { CODEC_ENDPOINT: 'open', API_ORIGINS: 'https://api.example.org' }],
  ['CODEC_ENDPOINT', { CODEC_ENDPOINT: 'yes' }],
  ['API_ONE_TIME_SESSIONS', { API_ONE_TIME_SESSIONS: 'on', API_HOST: '0.0.0.0' }],
  ['CODEC_UI_ORIGIN', { CODEC_UI_ORIGIN: '*' }],
  ['CODEC_UI_ORIGIN', { CODEC_UI_ORIGIN: 'http://ui.example.org' }],
  ['API_ORIGINS', { API_ORIGINS: 'https://api.example.org/path' }],
  ['API_TRUSTED_PROXIES', { API_TRUSTED_PROXIES: '10.0.0.0/33' }],
  ['API_TRUSTED_PROXIES', { API_TRUSTED_PROXIES: 'proxy' }],
  ['API_TLS_CERT_FILE', { API_TLS_CERT_FILE: '/nowhere', API_TLS_KEY_FILE: __filename }],
  ['API_TLS_KEY_FILE', { API_TLS_CERT_FILE: '/nowhere' }],
])('the configuration rejects %s of %j', (key, env) => {
  expect(readFaults('api', env).map((fault) => fault.key)).toContain(key);
});
