import { createHmac } from 'node:crypto';
import { NotificationFeed } from '../../sandbox/notification-feed';
import { CLIENT, startSandbox } from './fixture';

const MINUTE_MS = 60_000;
/** eager tells Engaged after 4 minutes, Syncing after 10, two reports in one array after 35, All Synced after 40. */
const TOLD = ['Engaged', 'Syncing', 'unity+ccdraw', 'All Synced'];

/** What arrives of eager's notices, in the order of arrival, when the scenario meddles with them. */
async function setup(scenario: object, options: Parameters<typeof startSandbox>[0] = {}) {
  const started = await startSandbox({ scenario: { seed: 'a', ...scenario }, ...options });
  await started.invite('POL-1', 'eager@example.org');
  const arrived = () =>
    started.receiver.received.map(({ body }) =>
      (Array.isArray(body) ? body : [body])
        .map((notice: Record<string, string>) => notice['value'] ?? notice['type'])
        .join('+'),
    );
  /** Lets minutes pass one by one, so that posts do not overtake each other by themselves. */
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      started.clock.advance(MINUTE_MS);
      await started.sandbox.idle();
    }
  };
  return { ...started, arrived, pass };
}

describe('notices that go wrong', () => {
  it('are dropped', async () => {
    const { pass, arrived } = await setup({ notices: [{ fault: 'drop', on: 'status', calls: [2] }] });
    await pass(60);
    expect(arrived()).toEqual(['Engaged', 'unity+ccdraw', 'All Synced']);
  });

  it('are delayed', async () => {
    const { pass, arrived } = await setup({ notices: [{ fault: 'delay', by: '20m', calls: [1] }] });
    await pass(60);
    expect(arrived()).toEqual(['Syncing', 'Engaged', 'unity+ccdraw', 'All Synced']);
  });

  it('are duplicated', async () => {
    const { pass, arrived } = await setup({ notices: [{ fault: 'duplicate', copies: 2, on: 'report' }] });
    await pass(60);
    expect(arrived()).toEqual(['Engaged', 'Syncing', 'unity+ccdraw', 'unity+ccdraw', 'unity+ccdraw', 'All Synced']);
  });

  it('are overtaken by the next one of the person, or come alone when there is none in time', async () => {
    const { pass, arrived, call } = await setup({
      notices: [{ fault: 'reorder', within: '30m', on: 'status', calls: [1, 3] }],
    });
    await pass(60);
    expect(arrived()).toEqual(['Syncing', 'Engaged', 'unity+ccdraw']);
    await pass(11);
    expect(arrived()).toEqual(['Syncing', 'Engaged', 'unity+ccdraw', 'All Synced']);
    expect((await call('GET', '/control/people')).body).toMatchObject([{ notices: { delivered: 4, failed: 0 } }]);
  });

  it('are gathered into one array, of several people, by number or by time', async () => {
    const { pass, arrived, invite, receiver } = await setup({ notices: [{ fault: 'batch', size: 2, within: '7m' }] });
    await invite('POL-2', 'declines@example.org');
    await pass(60);
    // POL-1 Engaged at 4 min, POL-2 at 9; Syncing at 10, Declined at 15; two reports at 35 are enough by themselves.
    expect(arrived()).toEqual(['Engaged+Engaged', 'Syncing+Declined', 'unity+ccdraw', 'All Synced']);
    const people = receiver.received.map(
      ({ body }) => new Set((body as { humanId: string }[]).map((one) => one.humanId)),
    );
    expect(people.map(({ size }) => size)).toEqual([2, 2, 1, 1]);
    expect(receiver.received.every(({ body }) => Array.isArray(body))).toBe(true);
  });

  it('hit the people of a pattern only', async () => {
    const { pass, arrived } = await setup({ notices: [{ fault: 'drop', clientUserId: 'OTHER-*' }] });
    await pass(60);
    expect(arrived()).toEqual(TOLD);
  });
});

describe('a receiver that keeps failing', () => {
  it('gets no more notices after so many failures in a row, until somebody switches them on again', async () => {
    const { pass, receiver, logged, call, invite } = await setup(
      { feed: { offAfterFailures: 2 } },
      { webhookAnswers: 503 },
    );
    await pass(60);
    expect(receiver.received).toHaveLength(2);
    expect(logged).toContainEqual(['feed-off', { to: receiver.url.origin, failures: 2 }, 'warn']);
    expect((await call('GET', '/control/scenario')).body).toMatchObject({ feeds: [{ on: false }] });
    await call('POST', '/control/feed', { json: { on: true } });
    await invite('POL-2', 'bounces@example.org');
    await pass(60);
    expect(receiver.received).toHaveLength(3);
  });

  it('is forgiven its failures by one success', () => {
    const feed = new NotificationFeed(
      new URL('http://127.0.0.1:1/'),
      () => 2,
      () => {},
    );
    for (const well of [false, true, false]) feed.recordResult(well);
    expect(feed.isOn).toBe(true);
    feed.recordResult(false);
    expect(feed.isOn).toBe(false);
  });
});

it('signs in base64 with seconds under other header names, if told so', async () => {
  const headers = { signature: 'X-Sig', timestamp: 'X-Time', nonce: 'X-Once' };
  const { pass, receiver } = await setup({}, { sign: true, signing: { digest: 'base64', time: 's', headers } });
  await pass(5);
  const [first] = receiver.received;
  const [time, nonce] = [first?.headers['x-time'], first?.headers['x-once']];
  expect(time).toMatch(/^\d{10}$/);
  expect(first?.headers['x-sig']).toBe(
    createHmac('sha1', CLIENT.client_secret).update(`${first?.raw}${time}${nonce}`).digest('base64'),
  );
});
