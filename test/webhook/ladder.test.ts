import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { until } from '../support/condition';
import { converse, statusNotification, stopClock, webhooks } from './webhook-fixture';

const LIMIT = 1_048_576;
const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const setup = webhooks();

describe('the path', () => {
  test.each(['/', '/notification', '/notifications/a/b', '/metrics', '/readyz', '/healthz/x', '/notifications%2f'])(
    '%s is answered 404 without a body',
    async (path) => {
      const { send } = await setup();
      const reply = await send(path, { body: '{}' });
      expect([reply.status, reply.text]).toEqual([404, '']);
    },
  );

  test('a query does not change the route', async () => {
    const { send } = await setup();
    expect((await send('/notifications?a=b', { body: '{}' })).status).toBe(200);
    expect((await send('/healthz?x', { method: 'GET' })).status).toBe(200);
  });

  test('/healthz is answered 200 without a secret', async () => {
    const { send } = await setup({ secrets: ['s3cret'] });
    const reply = await send('/healthz', { method: 'GET' });
    expect([reply.status, reply.json]).toEqual([200, { status: 'ok' }]);
    expect((await send('/healthz', { method: 'HEAD' })).status).toBe(200);
    const refused = await send('/healthz', { body: '{}' });
    expect([refused.status, refused.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  test('a prober keeps its connection', async () => {
    const { url } = await setup();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    for (let probe = 0; probe < 3; probe += 1) {
      await new Promise((resolve) => {
        get(`${url}/healthz`, { agent }, (response) => {
          sockets.add(response.socket);
          response.resume().on('end', resolve);
        });
      });
    }
    agent.destroy();
    expect(sockets.size).toBe(1);
  });
});

describe('the method', () => {
  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is rejected before the secret is checked', async (method) => {
    const { send } = await setup({ secrets: ['s3cret'] });
    for (const path of ['/notifications', '/notifications/s3cret', '/notifications/wrong']) {
      const reply = await send(path, { method });
      expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
    }
  });
});

describe('the secret', () => {
  test.each<[string, string, Record<string, string>, number]>([
    ['none', '/notifications', {}, 401],
    ['an empty segment', '/notifications/', {}, 401],
    ['the valid password', '/notifications', basic('humanapi', 's3cret'), 200],
    ['the valid password without a user', '/notifications', basic('', 's3cret'), 200],
    ['the second secret while rotating', '/notifications', basic('x', 'old:pass/wörd'), 200],
    [
      'a scheme in other letters',
      '/notifications',
      { Authorization: basic('x', 's3cret').Authorization.replace('Basic', 'bASIC') },
      200,
    ],
    ['a wrong password', '/notifications', basic('s3cret', 'wrong'), 401],
    ['an empty password', '/notifications', basic('s3cret', ''), 401],
    [
      'a user without a password',
      '/notifications',
      { Authorization: `Basic ${Buffer.from('s3cret').toString('base64')}` },
      401,
    ],
    ['another scheme', '/notifications', { Authorization: 'Bearer s3cret' }, 401],
    ['both secrets at once', '/notifications', basic('x', 's3cret,old:pass/wörd'), 401],
    ['the valid segment', '/notifications/s3cret', {}, 200],
    ['the valid segment, percent-encoded', `/notifications/${encodeURIComponent('old:pass/wörd')}`, {}, 200],
    ['a wrong segment', '/notifications/wrong', {}, 401],
    ['a prefix of the secret', '/notifications/s3cre', {}, 401],
    ['a segment with invalid percent-encoding', '/notifications/%zz', {}, 401],
    ['a wrong segment with the valid password', '/notifications/wrong', basic('x', 's3cret'), 401],
    ['the valid segment with a header of a proxy', '/notifications/s3cret', { Authorization: 'Bearer x' }, 200],
  ])('%s', async (_shown, path, headers, status) => {
    const { send, asked } = await setup({ secrets: ['s3cret', 'old:pass/wörd'] });
    const reply = await send(path, { headers, body: JSON.stringify(statusNotification()) });
    expect(reply.status).toBe(status);
    expect(reply.headers['www-authenticate']).toBe(
      status === 401 ? 'Basic realm="chartway", charset="UTF-8"' : undefined,
    );
    expect(asked.some(([method]) => method === 'deliverStatusNotice')).toBe(status === 200);
  });

  test('is checked before the body', async () => {
    const { send } = await setup({ secrets: ['s3cret'] });
    expect((await send('/notifications', { body: 'not json' })).status).toBe(401);
    expect((await send('/notifications', { body: Buffer.alloc(LIMIT + 1, 32) })).status).toBe(401);
    expect((await send('/notifications', {})).status).toBe(401);
  });

  test('is never logged, right or wrong', async () => {
    const { send, logged } = await setup({ secrets: ['s3cret'] });
    await send('/notifications/s3cret', { body: JSON.stringify(statusNotification()) });
    await send('/notifications/gues5', { body: '{}' });
    expect(logged()).not.toMatch(/s3cret|gues5/);
  });
});

describe('the size', () => {
  test('may be 1 MiB and not one byte more', async () => {
    const { send } = await setup();
    const body = (size: number) => JSON.stringify({ pad: '' }).replace('""', `"${'x'.repeat(size - 10)}"`);
    expect(body(LIMIT)).toHaveLength(LIMIT);
    expect((await send('/notifications', { body: body(LIMIT) })).status).toBe(200);
    const refused = await send('/notifications', { body: body(LIMIT + 1) });
    expect([refused.status, refused.json]).toEqual([413, { error: `expected a body of at most ${LIMIT} bytes` }]);
  });

  test('is counted without a declared length, and the connection closes soon after the answer', async () => {
    const { port } = await setup();
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const pass = stopClock();
    const socket = converse(port, {
      first: 'POST /notifications HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      keepWriting: () => chunk, // without end
      onText: (text) => {
        if (text.includes('at most')) pass(1_000);
      },
    });
    const { text, closed } = await socket;
    expect(closed).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 413 .*Connection: close.*at most 1048576 bytes/s);
  });

  test('is rejected before the body is sent if the declared length is too large', async () => {
    const { port } = await setup();
    const { text } = await converse(port, {
      first: `POST /notifications HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${LIMIT + 1}\r\n\r\n`,
      enough: /at most/,
    });
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('is accepted with 100 Continue if the sender waits for it', async () => {
    const { port } = await setup();
    let sent = false;
    const { text } = await converse(port, {
      first: 'POST /notifications HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
      keepWriting: () => {
        if (sent) return null;
        sent = true;
        return '{}';
      },
      enough: /ignored/,
    });
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });
});

describe('a slow sender', () => {
  test('is answered 503 and disconnected, while others are served', async () => {
    const { port, post, server } = await setup();
    const pass = stopClock();
    const request = once(server, 'request');
    const slow = converse(port, {
      first: 'POST /notifications HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"half',
      onText: () => pass(1_000),
    });
    await request;
    expect((await post(statusNotification())).status).toBe(200);
    pass(2_000);
    const { text, closed } = await slow;
    expect(closed).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 503 .*the whole body within 2000 ms/s);
  });

  test('of the header is disconnected as well', async () => {
    const { port } = await setup({ timeouts: { senderTimeoutMs: 300 } });
    const { text, closed } = await converse(port, { first: 'POST /notifications HTTP/1.1\r\nHost: ' });
    expect(closed).toBe(true);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('that disconnects during the body does not affect others', async () => {
    const { port, post, server } = await setup();
    const connections = () => new Promise<number>((resolve) => server.getConnections((_error, n) => resolve(n)));
    let writes = 0;
    await converse(port, {
      first: 'POST /notifications HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{"ha',
      keepWriting: () => (writes++ === 0 ? 'lf' : null),
      enough: /100 Continue/, // then it closes
    });
    expect((await post(statusNotification())).status).toBe(200);
    await until('no connection', async () => (await connections()) === 0);
  });
});

describe('the body', () => {
  test.each([
    ['nothing', ''],
    ['invalid JSON', '{"clientUserId": Max Muster}'],
    ['half a JSON', '{"a":'],
    ['a text', '"text"'],
    ['a number', '7'],
    ['null', 'null'],
    ['an empty array', '[]'],
    ['bytes that are not a text', Buffer.from([0xff, 0xfe, 0x00])],
  ])('with %s is rejected, and the answer does not quote it', async (_what, body) => {
    const { send, logged } = await setup();
    const reply = await send('/notifications', { body });
    expect(reply.status).toBe(400);
    expect(reply.json).toEqual({ error: 'expected a JSON object or a non-empty array of objects' });
    expect(reply.text + logged()).not.toContain('Muster');
  });

  test.each([
    ['none', {}],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['text', { 'Content-Type': 'text/plain; charset=utf-16' }],
    ['JSON', { 'Content-Type': 'application/json' }],
    ['nonsense', { 'Content-Type': ';;;' }],
  ])('is parsed as JSON with any content type: %s', async (_type, headers) => {
    const { send } = await setup();
    const reply = await send('/notifications', { headers, body: JSON.stringify(statusNotification()) });
    expect([reply.status, reply.json]).toEqual([200, { accepted: 1, ignored: 0 }]);
    expect(reply.headers['content-type']).toBe('application/json');
  });
});
