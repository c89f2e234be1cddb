import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { createLogger } from '../../src/observability/log';
import { inflateBody } from '../../src/webhook/inflate-body';
import { createNotFoundLog } from '../../src/webhook/request-log';
import { signedHeaders } from './signed';
import { converse, reportNotification, stopClock, webhooks } from './webhook-fixture';

const setup = webhooks();
const SECRET = 'a/secret of 20 chars';
const SEGMENT = encodeURIComponent(SECRET);
const LIMIT = 1_048_576;

const file = (name: string) => readFileSync(join(__dirname, '..', 'field-cases', 'notifications', name));
/** The notice of every file. */
const BODY = file('body.json');
const NOTICE: Record<string, unknown> = JSON.parse(BODY.toString());
const json = (over: Record<string, unknown> = {}) => JSON.stringify({ ...NOTICE, ...over });
const text = (value: unknown) => JSON.stringify(JSON.stringify(value));
const utf16be = (value: string) => Buffer.from(value, 'utf16le').swap16();

type Row = [condition: string, body: string | Buffer, encoding: string | null];
const encoded = (encoding: string | null): Record<string, string> =>
  encoding === null ? {} : { 'Content-Encoding': encoding };

/** The one notice that reached the applicant. */
async function delivered(body: string | Buffer, headers: Record<string, string> = {}) {
  const { send, asked } = await setup();
  const { status, json: counts } = await send('/notifications', { headers, body });
  const [[method, clientUserId, claim, requestId] = []] = asked;
  return { status, counts, method, clientUserId, claim, requestId };
}

const DELIVERED = {
  status: 200,
  counts: { accepted: 1, ignored: 0 },
  method: 'deliverStatusNotice',
  clientUserId: NOTICE['clientUserId'],
  claim: { humanId: NOTICE['humanId'], status: NOTICE['value'], updatedAt: NOTICE['updatedAt'] },
};

describe('a compressed notice is delivered', () => {
  test.each<Row>([
    ['gzip', file('body.json.gz'), 'gzip'],
    ['gzip by its old name', gzipSync(BODY), 'X-GZip'],
    ['gzip without the header', gzipSync(BODY), null],
    ['gzip under another label', gzipSync(BODY), 'deflate'],
    ['gzip with another text as the encoding', gzipSync(BODY), 'utf-8'],
    ['gzip with padding behind it', Buffer.concat([gzipSync(BODY), Buffer.alloc(512)]), 'gzip'],
    ['deflate', deflateSync(BODY), 'deflate'],
    ['deflate without the header of zlib', deflateRawSync(BODY), 'deflate'],
    ['brotli', brotliCompressSync(BODY), 'br'],
    ['twice', brotliCompressSync(gzipSync(BODY)), 'gzip, br'],
    ['twice under one label', gzipSync(gzipSync(BODY)), 'gzip'],
    ['gzip and identity', gzipSync(BODY), 'identity, gzip'],
    ['not at all: identity', BODY, 'identity'],
    ['not at all: a proxy inflated it and left "gzip"', BODY, 'gzip'],
    ['not at all: a proxy inflated it and left "deflate"', BODY, 'deflate'],
    ['not at all: a proxy inflated it and left "br"', BODY, 'br'],
    ['not at all: a charset as the encoding', BODY, 'UTF-8'],
  ])('%s', async (_condition, body, encoding) => {
    expect(await delivered(body, encoded(encoding))).toMatchObject(DELIVERED);
  });

  test('gzip in chunks', async () => {
    const headers = { 'Content-Encoding': 'gzip', 'Transfer-Encoding': 'chunked' };
    expect(await delivered(gzipSync(BODY), headers)).toMatchObject(DELIVERED);
  });
});

describe('a notice in an unusual form is delivered', () => {
  test.each<[condition: string, body: string | Buffer]>([
    ['JSON in a JSON text', file('double-encoded.json')],
    ['JSON in a JSON text, twice', text(json())],
    ['an array in a JSON text', text([NOTICE])],
    ['an array of JSON texts', JSON.stringify([json()])],
    ['a byte order mark', `\ufeff${json()}`],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${json()}`, 'utf16le')],
    ['UTF-16, big-endian, with a byte order mark', utf16be(`\ufeff${json()}`)],
    ['UTF-16 without a byte order mark', Buffer.from(json(), 'utf16le')],
    ['UTF-16, big-endian, without a byte order mark', utf16be(json())],
    ['Latin-1 in a field that is not read', Buffer.from(json({ note: 'Müller' }), 'latin1')],
    ['NULs, white space and a DOS end of file around it', `\r\n ${json()} \r\n\u001a\0\0`],
    ['another case and blanks in "property"', json({ property: ' STATUS ' })],
    ['more fields', json({ eventId: 'e-1', data: { nested: [1] } })],
  ])('%s', async (_condition, body) => {
    expect(await delivered(body)).toMatchObject(DELIVERED);
  });

  test.each<[condition: string, body: string | Buffer, clientUserId: string]>([
    ['a number', file('clientUserId-number.json'), '20417'],
    ['zero', json({ clientUserId: 0 }), '0'],
    ['a number beyond 2^53, with all its digits', json().replace('"POL-1"', '9007199254740993'), '9007199254740993'],
    [
      'a number beyond 2^53 in a JSON text',
      JSON.stringify(json().replace('"POL-1"', '92233720368547758079')),
      '92233720368547758079',
    ],
  ])('%s as the clientUserId', async (_condition, body, clientUserId) => {
    expect(await delivered(body)).toMatchObject({ ...DELIVERED, clientUserId });
  });

  test.each<[condition: string, body: string | Buffer, updatedAt: string]>([
    ['milliseconds', file('updatedAt-epoch.json'), '1769808054316'],
    ['seconds', json({ updatedAt: 1_769_808_054 }), '1769808054'],
    ['seconds with a fraction', json({ updatedAt: 1_769_808_054.316 }), '1769808054.316'],
    ['milliseconds in a text', json({ updatedAt: '1769808054316' }), '1769808054316'],
  ])('%s since 1970 as the date', async (_condition, body, updatedAt) => {
    expect(await delivered(body)).toMatchObject({ ...DELIVERED, claim: { updatedAt } });
  });

  test('numbers as the ids of a report', async () => {
    const { send, asked } = await setup();
    const body = JSON.stringify(reportNotification({ humanId: 71, objectId: '#' })).replace(
      '"#"',
      '1234567890123456789',
    );
    await send('/notifications', { body });
    expect(asked[0]).toEqual([
      'postToMailbox',
      expect.objectContaining({ humanId: '71', reportId: '1234567890123456789' }),
      expect.any(String),
    ]);
  });

  test.each([
    ['a number and the same digits as a text', json({ clientUserId: 20_417 }), json({ clientUserId: '20417' })],
    ['a date as a number and as a text', json({ updatedAt: 1_769_808_054_316 }), json({ updatedAt: '1769808054316' })],
    ['a notice and the same one in a JSON text', json(), JSON.stringify(json())],
  ])('under the request id of its repeat: %s', async (_condition, one, other) => {
    expect((await delivered(one)).requestId).toBe((await delivered(other)).requestId);
  });
});

describe('a body without a notice is answered 200, ignored and counted with its reason', () => {
  test.each<[reason: string, condition: string, body: string | Buffer]>([
    ['wrapped', 'an envelope', file('wrapped.json')],
    ['wrapped', 'an envelope in a list', JSON.stringify([{ message: { body: NOTICE } }])],
    ['wrapped', 'an envelope around a list', JSON.stringify({ events: [NOTICE] })],
    ['wrapped', 'an envelope around a JSON text', JSON.stringify({ Type: 'Notification', Message: json() })],
    ['wrapped', 'an envelope around a report notice', JSON.stringify({ data: reportNotification() })],
    ['unknown-kind', 'a ping of the vendor', JSON.stringify({ event: 'ping', data: {} })],
    ['invalid-id', 'a fraction as the clientUserId', json({ clientUserId: 204.17 })],
    ['invalid-id', 'an exponent as the clientUserId', json().replace('"POL-1"', '1e21')],
    ['junk', 'an array in an array', JSON.stringify([[NOTICE]])],
  ])('%s: %s', async (reason, _condition, body) => {
    const { send, asked, metrics, logged } = await setup();
    expect(await send('/notifications', { body })).toMatchObject({ status: 200, json: { accepted: 0, ignored: 1 } });
    expect(asked).toEqual([]);
    expect(await metrics()).toMatch(`chartway_webhook_other_notices_total{reason="${reason}",process="webhook"} 1`);
    expect(logged().includes('"wrapped":1,"msg":"ignored notices inside an envelope')).toBe(reason === 'wrapped');
    expect(logged()).not.toContain('POL-1');
  });
});

describe('an unreadable body is rejected', () => {
  test.each<[condition: string, body: string | Buffer, encoding: string | null, expected: string]>([
    ['gzip that was cut', gzipSync(BODY).subarray(0, -10), 'gzip', 'a whole body in the Content-Encoding'],
    [
      'gzip with a wrong checksum',
      Buffer.concat([gzipSync(BODY).subarray(0, -8), Buffer.alloc(8, 1)]),
      'gzip',
      'a whole body in the Content-Encoding',
    ],
    ['no gzip under this label', 'no JSON', 'gzip', 'a whole body in the Content-Encoding'],
    ['no brotli under this label', Buffer.from([0xff, 0xff]), 'br', 'a whole body in the Content-Encoding'],
    ['nothing under a label', '', 'gzip', 'a whole body in the Content-Encoding'],
    ['an encoding that is not taken', Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'zstd', 'gzip, deflate, br or none'],
    ['compressed three times', gzipSync(gzipSync(gzipSync(BODY))), 'gzip,gzip,gzip', 'gzip, deflate, br or none'],
    ['encoded as JSON three times', JSON.stringify(text(json())), null, 'a JSON object'],
    ['a form', `payload=${encodeURIComponent(json())}`, null, 'a JSON object'],
    ['a notice a line', `${json()}\n${json()}`, null, 'a JSON object'],
    ['UTF-16 that was cut', Buffer.from(json(), 'utf16le').subarray(0, -3), null, 'a JSON object'],
  ])('%s', async (_condition, body, encoding, expected) => {
    const { send, asked, logged } = await setup();
    const reply = await send('/notifications', { headers: encoded(encoding), body });
    expect([reply.status, reply.json]).toEqual([400, { error: expect.stringContaining(expected) }]);
    expect(asked).toEqual([]);
    expect(reply.text + logged()).not.toContain('POL-1');
  });

  const BOMB = Buffer.alloc(LIMIT + 1, ' ');
  test.each<Row>([
    ['gzip', gzipSync(BOMB), 'gzip'],
    ['gzip without the header', gzipSync(BOMB), null],
    ['gzip in gzip', gzipSync(gzipSync(BOMB)), 'gzip, gzip'],
    ['deflate', deflateSync(BOMB), 'deflate'],
    ['brotli', brotliCompressSync(BOMB), 'br'],
  ])('a body that inflates to more than 1 MiB: %s', async (_condition, body, encoding) => {
    const { send } = await setup();
    expect((await send('/notifications', { headers: encoded(encoding), body })).status).toBe(413);
  });

  test('a body that inflates to 1 MiB is accepted', async () => {
    const body = gzipSync(JSON.stringify({ pad: '' }).replace('""', `"${'x'.repeat(LIMIT - 10)}"`));
    const { send } = await setup();
    expect((await send('/notifications', { headers: encoded('gzip'), body })).status).toBe(200);
  });

  test('inflating is abandoned at its deadline', async () => {
    const pass = stopClock();
    const inflated = inflateBody(gzipSync(BODY), 'gzip', { maxBytes: LIMIT, untilMs: Date.now() + 10 });
    pass(10); // before a thread can answer
    expect(await inflated).toEqual({ kind: 'too-slow' });
  });
});

describe('a signed and compressed notice is accepted once', () => {
  const sent = gzipSync(BODY);
  test.each([
    ['signed as sent', sent],
    ['signed before it was compressed', BODY],
  ])('%s', async (_condition, signed) => {
    const { send, asked } = await setup({ signature: { mode: 'require', secrets: ['client-secret'] } });
    const post = (headers: Record<string, string>) =>
      send('/notifications', { headers: { ...headers, 'Content-Encoding': 'gzip' }, body: sent });
    expect((await post(signedHeaders(signed, { secret: 'another' }))).status).toBe(401);
    const headers = signedHeaders(signed);
    expect((await post(headers)).status).toBe(200);
    expect((await post(headers)).status).toBe(401);
    expect(asked.filter(([method]) => method === 'deliverStatusNotice')).toHaveLength(1);
  });

  test('with an old timestamp counts as stale', async () => {
    const { send, metrics } = await setup({ signature: { mode: 'require', secrets: ['client-secret'] } });
    await send('/notifications', { headers: signedHeaders(BODY, { timestamp: '1' }), body: sent });
    expect(await metrics()).toMatch('signatures_total{signature="stale",process="webhook"} 1');
  });
});

/** The status of a request that is written as given. */
async function statusOf(port: number, head: string, body = BODY.toString()): Promise<string> {
  const first = `${head}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const { text } = await converse(port, { first });
  return text.slice(9, 12);
}

describe('a URL that was normalised', () => {
  test.each([
    ['a slash at the end', `/notifications/${SEGMENT}/`],
    ['a leading double slash', `//notifications/${SEGMENT}`],
    ['a double slash in the middle', `/notifications//${SEGMENT}`],
    ['slashes everywhere', `///notifications///${SEGMENT}//`],
    ['an absolute target', `http://hooks.example:3001/notifications/${SEGMENT}`],
    ['an absolute target of https', `https://hooks.example/notifications/${SEGMENT}`],
    ['an absolute target in other letters', `HTTPS://Hooks.Example/notifications/${SEGMENT}`],
    ['an absolute target with an IPv6 address', `http://[::1]:3001//notifications/${SEGMENT}/`],
    ['a query', `/notifications/${SEGMENT}?a=/b`],
    ['a slash before a query', `/notifications/${SEGMENT}/?a=b`],
    ['a fragment', `/notifications/${SEGMENT}#a/b`],
    [
      'percent-encoding of every character',
      `/notifications/${[...Buffer.from(SECRET)].map((byte) => `%${byte.toString(16)}`).join('')}`,
    ],
  ])('is served: %s', async (_condition, target) => {
    const { port, asked } = await setup({ secrets: [SECRET] });
    expect(await statusOf(port, `POST ${target} HTTP/1.1\r\nHost: x`)).toBe('200');
    expect(asked[0]?.[0]).toBe('deliverStatusNotice');
  });

  test.each([
    ['an absolute target without a Host, in HTTP/1.0', 'POST http://x/notifications HTTP/1.0', '200'],
    ['no Host, in HTTP/1.0', 'POST /notifications HTTP/1.0', '200'],
    ['a slash at the end', 'POST /notifications/ HTTP/1.1\r\nHost: x', '200'],
    ['no Host, in HTTP/1.1', 'POST http://x/notifications HTTP/1.1', '400'],
  ])('accepts its secret as a password: %s', async (_condition, head, status) => {
    const { port } = await setup({ secrets: [SECRET] });
    const password = Buffer.from(`x:${SECRET}`).toString('base64');
    expect(await statusOf(port, `${head}\r\nAuthorization: Basic ${password}`)).toBe(status);
    expect(await statusOf(port, head)).toBe(status === '200' ? '401' : '400');
  });

  test.each([
    ['401', 'a dot segment for the secret', '/notifications/..'],
    ['401', 'a wrong segment behind a double slash', '//notifications//wrong/'],
    ['401', 'the secret in the user of an absolute target', `http://x:${SEGMENT}@h/notifications`],
    ['404', 'a dot segment', `/x/../notifications/${SEGMENT}`],
    ['404', 'a dot segment that leads nowhere', `/./notifications/${SEGMENT}`],
    [
      '404',
      'a slash of the secret that is not encoded',
      `/notifications/${decodeURIComponent(SEGMENT).replaceAll(' ', '%20')}`,
    ],
    ['404', 'a segment behind the secret', `/notifications/${SEGMENT}/x`],
    ['404', 'an encoded slash', `/notifications%2f${SEGMENT}`],
    ['404', 'a backslash', `/notifications\\${SEGMENT}`],
    ['404', 'another case', `/Notifications/${SEGMENT}`],
    ['404', 'an absolute target without a path', 'http://notifications'],
    ['404', 'an absolute target without a host', `http:///notifications/${SEGMENT}`],
    ['404', 'an absolute target in another scheme', `ftp://h/notifications/${SEGMENT}`],
    ['404', 'an absolute target in a path', `/http://h/notifications/${SEGMENT}`],
  ])('leads to no other route: %s to %s', async (status, _condition, target) => {
    const { port, asked, logged } = await setup({ secrets: [SECRET] });
    expect(await statusOf(port, `POST ${target} HTTP/1.1\r\nHost: x`)).toBe(status);
    expect(asked).toEqual([]);
    expect(logged()).not.toMatch(/secret of/);
  });
});

describe('a vendor that verifies the address', () => {
  test.each(['GET', 'HEAD'])('is answered 200 with the secret and 401 without it: %s', async (method) => {
    const { send, asked } = await setup({ secrets: [SECRET] });
    const reply = await send(`/notifications/${SEGMENT}?challenge=x7y&validationToken=x7y`, { method });
    expect([reply.status, reply.text]).toEqual([200, method === 'GET' ? '{"status":"ok"}\n' : '']);
    expect(JSON.stringify(reply.headers)).not.toContain('x7y');
    expect(await send('/notifications', { method })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('Basic') },
    });
    expect((await send('/notifications/wrong', { method })).status).toBe(401);
    expect(asked).toEqual([]);
  });
});

describe('a 404', () => {
  test('is counted, and logged at once with what the URL must be, without the path', async () => {
    const { send, metrics, logged } = await setup({ secrets: [SECRET] });
    await send(`/hooks/notifications/${SEGMENT}`, { body: BODY });
    await send('/.env', { method: 'GET' });
    await send('/wp-login.php', { body: 'x' });
    expect(await metrics()).toMatch('not_found_total{path="notifications",process="webhook"} 1');
    expect(await metrics()).toMatch('not_found_total{path="other",process="webhook"} 2');
    expect(logged()).toContain('"notifications":1,"msg":"answered 404;');
    expect(logged().match(/answered 404; the URL at the sender must end in/g)).toHaveLength(1);
    expect(logged()).not.toMatch(/secret of|hooks|env|wp-login/);
  });

  test('is logged at most once a minute, with the counts since then', () => {
    let nowMs = 0;
    const lines: string[] = [];
    const log = createLogger({ process: 'webhook', level: 'warn' }, { write: (line: string) => lines.push(line) });
    const logNotFound = createNotFoundLog({ registry: new Registry(), log, nowMs: () => nowMs });
    for (nowMs of [0, 1, 59_999, 60_000, 60_001, 180_000]) logNotFound(nowMs === 1 ? '/x/notifications' : '/');
    const counts = lines.map((line) => JSON.parse(line)).map(({ other, notifications = 0 }) => [other, notifications]);
    expect(counts).toEqual([
      [1, 0],
      [2, 1],
      [2, 0],
    ]);
  });
});
