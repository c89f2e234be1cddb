import { once } from 'node:events';
import { connect } from 'node:net';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { openSpool } from '../../src/spool/spool';
import { NoticeUndelivered } from '../../src/temporal/notices';
import type { SignatureSettings } from '../../src/webhook/signature-settings';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { useFolders } from '../support/folders';
import { signedHeaders } from './signed';
import { HUMAN_ID, reportNotification, statusNotification, stopClock, webhooks } from './webhook-fixture';

const start = webhooks();
const newFolder = useFolders();

async function setup(
  mode: SignatureSettings['mode'],
  options: Parameters<typeof start>[0] & { quarantine?: boolean } = {},
) {
  const folder = await newFolder('spool');
  const webhook = await start({
    signature: { mode, secrets: ['client-secret'] },
    ...(options.quarantine && {
      spool: (given: Pick<Parameters<typeof openSpool>[0], 'registry' | 'log'>) =>
        openSpool({ folder, maxBytes: 1024 ** 2, encryption: NO_ENCRYPTION, ...given }),
    }),
    ...options,
  });
  const body = JSON.stringify([statusNotification()]);
  return {
    ...webhook,
    body,
    /** Posts the body with a valid signature, unless an option changes it. */
    signed: (over: Parameters<typeof signedHeaders>[1] = {}, sent = body) =>
      webhook.send('/notifications', { headers: signedHeaders(sent, over), body: sent }),
    unsigned: (sent = body) => webhook.send('/notifications', { body: sent }),
    delivered: () =>
      webhook.asked.filter(([method]) => method.startsWith('deliver') || method === 'postToMailbox').length,
    quarantined: () => webhook.spool().quarantine.list(),
  };
}

describe('with WEBHOOK_SIGNATURE=require', () => {
  it('a request with a valid signature is delivered', async () => {
    const { signed, delivered } = await setup('require');
    expect(await signed()).toMatchObject({ status: 200, json: { accepted: 1, ignored: 0 } });
    expect(delivered()).toBe(1);
  });

  it.each<[what: string, over: Parameters<typeof signedHeaders>[1] | null]>([
    ['none', null],
    ['one of another secret', { secret: 'another' }],
    ['one of an hour ago', { timestamp: String(Date.now() - 3_600_000) }],
  ])('%s is answered 401 with a challenge that does not name the fault', async (_what, over) => {
    const { signed, unsigned, delivered, metrics } = await setup('require');
    const reply = over === null ? await unsigned() : await signed(over);
    expect(reply).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringMatching(/^Signature realm=/) },
    });
    expect(reply.json).toEqual({ error: expect.stringContaining('expected x-humanapi-signature') });
    expect(delivered()).toBe(0);
    expect(await metrics()).toMatch(/signatures_total\{signature="(missing|wrong|stale)",process="webhook"\} 1/);
  });

  it('a changed body is rejected before it is parsed', async () => {
    const { send, body, delivered } = await setup('require');
    const headers = signedHeaders(body);
    expect(await send('/notifications', { headers, body: `${body} ` })).toMatchObject({ status: 401 });
    expect(await send('/notifications', { headers, body: 'no JSON' })).toMatchObject({ status: 401 });
    expect(delivered()).toBe(0);
  });

  it('a valid signature does not replace the webhook secret', async () => {
    const { signed, send, body, delivered } = await setup('require', { secrets: ['hush'] });
    expect((await signed()).headers['www-authenticate']).toMatch(/^Basic/);
    expect(await send('/notifications/hush', { body })).toMatchObject({ status: 401 });
    const both = await send('/notifications/hush', { body, headers: signedHeaders(body) });
    expect(both).toMatchObject({ status: 200 });
    expect(delivered()).toBe(1);
  });

  it('a repeated request and another one with its nonce are rejected', async () => {
    const { signed, delivered } = await setup('require');
    const timestamp = String(Date.now());
    expect(await signed({ timestamp })).toMatchObject({ status: 200 });
    expect(await signed({ timestamp })).toMatchObject({ status: 401 });
    expect(await signed({ timestamp }, JSON.stringify(reportNotification()))).toMatchObject({ status: 401 });
    expect(await signed({ timestamp, nonce: 'nonce-2' })).toMatchObject({ status: 200 });
    expect(delivered()).toBe(2);
  });

  it('a request answered 503 may be repeated with the same signature until it is acknowledged', async () => {
    let away = true;
    const deliverStatusNotice = async () => {
      if (away) throw new NoticeUndelivered('unavailable', 'signal', new Error('away'));
      return 'taken' as const;
    };
    const { signed } = await setup('require', { sender: { deliverStatusNotice } });
    const timestamp = String(Date.now());
    expect(await signed({ timestamp })).toMatchObject({ status: 503 });
    expect(await signed({ timestamp })).toMatchObject({ status: 503 });
    away = false;
    expect(await signed({ timestamp })).toMatchObject({ status: 200, json: { accepted: 1, ignored: 0 } });
    expect(await signed({ timestamp })).toMatchObject({ status: 401 });
  });

  it('a signed body without a notification is answered 400 and does not use up its nonce', async () => {
    const { signed } = await setup('require');
    expect(await signed({}, 'no JSON')).toMatchObject({ status: 400 });
    expect(await signed()).toMatchObject({ status: 200 });
  });

  it('a repeat during the first request is answered 503', async () => {
    const taken: (() => void)[] = [];
    const deliverStatusNotice = () =>
      new Promise<'taken'>((resolve) => {
        taken.push(() => resolve('taken'));
      });
    const timeouts = { deliveryTimeoutMs: 20_000 };
    const { signed, send, body } = await setup('require', { timeouts, sender: { deliverStatusNotice } });
    const headers = signedHeaders(body);
    const first = send('/notifications', { headers, body });
    await until('the first to be under way', () => taken.length === 1);
    expect(await send('/notifications', { headers, body })).toMatchObject({ status: 503 });
    taken[0]?.();
    expect(await first).toMatchObject({ status: 200 });
    expect(await send('/notifications', { headers, body })).toMatchObject({ status: 401 });
    expect(taken).toHaveLength(1);
    const other = signed({ nonce: 'nonce-2' });
    await until('the other to be under way', () => taken.length === 2);
    taken[1]?.();
    expect(await other).toMatchObject({ status: 200 });
  });

  it('a sender that disconnected before the answer may repeat the request with the same signature', async () => {
    const { promise: released, resolve: release } = deferred<'taken'>();
    let calls = 0;
    const deliverStatusNotice = () => {
      calls += 1;
      return calls > 1 ? Promise.resolve('taken' as const) : released;
    };
    const { port, server, send, body } = await setup('require', { sender: { deliverStatusNotice } });
    const headers = signedHeaders(body);
    const socket = connect(port, '127.0.0.1');
    const lines = Object.entries({ Host: 'h', 'Content-Length': Buffer.byteLength(body), ...headers });
    socket.write(
      `POST /notifications HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
    );
    await until('the first to be under way', () => calls === 1);
    socket.destroy();
    await until('the sender to be gone', async () => (await connectionsOf(server)) === 0);
    release('taken');
    await until('another to be taken', async () => (await send('/notifications', { headers, body })).status === 200);
  });
});

describe('with WEBHOOK_SIGNATURE=verify', () => {
  it('a request with a valid signature is delivered', async () => {
    const { signed, delivered, quarantined } = await setup('verify', { quarantine: true });
    expect(await signed()).toMatchObject({ status: 200, json: { accepted: 1, ignored: 0 } });
    expect(delivered()).toBe(1);
    expect(await quarantined()).toEqual([]);
  });

  it.each<[why: string, over: Parameters<typeof signedHeaders>[1] | null]>([
    ['missing', null],
    ['wrong', { secret: 'another' }],
    ['stale', { timestamp: '1' }],
    ['undated', { timestamp: 'today' }],
  ])('a request with a %s signature is answered 200, counted and kept with the reason', async (why, over) => {
    const { signed, unsigned, delivered, quarantined, metrics, logged } = await setup('verify', { quarantine: true });
    const reply = over === null ? await unsigned() : await signed(over);
    expect(reply).toMatchObject({ status: 200, json: { accepted: 0, ignored: 1 } });
    expect(delivered()).toBe(0);
    expect(await quarantined()).toMatchObject([
      { why: 'signature', kind: 'status', clientUserId: 'POL-20417', humanId: HUMAN_ID, detail: why },
    ]);
    expect(await metrics()).toMatch(`chartway_webhook_signatures_total{signature="${why}",process="webhook"} 1`);
    expect(await metrics()).toMatch('chartway_webhook_doubted_notices_total{fate="kept",process="webhook"} 1');
    expect(logged()).toMatch('did not deliver notices because of their signature');
  });

  it('one record keeps the known fields of the body and nothing else', async () => {
    const { unsigned, spool, quarantined } = await setup('verify', { quarantine: true });
    const posted = [
      statusNotification({ email: 'max@example.org' }),
      { junk: 'max@example.org' },
      reportNotification(),
    ];
    expect(await unsigned(JSON.stringify(posted))).toMatchObject({ json: { accepted: 0, ignored: 3 } });
    const [header] = await quarantined();
    expect(header).toMatchObject({ kind: 'several', detail: 'missing, 2 notices' });
    const content = (await spool().quarantine.read(header?.id ?? ''))?.content?.toString() ?? '';
    expect(JSON.parse(content)).toMatchObject([{ kind: 'status' }, { kind: 'report' }]);
    expect(content).not.toMatch('max@');
  });

  it('a replay is answered 200 and ignored; a repeated request is not kept, another one with its nonce is', async () => {
    const { signed, delivered, quarantined } = await setup('verify', { quarantine: true });
    const timestamp = String(Date.now());
    await signed({ timestamp });
    expect(await signed({ timestamp })).toMatchObject({ status: 200, json: { accepted: 0, ignored: 1 } });
    expect(await quarantined()).toEqual([]);
    await signed({ timestamp }, JSON.stringify(reportNotification()));
    expect(await quarantined()).toMatchObject([{ detail: 'same-nonce' }]);
    expect(delivered()).toBe(1);
  });

  it('without a spool the request is answered 200, counted and logged', async () => {
    const { unsigned, delivered, metrics } = await setup('verify');
    expect(await unsigned()).toMatchObject({ status: 200, json: { accepted: 0, ignored: 1 } });
    expect(delivered()).toBe(0);
    expect(await metrics()).toMatch('doubted_notices_total{fate="off",process="webhook"} 1');
  });

  it('a request is answered 503 if the quarantine is full or broken', async () => {
    const { unsigned, spool, metrics } = await setup('verify', { quarantine: true });
    const put = jest.spyOn(spool().quarantine, 'put');
    put.mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect((await unsigned()).status).toBe(503);
    put.mockResolvedValueOnce('full');
    expect((await unsigned()).status).toBe(503);
    expect(await metrics()).toMatch('doubted_notices_total{fate="failed",process="webhook"} 1');
    expect(await metrics()).toMatch('doubted_notices_total{fate="full",process="webhook"} 1');
  });

  it('a silent quarantine is abandoned 2.3 s after the start of the request, however late its body arrived', async () => {
    const { port, server, spool, body, metrics } = await setup('verify', { quarantine: true });
    const put = jest.spyOn(spool().quarantine, 'put');
    put.mockReturnValueOnce(new Promise(() => {}));
    const pass = stopClock();
    const request = once(server, 'request');
    const socket = connect(port, '127.0.0.1');
    const head = `POST /notifications HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(`${head}${body.slice(0, 1)}`);
    await request;
    pass(1_700);
    socket.write(body.slice(1));
    await until('a write', () => put.mock.calls.length > 0);
    pass(600);
    const [answer] = await once(socket, 'data');
    socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1.1 503 /);
    expect(await metrics()).toMatch('doubted_notices_total{fate="failed",process="webhook"} 1');
  });

  it('a body without a notification is answered 400', async () => {
    const { unsigned } = await setup('verify');
    expect(await unsigned('no JSON')).toMatchObject({ status: 400 });
  });
});

test('with WEBHOOK_SIGNATURE=off a wrong signature is ignored', async () => {
  const { signed, delivered } = await setup('off');
  expect(await signed({ secret: 'another' })).toMatchObject({ status: 200, json: { accepted: 1, ignored: 0 } });
  expect(delivered()).toBe(1);
});

function connectionsOf(server: { getConnections(found: (error: Error | null, count: number) => void): void }) {
  return new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
}
