import { encrypted, KEYS, startApi, UI } from '../api/api-fixture';
import { cpuMs } from '../support/cpu';
import { fc } from '../support/property';
import { converse } from '../webhook/webhook-fixture';

const RUNS = 60;
/** CPU time of one request: a longer one blocks all other requests. */
const CPU_LIMIT_MS = 1_000;
const EMAIL = 'canary@example.org';
/** The form in which an answer would have it. */
const CLEAR = Buffer.from(JSON.stringify({ email: EMAIL })).toString('base64');

let api: Awaited<ReturnType<typeof startApi>>;
let secret: Awaited<ReturnType<typeof encrypted>>;
beforeAll(async () => {
  api = await startApi();
  secret = await encrypted({ email: EMAIL }, 'applicant-POL-1');
});
afterAll(() => api.close());

const HOSTILE = fc.constantFrom(
  ...['', '__proto__', 'constructor', '../../etc/passwd', 'a\u0000b', '\u202ex', '\r\nX-Planted: 1'],
);
const TEXT = fc.oneof(HOSTILE, fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 40 }));
/** A valid payload with arbitrary replacements. */
const PAYLOAD = fc
  .tuple(
    fc.dictionary(fc.constantFrom('encoding', 'key', 'workflow', 'messageType', 'x'), fc.oneof(TEXT, fc.jsonValue()), {
      maxKeys: 3,
    }),
    fc.option(fc.oneof(TEXT, fc.jsonValue()), { nil: undefined }),
    fc.boolean(),
  )
  .map(([over, data, whole]) => {
    const metadata = { ...secret.metadata, ...over };
    return whole ? { metadata, data: data ?? secret.data } : { metadata: over, ...(data !== undefined && { data }) };
  });
const BODY = fc.oneof(
  fc.array(fc.oneof(PAYLOAD, fc.jsonValue()), { maxLength: 5 }).map((payloads) => JSON.stringify({ payloads })),
  fc.json(),
  PAYLOAD.map((one) => JSON.stringify({ payloads: [one] }).slice(0, -2)),
  fc.nat({ max: 50_000 }).map((depth) => `{"payloads":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  TEXT,
);
/** Values that HTTP allows; the test with a raw socket sends the others. */
const VALUE = fc.string({ maxLength: 60 }).map((text) => text.replace(/[^ -~]/g, ''));
const HEADERS = fc.dictionary(
  fc.constantFrom('authorization', 'cookie', 'origin', 'host', 'x-namespace', 'content-type', 'x-forwarded-for'),
  fc.oneof(
    VALUE,
    fc.constantFrom(
      ...['Bearer ', 'bearer null', 'Basic eDp4', 'chartway=x', '__Host-chartway=x', UI, 'null'],
      ...['127.0.0.1:3000'],
    ),
    fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'default', 'a:b@127.0.0.1', 'localhost.'),
  ),
);
const PATH = fc.oneof(
  fc.constantFrom(
    ...['/codec/decode', '/codec/encode', '/session', '/whoami', '/healthz', '/', '//'],
    ...['/codec/decode/', '/%'],
  ),
  fc.webPath().map((path) => `/${path}`),
);
const METHOD = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE');

test('for any method, path, headers and body the api answers below 500, and without a key it shows no personal data', async () => {
  await fc.assert(
    fc.asyncProperty(METHOD, PATH, HEADERS, fc.oneof(BODY, fc.constant(null)), async (method, url, headers, body) => {
      const payload = body ?? JSON.stringify({ payloads: [secret] });
      const answer = await api.app.inject({
        method: method as 'GET',
        url,
        payload,
        headers: { host: '127.0.0.1:3000', 'content-type': 'application/json', ...headers },
      });
      expect(answer.statusCode).toBeLessThan(500);
      expect(answer.body).not.toContain(CLEAR);
      expect(answer.headers['x-planted']).toBeUndefined();
      // `authorization` is never a valid key here.
      if (url.startsWith('/codec/decode') && method === 'POST') expect(answer.statusCode).not.toBe(200);
    }),
    { numRuns: RUNS },
  );
  expect(await api.audited()).toEqual([]);
  expect(api.lines.join('')).not.toMatch(/etc\/passwd|"level":"(error|fatal)"/);
});

test('for any body of a user with the role the api answers below 500, and a bad element does not affect the others', async () => {
  const ask = (body: string) =>
    api.app.inject({
      method: 'POST',
      url: '/codec/decode',
      payload: body,
      headers: {
        host: '127.0.0.1:3000',
        'content-type': 'application/json',
        authorization: `Bearer ${KEYS.records}`,
        'x-forwarded-for': '10.0.0.1',
      },
    });
  await fc.assert(
    fc.asyncProperty(BODY, async (body) => {
      expect((await ask(body)).statusCode).toBeLessThan(500);
    }),
    { numRuns: RUNS },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(PAYLOAD, { maxLength: 3 }), async (others) => {
      const sent = [...others, secret, ...others];
      const answer = await ask(JSON.stringify({ payloads: sent }));
      const { payloads } = answer.json() as { payloads: { data: string }[] };
      expect(payloads).toHaveLength(sent.length);
      expect(Buffer.from(payloads[others.length]?.data ?? '', 'base64').toString()).toContain(EMAIL);
    }),
    { numRuns: RUNS / 3 },
  );
});

const many = (count: number, element: string) => Array(count).fill(element).join(',');

test.each<[string, () => string, number]>([
  ['10,000 valid payloads', () => `{"payloads":[${many(10_000, JSON.stringify(secret))}]}`, 200],
  ['one payload more', () => `{"payloads":[${many(10_001, '{}')}]}`, 413],
  ['8 MiB of one payload', () => `{"payloads":[{"metadata":{},"data":"${'A'.repeat(8_000_000)}"}]}`, 200],
  [
    'a payload with half a million names',
    () => `{"payloads":[{"data":"","metadata":{${Array.from({ length: 500_000 }, (_, n) => `"${n}":""`).join(',')}}}]}`,
    200,
  ],
  ['8 MiB of brackets', () => '['.repeat(8_000_000), 400],
  ['8 MiB of one number', () => `{"payloads":[${'9'.repeat(8_000_000)}]}`, 200],
  ['8 MiB of blanks', () => `${' '.repeat(8_000_000)}{}`, 200],
  ['8 MiB of an unterminated string', () => `"${'\\"'.repeat(4_000_000)}`, 400],
  ['more than 8 MiB', () => `"${'x'.repeat(8 * 1024 * 1024)}"`, 413],
])('%s blocks the process for less than a second', async (_what, bodyOf, status) => {
  const payload = bodyOf();
  const headers = {
    host: '127.0.0.1:3000',
    'content-type': 'application/json',
    authorization: `Bearer ${KEYS.records}`,
  };
  const [answer, tookMs] = await cpuMs(() =>
    api.app.inject({ method: 'POST', url: '/codec/decode', payload, headers }),
  );
  expect(answer.statusCode).toBe(status);
  expect(tookMs).toBeLessThan(CPU_LIMIT_MS);
});

test('any bytes over a raw socket are answered below 500 or the socket is closed, and the api still answers', async () => {
  const port = Number(new URL(api.url).port);
  const header = fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => text.replaceAll('\n', ' '));
  await fc.assert(
    fc.asyncProperty(METHOD, PATH, fc.array(header, { maxLength: 8 }), BODY, async (method, path, headers, body) => {
      const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close', ...headers];
      const first = `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      const { text } = await converse(port, { first, enough: /^HTTP\/1\.1 / });
      expect(text).not.toMatch(/^HTTP\/1\.1 5/);
    }),
    { numRuns: RUNS },
  );
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
});
