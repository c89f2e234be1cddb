import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { z } from 'zod';
import { createEventSender } from '../../src/events/sender';
import { EVENTS_VARIABLES, endpointOf, eventsSettings } from '../../src/events/settings';
import { signEvent } from '../../src/events/signature';
import { useCleanup } from '../support/cleanup';
import { type Answer, EVENTS_SECRET, startEventReceiver } from '../support/event-receiver';
import { listenOnLoopback } from '../support/loopback';

const cleanup = useCleanup();
const EVENT = { id: 'evt_a1_1_00000000', body: '{"id":"evt_a1_1_00000000","type":"applicant.started","data":{}}' };

function senderOf(options: Parameters<typeof createEventSender>[1] = {}, allowPrivate: readonly string[] = []) {
  const { secrets } = eventsSettings(z.object(EVENTS_VARIABLES).parse({ EVENTS_SECRET }));
  const sender = createEventSender({ secrets, allowPrivate }, { timeoutMs: 300, ...options });
  cleanup(() => sender.close());
  return sender;
}

async function sendTo(answer: Answer) {
  const receiver = await startEventReceiver(cleanup);
  receiver.answerBy(() => answer);
  const result = await senderOf().send(endpointOf(receiver.url), EVENT);
  return { ...receiver, result };
}

test('signs as Standard Webhooks does, with each secret', () => {
  // The example of the specification.
  const event = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' };
  const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const signed = signEvent(event, [secret, Buffer.alloc(24)], 1_614_265_330_000);
  expect(signed['webhook-timestamp']).toBe('1614265330');
  const [first, second] = signed['webhook-signature'].split(' ');
  expect(first).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  expect(second).toMatch(/^v1,.{44}$/);
});

test("sends the bytes of the event, and a stranger's library verifies them", async () => {
  const { received, result } = await sendTo(204);
  expect(received).toMatchObject([{ id: EVENT.id, raw: EVENT.body, isValid: true }]);
  expect(result).toMatchObject({ status: 204, failure: null, retryAfterMs: null });
});

test.each<[string, Answer, object]>([
  ['an error', 500, { status: 500, failure: 'status' }],
  ['a refusal', 400, { status: 400, failure: 'status' }],
  ['a drop of the connection', (response) => response.destroy(), { status: null, failure: 'connection-closed' }],
  ['no answer', () => {}, { status: null, failure: 'timeout' }],
  [
    'an answer that is no HTTP',
    (response) => response.socket?.end('hello\r\n\r\n'),
    { status: null, failure: 'invalid-answer' },
  ],
  ['an endless answer', endlessly, { status: 200, failure: null }],
  ['429 with seconds', retryAfter(429, '90'), { status: 429, retryAfterMs: 90_000 }],
  ['503 with a date in the past', retryAfter(503, 'Tue, 01 Dec 2020 00:00:00 GMT'), { retryAfterMs: 0 }],
  ['500 with Retry-After', retryAfter(500, '90'), { status: 500, retryAfterMs: null }],
])('%s is a result', async (_, answer, expected) => {
  expect((await sendTo(answer)).result).toMatchObject(expected);
});

test('follows no redirect', async () => {
  const target = await startEventReceiver(cleanup);
  const redirect = (response: ServerResponse) => response.writeHead(301, { location: target.url }).end();
  expect((await sendTo(redirect)).result).toMatchObject({ status: 301, failure: 'redirect' });
  expect(target.received).toEqual([]);
});

test('a server whose certificate is not trusted gets nothing', async () => {
  const server = createServer(() => {});
  const port = await listenOnLoopback(server);
  cleanup(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const result = await senderOf().send(endpointOf(`https://127.0.0.1:${port}/`), EVENT);
  expect(result).toMatchObject({ status: null, failure: 'tls' });
});

describe('a host with a private address', () => {
  const resolvingTo = (...addresses: readonly string[]) =>
    ((_host: string, _options: object, callback: (error: null, all: object) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as NonNullable<Parameters<typeof createEventSender>[1]>['lookup'];
  const sendOver = (url: string, addresses: readonly string[], allowPrivate: readonly string[] = []) =>
    senderOf({ lookup: resolvingTo(...addresses) }, allowPrivate).send(endpointOf(url), EVENT);

  test.each([
    ...['10.0.0.1', '127.0.0.1', '169.254.169.254', '192.168.1.1', '172.16.0.1', '100.64.0.1', '0.0.0.0', '::1'],
    ...['fd00::1', 'fe80::1', '::ffff:10.0.0.1', '64:ff9b::a00:1'],
  ])('gets nothing at %s', async (address) => {
    expect((await sendOver('https://carrier.example/', [address])).failure).toBe('private-address');
    const literal = `https://${address.includes(':') ? `[${address}]` : address}/`;
    if (!/^(127|::1)/.test(address)) expect((await sendOver(literal, [])).failure).toBe('private-address');
  });

  test('gets nothing if only one of its addresses is private', async () => {
    expect((await sendOver('https://carrier.example/', ['192.0.43.8', '10.0.0.1'])).failure).toBe('private-address');
  });

  test('gets events if it is allowed', async () => {
    const receiver = await startEventReceiver(cleanup);
    const { port } = new URL(receiver.url);
    const url = `http://carrier.internal:${port}/events`;
    expect((await sendOver(url, ['127.0.0.1'], ['carrier.internal'])).failure).toBeNull();
    expect((await sendOver(url, ['127.0.0.1'])).failure).toBe('private-address');
  });
});

describe('the settings', () => {
  const check = (set: object) => z.object(EVENTS_VARIABLES).safeParse(set).success;

  test.each([
    ['https://carrier.example/events?key=1', true],
    ['https://a.example/, https://b.example/', true],
    ['http://localhost:8080/events', true],
    ['http://carrier.example/events', false],
    ['https://user:secret@carrier.example/', false],
    ['https://a.example/,https://a.example/', false],
    ['carrier.example', false],
  ])('EVENTS_URL=%s is valid: %s', (EVENTS_URL, isValid) => {
    expect(check({ EVENTS_URL })).toBe(isValid);
  });

  test.each([
    [EVENTS_SECRET, true],
    [`${EVENTS_SECRET},whsec_${Buffer.alloc(24, 1).toString('base64')}`, true],
    [`whsec_${Buffer.alloc(23, 1).toString('base64')}`, false],
    [`whsec_${Buffer.alloc(65, 1).toString('base64')}`, false],
    ['a-secret-without-prefix', false],
  ])('EVENTS_SECRET of one of the forms: %#', (secret, isValid) => {
    expect(check({ EVENTS_SECRET: secret })).toBe(isValid);
  });

  test('an unknown type is invalid', () => {
    expect(check({ EVENTS_TYPES: 'applicant.closed, document.stored' })).toBe(true);
    expect(check({ EVENTS_TYPES: 'applicant.close' })).toBe(false);
  });
});

function endlessly(response: ServerResponse): void {
  response.writeHead(200);
  const write = () => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  };
  response.on('drain', write);
  response.on('error', () => {});
  write();
}

function retryAfter(status: number, value: string): Answer {
  return (response) => response.writeHead(status, { 'retry-after': value }).end();
}
