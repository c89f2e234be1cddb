import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { createConnections } from '../../src/webhook/connections';
import { converse, statusNotification, webhooks } from './webhook-fixture';

const SECRET = 'a-secret-of-this-test';
const AUTHORIZATION = `Basic ${Buffer.from(`humanapi:${SECRET}`).toString('base64')}`;
const ELSEWHERE = '203.0.113.9';
const MOST_OF_AN_ADDRESS = 100;
const CROWDED_FROM = 1_600;

const start = webhooks();
const setup = (options: Parameters<typeof start>[0] = {}) => start({ secrets: [SECRET], ...options });

/** A request on a connection that may be kept. */
const ask = (line: string, headers = '') => `${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`;

describe('an answer to a sender without a secret', () => {
  test.each([
    ['401', 'POST /notifications'],
    ['401', 'POST /notifications/wrong'],
    ['404', 'GET /'],
    ['405', 'GET /notifications'],
  ])('(%s, %s) ends the connection', async (status, line) => {
    const { port } = await setup();
    const { text, closed } = await converse(port, { first: ask(line), enough: /keep-alive/i });
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*Connection: close`, 's'));
    expect(closed).toBe(true);
  });

  test('ends it for a probe from elsewhere too, but not for one from this machine', async () => {
    const probe = { first: ask('GET /healthz'), enough: /keep-alive/i };
    expect(await converse((await setup({ addressOf: () => ELSEWHERE })).port, probe)).toMatchObject({ closed: true });
    expect(await converse((await setup()).port, probe)).toMatchObject({ closed: false });
  });
});

test('a sender with a valid secret keeps its connection for 65 s, probes on it included', async () => {
  const { port } = await setup({ addressOf: () => ELSEWHERE });
  const body = JSON.stringify(statusNotification());
  const first = `POST /notifications HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTHORIZATION}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answers = await converse(port, { first: `${first}${ask('GET /healthz')}`, enough: /"status":"ok"/ });
  expect(answers).toMatchObject({ closed: false });
  expect(answers.text.match(/Keep-Alive: timeout=65/g)).toHaveLength(2);
});

describe('the connections of one address', () => {
  /** An idle connection from one of this machine's many addresses. */
  async function idle(port: number, localAddress: string): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  test('without a secret are a hundred at most: one more costs the oldest its place, no other address and no sender', async () => {
    const { port, metrics } = await setup();
    const sockets: Socket[] = [];
    const sender = await idle(port, '127.0.0.2');
    sender.write(ask('POST /notifications', `Authorization: ${AUTHORIZATION}\r\n`));
    await once(sender, 'data');
    const other = await idle(port, '127.0.0.3');
    for (let n = 0; n <= MOST_OF_AN_ADDRESS; n += 1) sockets.push(await idle(port, '127.0.0.2'));
    const [oldest, second] = sockets as [Socket, Socket];
    if (!oldest.closed) await once(oldest, 'close');
    expect([second.closed, other.closed, sender.closed]).toEqual([false, false, false]);
    expect(await metrics()).toMatch(/connections_dropped_total\{why="address",\S* 1/);
    for (const socket of [...sockets, sender, other]) socket.destroy();
  });

  test('of a trusted proxy have no such limit', async () => {
    const { port, metrics } = await setup({ trustedProxies: ['127.0.0.0/8'] });
    const sockets: Socket[] = [];
    for (let n = 0; n <= MOST_OF_AN_ADDRESS + 1; n += 1) sockets.push(await idle(port, '127.0.0.2'));
    const probe = ask('GET /healthz');
    expect(await converse(port, { first: probe, enough: /"ok"/ })).toMatchObject({ closed: false });
    expect(await metrics()).not.toMatch(/connections_dropped_total\{/);
    for (const socket of sockets) socket.destroy();
  });
});

test('near the limit of all, each new connection costs the oldest one without a secret its place, and a sender never', () => {
  const dropped = new Counter({
    name: 'dropped',
    help: 'x',
    labelNames: ['why'] as const,
    registers: [new Registry()],
  });
  const addressOf = ({ remoteAddress = '' }: Socket) => remoteAddress;
  const connections = createConnections({ isProxy: () => false, dropped, addressOf });
  const open = (n: number): Socket & { destroyed: boolean } => {
    const socket = Object.assign(new EventEmitter(), {
      ...{ remoteAddress: `10.0.${Math.floor(n / 50)}.1`, remotePort: n, destroyed: false },
      destroy: () => {
        socket.destroyed = true;
        socket.emit('close');
      },
    });
    connections.opened(socket as unknown as Socket);
    return socket as unknown as Socket;
  };
  const sender = open(0);
  connections.authenticate(sender);
  const strangers = Array.from({ length: CROWDED_FROM + 99 }, (_, n) => open(n + 1));
  expect(strangers.filter(({ destroyed }) => destroyed)).toEqual(strangers.slice(0, 100));
  expect(sender.destroyed).toBe(false);
  expect(connections.isAuthenticated(sender)).toBe(true);
});

describe('wrong secrets', () => {
  /** One request from an address of this machine; its status, and how long the answer took. */
  function knock(port: number, options: { from?: string; password?: string; forwardedFor?: string } = {}) {
    const { from = '127.0.0.2', password = 'wrong', forwardedFor } = options;
    const startMs = performance.now();
    return new Promise<{ status: number | undefined; tookMs: number }>((resolve, reject) => {
      const headers = {
        Authorization: `Basic ${Buffer.from(`x:${password}`).toString('base64')}`,
        ...(forwardedFor !== undefined && { 'X-Forwarded-For': forwardedFor }),
      };
      const options = { method: 'POST', port, path: '/notifications', localAddress: from, headers, agent: false };
      const sent = request({ host: '127.0.0.1', ...options }, (response) => {
        response.resume().on('end', () => {
          resolve({ status: response.statusCode, tookMs: performance.now() - startMs });
        });
      });
      sent.on('error', reject).end(JSON.stringify(statusNotification()));
    });
  }

  async function spend(port: number, options: Parameters<typeof knock>[1] = {}): Promise<void> {
    for (let n = 0; n < 5; n += 1) expect((await knock(port, options)).tookMs).toBeLessThan(1_000);
  }

  test('of one address are answered slowly after five in a minute; its valid one and other addresses are not', async () => {
    const { port } = await setup();
    await spend(port);
    const [slow, valid, other] = await Promise.all([
      knock(port),
      knock(port, { password: SECRET }),
      knock(port, { from: '127.0.0.3' }),
    ]);
    expect([slow.status, valid.status, other.status]).toEqual([401, 200, 401]);
    expect(slow.tookMs).toBeGreaterThan(1_900);
    expect(slow.tookMs).toBeLessThan(2_900);
    expect(Math.max(valid.tookMs, other.tookMs)).toBeLessThan(1_500);
  }, 20_000);

  test('behind a trusted proxy are counted by the address that it tells, and by no other header', async () => {
    const trusting = await setup({ trustedProxies: ['127.0.0.2'] });
    await spend(trusting.port, { forwardedFor: `198.51.100.1, ${ELSEWHERE}` });
    const same = await knock(trusting.port, { forwardedFor: `198.51.100.2, ${ELSEWHERE}` });
    const another = await knock(trusting.port, { forwardedFor: '198.51.100.1' });
    expect(same.tookMs).toBeGreaterThan(1_900);
    expect(another.tookMs).toBeLessThan(1_500);
    const { port } = await setup();
    await spend(port, { forwardedFor: ELSEWHERE });
    expect((await knock(port, { forwardedFor: '198.51.100.3' })).tookMs).toBeGreaterThan(1_900);
  }, 20_000);
});
