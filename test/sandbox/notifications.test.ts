import { createHmac } from 'node:crypto';
import { NotificationFeed } from '../../sandbox/notification-feed';
import { CLIENT, DAY_MS, MINUTE_MS, startSandbox } from './fixture';
import { toNotices } from './receiver';

/** Invites a persona and runs its script minute by minute, so that posts do not overtake each other by accident. */
async function run(persona: string, options: Parameters<typeof startSandbox>[0] = {}, minutes = 60) {
  const started = await startSandbox(options);
  const humanId = await started.invite('POL-1', `${persona}@example.org`);
  const pass = async (count: number) => {
    for (let minute = 0; minute < count; minute += 1) await started.advance(MINUTE_MS);
  };
  await pass(minutes);
  const { received } = started.receiver;
  /** The content of each post, in the order of arrival. */
  const posts = () =>
    received.map(({ body }) =>
      (Array.isArray(body) ? body : [body])
        .map((notice: Record<string, string>) => notice['value'] ?? notice['type'])
        .join('+'),
    );
  const failures = () =>
    started.logged.filter(([event]) => event === 'notice-failed').map(([, fields]) => fields?.['failure']);
  return { ...started, humanId, received, pass, posts, failures };
}

/** Runs eager, which sends Engaged after 4 minutes, Syncing after 10, two reports in one array after 35, All Synced after 40. */
const runWith = (scenario: object, minutes?: number) => run('eager', { scenario: { seed: 'a', ...scenario } }, minutes);

describe('a notification', () => {
  it('has the fields of its kind and the endpoints of the vendor', async () => {
    const { received, humanId } = await run('pharmacy');
    const [engaged, , report] = toNotices(received);
    expect(engaged).toEqual({
      clientUserId: 'POL-1',
      humanId,
      updatedAt: '2030-03-01T09:03:00.000Z',
      property: 'status',
      value: 'Engaged',
      endpoint: 'https://admin.humanapi.co/api/v1/users',
    });
    expect(report).toEqual({
      type: 'unity',
      humanId,
      updatedAt: '2030-03-01T09:19:00.000Z',
      action: 'created',
      endpoint: 'https://api.humanapi.co/v1/human/medical/reports',
      objectId: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
    expect(received.map(({ headers }) => headers['content-type'])).toEqual(received.map(() => 'application/json'));
  });

  it('is a single object or part of an array, depending on the persona', async () => {
    expect((await run('eager')).posts()).toEqual(['Engaged', 'Syncing', 'unity+ccdraw', 'All Synced']);
    expect((await run('partial')).posts()).toEqual(['Engaged', 'Syncing', 'unity', 'ccdraw']);
  });

  it('is posted with the secret as the Basic password, or without an Authorization header', async () => {
    const passwords = async (options: object) =>
      (await run('bounces', options)).received.map(({ headers }) =>
        Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64')
          .toString()
          .replace(/^.*?:/, ''),
      );
    expect(await passwords({ webhookSecret: 'p@ss:word' })).toEqual(['p@ss:word']);
    expect(await passwords({})).toEqual(['']);
  });

  it.each([
    [{}, ['x-humanapi-signature', 'x-humanapi-timestamp', 'x-humanapi-nonce'], /^\d{13}$/],
    [
      { digest: 'base64', time: 's', headers: { signature: 'X-Sig', timestamp: 'X-Time', nonce: 'X-Once' } } as const,
      ['x-sig', 'x-time', 'x-once'],
      /^\d{10}$/,
    ],
  ])('is signed over payload, timestamp and nonce with %j', async (signing, names, time) => {
    const { received } = await run('declines', { signing });
    expect(received).toHaveLength(2);
    for (const { headers, raw } of received) {
      const [signature, timestamp, nonce] = names.map((name) => headers[name]);
      const hmac = createHmac('sha1', CLIENT.client_secret).update(`${raw}${timestamp}${nonce}`);
      expect(signature).toBe(hmac.digest('digest' in signing ? signing.digest : 'hex'));
      expect(timestamp).toMatch(time);
    }
    expect(new Set(received.map(({ headers }) => headers[names[2] ?? ''])).size).toBe(2);
  });

  it('is posted once; a failure is logged without the body and the secret', async () => {
    const { received, logged, humanId, receiver } = await run('bounces', {
      webhookAnswers: 503,
      webhookSecret: 'hush',
    });
    expect(received).toHaveLength(1);
    const fields = { to: receiver.url.origin, humanId, failure: 'answered 503' };
    expect(logged).toContainEqual(['notice-failed', fields, 'warn']);
    expect(JSON.stringify(logged)).not.toContain('hush');
  });

  it('waits 3 s for its answer by default', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout');
    await run('bounces', { hasDefaultAnswerTimeout: true });
    expect(timeout.mock.calls).toEqual([[3_000]]);
    timeout.mockRestore();
  });

  it('is discarded without an answer in time, and does not delay the script', async () => {
    const { clock, invite, sandbox, logged, people } = await startSandbox({ webhookAnswers: 0 });
    await invite('POL-1', 'eager@example.org');
    clock.advance(DAY_MS);
    expect(await people()).toMatchObject([{ status: 'All Synced', reports: 2 }]);
    await sandbox.idle();
    expect(logged.filter(([, fields]) => fields?.['failure'] === 'TimeoutError')).toHaveLength(4);
  });
});

describe('a rule for notifications', () => {
  it.each([
    [{ fault: 'drop', on: 'status', calls: [2] }, ['Engaged', 'unity+ccdraw', 'All Synced']],
    [{ fault: 'delay', by: '20m', calls: [1] }, ['Syncing', 'Engaged', 'unity+ccdraw', 'All Synced']],
    [
      { fault: 'duplicate', copies: 2, on: 'report' },
      ['Engaged', 'Syncing', 'unity+ccdraw', 'unity+ccdraw', 'unity+ccdraw', 'All Synced'],
    ],
    [{ fault: 'drop', clientUserId: 'OTHER-*' }, ['Engaged', 'Syncing', 'unity+ccdraw', 'All Synced']],
  ])('%j has its effect', async (rule, expected) => {
    const { posts } = await runWith({ notices: [rule] });
    expect(posts()).toEqual(expected);
  });

  it('reorders with the next notification of the person, or sends it alone after the time limit', async () => {
    const { pass, posts, people } = await runWith({
      notices: [{ fault: 'reorder', within: '30m', on: 'status', calls: [1, 3] }],
    });
    expect(posts()).toEqual(['Syncing', 'Engaged', 'unity+ccdraw']);
    await pass(11);
    expect(posts()).toEqual(['Syncing', 'Engaged', 'unity+ccdraw', 'All Synced']);
    expect(await people()).toMatchObject([{ notices: { delivered: 4, failed: 0 } }]);
  });

  it('batches notifications of several people into one array, by number or by time', async () => {
    const { pass, posts, invite, received } = await runWith(
      { notices: [{ fault: 'batch', size: 2, within: '7m' }] },
      0,
    );
    await invite('POL-2', 'declines@example.org');
    await pass(60);
    // POL-1 is Engaged after 4 minutes, POL-2 after 9. The array of two reports fills a batch.
    expect(posts()).toEqual(['Engaged+Engaged', 'Syncing+Declined', 'unity+ccdraw', 'All Synced']);
    expect(received.every(({ body }) => Array.isArray(body))).toBe(true);
  });
});

describe('a receiver that keeps failing', () => {
  it('gets no more notifications until the feed is switched on again', async () => {
    const options = { scenario: { feed: { offAfterFailures: 2 } }, webhookAnswers: 503 };
    const { pass, receiver, logged, call, invite } = await run('eager', options);
    expect(receiver.received).toHaveLength(2);
    expect(logged).toContainEqual(['feed-off', { to: receiver.url.origin, failures: 2 }, 'warn']);
    expect((await call('GET', '/control/scenario')).body).toMatchObject({ feeds: [{ on: false }] });
    await call('POST', '/control/feed', { json: { on: true } });
    await invite('POL-2', 'bounces@example.org');
    await pass(3);
    expect(receiver.received).toHaveLength(3);
  });

  it('is switched off by consecutive failures only', () => {
    const feed = new NotificationFeed(
      new URL('http://127.0.0.1:1/'),
      () => 2,
      () => {},
    );
    for (const isDelivered of [false, true, false]) feed.recordResult(isDelivered);
    expect(feed.isOn).toBe(true);
    feed.recordResult(false);
    expect(feed.isOn).toBe(false);
  });
});
