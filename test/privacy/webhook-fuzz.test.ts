import { gzipSync } from 'node:zlib';
import { cpuMs } from '../support/cpu';
import { fc } from '../support/property';
import { converse, reportNotification, statusNotification, webhooks } from '../webhook/webhook-fixture';

const startWebhook = webhooks();
const RUNS = 60;
/** CPU time of all runs of a test: finds a run that blocks for a second, and ignores a busy machine. */
const CPU_LIMIT_MS = 20_000;

const TRAVERSALS = [
  ...['../../etc/passwd', '..\\..\\x', '/etc/passwd', '%2e%2e%2fx', '..', '.', 'a\u0000b', 'C:\\x'],
  ...['\u202ex'],
];
const HOSTILE = fc.oneof(fc.constantFrom(...TRAVERSALS, '__proto__', 'constructor', ''), fc.string({ unit: 'binary' }));
const VALUE = fc.oneof(HOSTILE, fc.jsonValue(), fc.double());
const NAMES = ['clientUserId', 'endpoint', 'humanId', 'updatedAt', 'property', 'value', 'type', 'objectId', 'action'];
/** A notification with arbitrary values in some fields. */
const ALTERED = fc
  .tuple(fc.boolean(), fc.dictionary(fc.constantFrom(...NAMES), VALUE, { maxKeys: 3 }))
  .map(([status, over]) => (status ? statusNotification(over) : reportNotification(over)));
const ENCODING = fc.constantFrom('', 'gzip', 'deflate', 'br', 'gzip, br', 'zstd', ', ,');
const BODY = fc.oneof(
  fc.array(fc.oneof(ALTERED, VALUE), { maxLength: 5 }).map((elements) => JSON.stringify(elements)),
  ALTERED.map((one) => JSON.stringify(one).slice(0, -1)),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  ALTERED.map((one) => JSON.stringify(JSON.stringify(one))),
  fc.tuple(ALTERED, fc.nat({ max: 400 })).map(([one, cut]) => gzipSync(JSON.stringify(one)).subarray(0, cut)),
  fc.nat({ max: 20_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
);

test('for any body the webhook answers below 500, still accepts the next one, and logs only pseudonyms', async () => {
  const webhook = await startWebhook();
  const anyBody = fc.asyncProperty(BODY, ENCODING, async (body, encoding) => {
    const headers = { 'Content-Encoding': encoding };
    const { status } = await webhook.send('/notifications', { headers, body });
    expect(status).toBeLessThan(500);
  });
  const [, tookMs] = await cpuMs(async () => fc.assert(anyBody, { numRuns: RUNS }));
  expect(tookMs).toBeLessThan(CPU_LIMIT_MS);
  expect((await webhook.post([statusNotification()])).status).toBe(200);
  expect(webhook.logged()).not.toMatch(/etc\/passwd/);
});

test('any bytes over a raw socket are answered below 500 or the socket is closed, and the webhook still answers', async () => {
  const webhook = await startWebhook();
  const header = fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => text.replaceAll('\n', ' '));
  await fc.assert(
    fc.asyncProperty(fc.array(header, { maxLength: 8 }), fc.string({ maxLength: 100 }), async (headers, rest) => {
      const lines = ['POST /notifications HTTP/1.1', 'Host: x', 'Connection: close', ...headers];
      const first = `${lines.join('\r\n')}\r\nContent-Length: ${rest.length}\r\n\r\n${rest}`;
      const { text } = await converse(webhook.port, { first, enough: /^HTTP\/1\.1 / });
      expect(text).not.toMatch(/^HTTP\/1\.1 5/);
    }),
    { numRuns: RUNS },
  );
  expect((await webhook.post([statusNotification()])).status).toBe(200);
});
