import { EventEmitter, once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import timers from 'node:timers/promises';
import { Counter, Registry } from 'prom-client';
import { createConnections } from '../../src/process/connections';
import { converse, statusNotification, webhooks } from './webhook-fixture';

const SECRET = 'a-secret-of-this-test';
const AUTHORIZATION = `Basic ${Buffer.from(`humanapi:${SECRET}`).toString('base64')}`;
const ELSEWHERE = '203.0.113.9';
const MAX_PER_ADDRESS = 100;
const CROWDED_FROM = 1_600;

const start = webhooks();
const setup = (options: Parameters<typeof start>[0] = {}) => start({ secrets: [SECRET], ...options });

afterEach(() => jest.restoreAllMocks());

/** A request on a connection that may be kept. */
const ask = (line: string, headers = '') => `${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`;

describe('an answer to a sender without a secret', () => {
  test.each([
    ['401', 'POST /notifications'],
    ['401', 'POST /notifications/wrong'],
    ['404', 'GET /'],
    ['405', 'PUT /notifications'],
    ['401', 'POST /notifications', 'Expect: foo\r\n'],
  ])('(%s, %s) ends the connection', async (status, line, headers = '') => {
    const { port } = await setup();
    const { text, closed } = await converse(port, { first: ask(line, headers), enough: /keep-alive/i });
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*Connection: close`, 's'));
    expect(closed).toBe(true);
  });

  test('ends the connection of a remote probe, and not of one from this machine', async () => {
    const probe = { first: ask('GET /healthz'), enough: /keep-alive/i };
    expect(await converse((await setup({ addressOf: () => ELSEWHERE })).port, probe)).toMatchObject({ closed: true });
    expect(await converse((await setup()).port, probe)).toMatchObject({ closed: false });
  });
});

test('a sender with a valid secret keeps its connection for 65 s, also for probes', async () => {
  const { port } = await setup({ addressOf: () => ELSEWHERE });
  const body = JSON.stringify(statusNotification());
  const first = `POST /notifications HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTHORIZATION}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answers = await converse(port, { first: `${first}${ask('GET /healthz')}`, enough: /"status":"ok"/ });
  expect(answers).toMatchObject({ closed: false });
  expect(answers.text.match(/Keep-Alive: timeout=65/g)).toHaveLength(2);
});

test('300 senders of one address that connect before one of them sends its secret are all answered', async () => {
  const { port, server, metrics } = await setup({ addressOf: () => ELSEWHERE });
  // The webhook's clock does not move, because a busy machine may take long to accept them.
  jest.spyOn(performance, 'now').mockReturnValue(performance.now());
  let accepted = 0;
  const allAccepted = new Promise<void>((resolve) => {
    server.on('connection', () => {
      accepted += 1;
      if (accepted === 300) resolve();
    });
  });
  const body = JSON.stringify(statusNotification());
  const head = `POST /notifications HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTHORIZATION}\r\n`;
  const answers = Array.from({ length: 300 }, async () => {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    const ended = once(socket, 'close').then(() => ['closed']);
    await allAccepted;
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const [answer] = await Promise.race([once(socket, 'data'), ended]);
    socket.destroy();
    return String(answer).split('\r\n', 1)[0];
  });
  const statuses = await Promise.all(answers);
  expect(statuses.filter((status) => status !== 'HTTP/1.1 200 OK')).toEqual([]);
  expect(await metrics()).not.toMatch(/connections_dropped_total\{/);
});

describe('the registry of connections', () => {
  type Stub = Socket & { destroyed: boolean };

  /** A registry with a fixed clock, and connections that close when they are destroyed. */
  function registry({ isProxy = () => false }: { isProxy?: (address: string) => boolean } = {}) {
    const dropped = new Counter({
      name: 'dropped',
      help: 'x',
      labelNames: ['why'] as const,
      registers: [new Registry()],
    });
    const clock = { nowMs: 1_000 };
    const addressOf = ({ remoteAddress = '' }: Socket) => remoteAddress;
    const connections = createConnections({ isProxy, dropped, addressOf, nowMs: () => clock.nowMs });
    let ports = 0;
    const open = (remoteAddress = '10.0.0.1', over: Partial<Socket> = {}): Stub => {
      ports += 1;
      const socket = Object.assign(new EventEmitter(), {
        remoteAddress,
        remotePort: ports,
        localAddress: '10.9.9.9',
        localPort: 443,
        destroyed: false,
        ...over,
        destroy: () => {
          socket.destroyed = true;
          socket.emit('close');
        },
      });
      connections.add(socket as unknown as Socket);
      return socket as unknown as Stub;
    };
    const openMany = (count: number, addressAt: (n: number) => string = () => '10.0.0.1') =>
      Array.from({ length: count }, (_, n) => open(addressAt(n)));
    return { connections, clock, open, openMany, dropped };
  }
  const destroyedOf = (sockets: readonly Stub[]) => sockets.flatMap(({ destroyed }, at) => (destroyed ? [at] : []));

  test('beyond 100 of an address it closes one that was answered, else the oldest one after 2 s', async () => {
    const { connections, clock, open, openMany, dropped } = registry();
    const other = open('10.0.0.2');
    const unverified = openMany(MAX_PER_ADDRESS);
    connections.markAnswered(unverified[7] as Socket);
    open();
    expect(destroyedOf(unverified)).toEqual([7]);
    open();
    expect(destroyedOf(unverified)).toEqual([7]);
    clock.nowMs += 2_001;
    open();
    expect(destroyedOf(unverified)).toEqual([0, 7]);
    expect(other.destroyed).toBe(false);
    expect((await dropped.get()).values).toMatchObject([{ value: 2, labels: { why: 'address' } }]);
  });

  test('a trusted proxy and an address that sent a valid secret in the last ten minutes have no limit', () => {
    const proxied = registry({ isProxy: () => true });
    const known = registry();
    known.connections.authenticate(known.open());
    for (const [{ openMany, clock }, after] of [
      [proxied, 0],
      [known, 0],
      [known, 11 * 60_000],
    ] as const) {
      clock.nowMs += after;
      const unverified = openMany(MAX_PER_ADDRESS);
      clock.nowMs += 2_001;
      unverified.push(...openMany(2));
      expect(destroyedOf(unverified).length > 0).toBe(after > 0);
      for (const socket of unverified) if (!socket.destroyed) socket.destroy();
    }
  });

  test('beyond 1,600 it closes the oldest silent one of the busiest address after 2 s', () => {
    const { connections, clock, open, openMany } = registry({ isProxy: () => true });
    const sender = open('10.0.0.9');
    connections.authenticate(sender);
    const others = openMany(CROWDED_FROM - 51, (n) => `10.1.${n % 250}.${n % 40}`);
    const busy = openMany(50);
    clock.nowMs += 2_001;
    open('10.0.0.3');
    expect(destroyedOf(busy)).toEqual([0]);
    expect([...destroyedOf(others), ...destroyedOf([sender])]).toEqual([]);
  });

  test('closes the oldest of all if the busiest address has no idle one, and never a verified one', () => {
    const { connections, open, openMany } = registry();
    const sender = open();
    connections.authenticate(sender);
    const unverified = openMany(CROWDED_FROM + 99, (n) => `10.0.${Math.floor(n / 50)}.1`);
    expect(destroyedOf(unverified)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(sender.destroyed).toBe(false);
    expect(connections.isAuthenticated(sender)).toBe(true);
  });

  test('distinguishes two connections from one port to two local ports', () => {
    const { connections, open } = registry();
    const one = open('10.0.0.1', { remotePort: 7 });
    const other = open('10.0.0.1', { remotePort: 7, localPort: 444 });
    connections.authenticate(one);
    expect([one, other].map(connections.isAuthenticated)).toEqual([true, false]);
  });
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
    for (let n = 0; n < 5; n += 1) expect((await knock(port, options)).status).toBe(401);
  }

  /** Records the delays of answers in ms. Measured times do not show them, because a busy machine delays every answer. */
  function spyOnWaits(): () => unknown[] {
    const wait = jest.spyOn(timers, 'setTimeout');
    return () => wait.mock.calls.map(([ms]) => ms);
  }

  test('delay the answers to an address after five in a minute, but not to its valid secret or to other addresses', async () => {
    const { port } = await setup();
    const waits = spyOnWaits();
    await spend(port);
    expect(waits()).toEqual([]);
    const [slow, valid, other] = await Promise.all([
      knock(port),
      knock(port, { password: SECRET }),
      knock(port, { from: '127.0.0.3' }),
    ]);
    expect([slow.status, valid.status, other.status]).toEqual([401, 200, 401]);
    expect(slow.tookMs).toBeGreaterThan(1_900);
    expect(waits()).toEqual([2_000]);
  });

  test('behind a trusted proxy count by the forwarded address only', async () => {
    const trusting = await setup({ trustedProxies: ['127.0.0.2'] });
    const waits = spyOnWaits();
    await spend(trusting.port, { forwardedFor: `198.51.100.1, ${ELSEWHERE}` });
    expect(waits()).toEqual([]);
    const same = await knock(trusting.port, { forwardedFor: `198.51.100.2, ${ELSEWHERE}` });
    expect(same.tookMs).toBeGreaterThan(1_900);
    await knock(trusting.port, { forwardedFor: '198.51.100.1' });
    expect(waits()).toEqual([2_000]);
    const { port } = await setup();
    await spend(port, { forwardedFor: ELSEWHERE });
    expect((await knock(port, { forwardedFor: '198.51.100.3' })).tookMs).toBeGreaterThan(1_900);
    expect(waits()).toEqual([2_000, 2_000]);
  });
});
