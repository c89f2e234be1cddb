import { createHmac } from 'node:crypto';
import type { Log } from '../../sandbox/log';
import { CLIENT, startSandbox } from './fixture';
import { noticesOf } from './receiver';

const DAY_MS = 86_400_000;

async function told(persona: string, options: Parameters<typeof startSandbox>[0] = {}) {
  const started = await startSandbox(options);
  const humanId = await started.invite('POL-1', `${persona}@example.org`);
  started.clock.advance(DAY_MS);
  await started.sandbox.close();
  return { ...started, humanId, received: started.receiver.received };
}

const failedOf = (logged: readonly Parameters<Log>[]) => logged.filter(([event]) => event === 'notice-failed');

describe('notices', () => {
  it('have exactly the fields of their kind, with the endpoints of the vendor', async () => {
    const { received, humanId } = await told('pharmacy');
    const notices = noticesOf(received);
    expect(notices[0]).toEqual({
      clientUserId: 'POL-1',
      endpoint: 'https://admin.humanapi.co/api/v1/users',
      humanId,
      updatedAt: '2030-03-01T09:03:00.000Z',
      property: 'status',
      value: 'Engaged',
    });
    expect(notices[2]).toEqual({
      type: 'unity',
      endpoint: 'https://api.humanapi.co/v1/human/medical/reports',
      objectId: expect.stringMatching(/^[0-9a-f]{24}$/),
      updatedAt: '2030-03-01T09:19:00.000Z',
      humanId,
      action: 'created',
    });
    expect(received.map(({ headers }) => headers['content-type'])).toEqual(received.map(() => 'application/json'));
  });

  it('of a status are single objects, of several reports one array where the persona says so', async () => {
    const containers = async (persona: string) =>
      (await told(persona)).received
        .map(({ body }) => (Array.isArray(body) ? body.length : 'object'))
        .map(String)
        .toSorted();
    expect(await containers('eager')).toEqual(['2', 'object', 'object', 'object']);
    expect(await containers('partial')).toEqual(Array(5).fill('object'));
  });

  it('carry the webhook secret as Basic password, and nothing when there is none', async () => {
    const { received } = await told('declines', { webhookSecret: 'p@ss:word' });
    const passwords = received.map(({ headers }) =>
      Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString(),
    );
    expect(passwords.map((text) => text.slice(text.indexOf(':') + 1))).toEqual(['p@ss:word', 'p@ss:word']);
    expect((await told('declines')).received.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('are signed over payload, timestamp and nonce when asked', async () => {
    const { received } = await told('declines', { sign: true });
    expect(received).toHaveLength(2);
    for (const { headers, raw } of received) {
      const message = `${raw}${headers['x-humanapi-timestamp']}${headers['x-humanapi-nonce']}`;
      expect(headers['x-humanapi-signature']).toBe(
        createHmac('sha1', CLIENT.client_secret).update(message).digest('hex'),
      );
    }
    expect(new Set(received.map(({ headers }) => headers['x-humanapi-nonce'])).size).toBe(2);
  });

  it('are posted once, and a refusal is logged without the body', async () => {
    const { received, logged, humanId, receiver } = await told('declines', {
      webhookAnswers: 503,
      webhookSecret: 'hush',
    });
    expect(received).toHaveLength(2);
    const line = ['notice-failed', { to: receiver.url.origin, humanId, failure: 'answered 503' }, 'warn'];
    expect(failedOf(logged)).toEqual([line, line]);
    expect(JSON.stringify(logged)).not.toContain('hush');
  });

  it('are given up after three seconds without an answer', async () => {
    const begun = performance.now();
    const { logged } = await told('declines', { webhookAnswers: 0 });
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(failedOf(logged).map(([, fields]) => fields?.['failure'])).toEqual(['TimeoutError', 'TimeoutError']);
  });

  it('leave the story alone when nobody listens', async () => {
    const { receiver, invite, clock, sandbox, logged, call } = await startSandbox();
    await receiver.close();
    await invite('POL-1', 'eager@example.org');
    clock.advance(DAY_MS);
    expect((await call('GET', '/control/people')).body).toMatchObject([{ status: 'All Synced', reports: 2 }]);
    await sandbox.close();
    expect(failedOf(logged).map(([, fields]) => fields?.['failure'])).toEqual(Array(4).fill('ECONNREFUSED'));
  });
});
