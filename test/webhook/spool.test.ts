import { rm } from 'node:fs/promises';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { openSpool } from '../../src/spool/spool';
import { NoticeUndelivered } from '../../src/temporal/notices';
import { cleanUp, type Faults, faultyFiles, newFolder, segmentsIn, systemError } from '../spool/fixture';
import { until } from '../support/condition';
import { cpuMs } from '../support/cpu';
import { deferred } from '../support/deferred';
import { reportNotification, statusNotification, stopClock, webhooks } from './webhook-fixture';

/** The promise is an answer within 2.5 s on two free cores. */
const CPU_LIMIT_MS = 2_500;
const never = () => new Promise<never>(() => {});
const unavailable = async (): Promise<never> => {
  throw new NoticeUndelivered('unavailable', 'signal', null);
};

const stalls: (() => void)[] = [];
afterEach(() => {
  for (const end of stalls.splice(0)) end();
});
cleanUp();
const start = webhooks();

/** Starts a webhook with a spool. `temporal.deliver` is the answer of Temporal, `faults` are those of the disk. */
async function setup(options: { maxBytes?: number; deliveryTimeoutMs?: number } = {}) {
  const folder = await newFolder();
  const faults: Faults = {};
  const temporal: { deliver: () => Promise<'taken' | 'closed-or-unknown'>; received: string[] } = {
    deliver: unavailable,
    received: [],
  };
  const webhook = await start({
    timeouts: options.deliveryTimeoutMs === undefined ? {} : { deliveryTimeoutMs: options.deliveryTimeoutMs },
    spool: (given) =>
      openSpool({
        ...given,
        folder,
        maxBytes: options.maxBytes ?? 1e8,
        encryption: NO_ENCRYPTION,
        files: faultyFiles(faults),
      }),
    sender: {
      deliverStatusNotice: async (clientUserId) => {
        const result = await temporal.deliver();
        temporal.received.push(clientUserId);
        return result;
      },
      postToMailbox: async ({ reportId }) => {
        await temporal.deliver();
        temporal.received.push(reportId);
      },
    },
  });
  return { ...webhook, folder, faults, temporal };
}

/** From now on no sync of the disk ends before the test does. */
function stall(faults: Faults): void {
  faults.sync = () =>
    new Promise((resolve) => {
      stalls.push(resolve);
    });
}

describe('without Temporal', () => {
  test('a notice acknowledged after a removal of the folder reaches Temporal', async () => {
    const { post, temporal, folder } = await setup();
    expect((await post(statusNotification({ clientUserId: 'POL-1' }))).status).toBe(200);
    await rm(folder, { recursive: true });
    expect((await post(statusNotification({ clientUserId: 'POL-2' }))).status).toBe(200);
    temporal.deliver = async () => 'taken';
    await until('the second', () => temporal.received.includes('POL-2'));
  });

  test.each([
    ['rejects each call', unavailable],
    ['never answers', never],
  ])('(it %s) the webhook acknowledges spooled notices, and delivers them when it is back', async (_, deliver) => {
    const { post, temporal, metrics } = await setup({ deliveryTimeoutMs: 300 });
    temporal.deliver = deliver;
    expect((await post([statusNotification(), reportNotification(), 'junk'])).json).toEqual({
      accepted: 2,
      ignored: 1,
    });
    expect((await post(statusNotification({ clientUserId: 'POL-2' }))).json).toEqual({ accepted: 1, ignored: 0 });
    expect(await metrics()).toMatch(/chartway_spool_records\S* 3\n/);
    temporal.deliver = async () => 'taken';
    await until('all of them', () => new Set(temporal.received).size === 3);
    await until('an empty spool', async () => /chartway_spool_records\S* 0\n/.test(await metrics()));
    expect(await metrics()).toMatch(/chartway_webhook_temporal_away\S* 0/);
  });

  test('the webhook acknowledges no notice before it is on the disk', async () => {
    const { post, faults, folder } = await setup();
    let [isSyncing, synced] = [false, false];
    const { promise: opened, resolve: release } = deferred();
    faults.sync = () => {
      isSyncing = true;
      return opened;
    };
    const answered = post(statusNotification()).then((reply) => ({ reply, synced }));
    await until('a sync under way', () => isSyncing);
    synced = true;
    release();
    expect(await answered).toMatchObject({ reply: { status: 200 }, synced: true });
    expect([...(await segmentsIn(folder)).values()].join()).toContain('POL-20417');
  });

  test('only the first request waits for Temporal', async () => {
    const { post, asked, temporal } = await setup();
    temporal.deliver = never;
    const pass = stopClock();
    const first = post(statusNotification());
    await until('a call', () => asked.length > 0);
    pass(2_000);
    expect((await first).status).toBe(200);
    for (let n = 0; n < 5; n += 1)
      expect((await post(statusNotification({ clientUserId: `POL-${n}` }))).status).toBe(200);
    // The spool retries only the first one, and waits for it.
    expect(new Set(asked.map(([, clientUserId]) => clientUserId))).toEqual(new Set(['POL-20417']));
  });

  test('an array of thousands is acknowledged with one sync', async () => {
    const { post, asked, faults, temporal, metrics } = await setup();
    temporal.deliver = never;
    const pass = stopClock();
    let syncs = 0;
    faults.sync = () => {
      syncs += 1;
    };
    const notices = Array.from({ length: 9_000 }, (_, n) => ({
      clientUserId: `POL-${n}`,
      humanId: 'h',
      property: 'status',
      value: 'Syncing',
    }));
    const [{ json }, tookMs] = await cpuMs(async () => {
      const reply = post(notices);
      await until('a call', () => asked.length > 0);
      pass(2_000);
      return reply;
    });
    expect(json).toEqual({ accepted: 9_000, ignored: 0 });
    expect(tookMs).toBeLessThan(CPU_LIMIT_MS);
    expect(syncs).toBe(1);
    expect(await metrics()).toMatch(/chartway_spool_records\S* 9000\n/);
  });

  test('a full spool means 503 and not ready', async () => {
    const { post, ready } = await setup({ maxBytes: 250 });
    expect((await post(statusNotification())).status).toBe(200);
    expect(ready()).toBe(true);
    expect((await post(statusNotification({ clientUserId: 'POL-2' }))).status).toBe(503);
    expect(ready()).toBe(false);
  });

  test('a disk that fails means 503, and 200 once it works again', async () => {
    const { post, faults, logged } = await setup();
    faults.write = () => Promise.reject(systemError('EROFS'));
    expect((await post(statusNotification())).status).toBe(503);
    expect(logged()).toContain('EROFS');
    faults.write = (bytes) => bytes;
    expect((await post(statusNotification())).status).toBe(200);
  });

  test('a disk that stalls means 503 after 2.3 s, at each request', async () => {
    const { post, spool, asked, faults, temporal } = await setup();
    temporal.deliver = never;
    stall(faults);
    const append = jest.spyOn(spool(), 'append');
    const pass = stopClock();
    const first = post(statusNotification());
    await until('a call', () => asked.length === 1);
    pass(2_000);
    await until('a write', () => append.mock.calls.length === 1);
    pass(300);
    expect((await first).status).toBe(503);
    const second = post(statusNotification());
    await until('a write before the call', () => append.mock.calls.length === 2);
    pass(1_000);
    await until('a second call', () => asked.length === 2);
    pass(1_000);
    await until('a write after the call', () => append.mock.calls.length === 3);
    pass(300);
    expect((await second).status).toBe(503);
  });
});

describe('with Temporal', () => {
  test('the webhook does not use the disk, so a stalled one has no effect', async () => {
    const { post, faults, temporal } = await setup();
    temporal.deliver = async () => 'closed-or-unknown';
    stall(faults);
    expect((await post(statusNotification())).json).toEqual({ accepted: 0, ignored: 1 });
  });

  test('the webhook accepts notices again when Temporal is back, despite a stalled disk', async () => {
    const { post, spool, faults, temporal } = await setup();
    stall(faults);
    const append = jest.spyOn(spool(), 'append');
    const pass = stopClock();
    const first = post(statusNotification());
    await until('a write', () => append.mock.calls.length === 1);
    pass(2_300);
    expect((await first).status).toBe(503);
    temporal.deliver = async () => 'taken';
    const second = post(statusNotification());
    await until('a write before the call', () => append.mock.calls.length === 2);
    pass(1_000);
    expect((await second).status).toBe(200);
  });

  test('a notice that Temporal rejects permanently is acknowledged and quarantined', async () => {
    const { post, spool, temporal, folder } = await setup();
    temporal.deliver = async () => {
      throw new NoticeUndelivered('refused', 'signal', null);
    };
    expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
    const headers = await until('the record', async () => {
      const listed = await spool().quarantine.list();
      return listed.length > 0 && listed;
    });
    expect(headers).toMatchObject([{ why: 'refused', kind: 'status', clientUserId: 'POL-20417' }]);
    await until('an empty spool', async () => (await segmentsIn(folder)).size === 0);
    temporal.deliver = async () => 'taken';
    expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
  });

  test('an array of invalid elements, of the maximum size, is answered within the limit', async () => {
    const { send } = await setup();
    const elements = 349_000;
    const body = `[${Array.from({ length: elements }, () => '{}').join(',')}]`;
    const [reply, tookMs] = await cpuMs(() => send('/notifications', { body }));
    expect(reply.json).toEqual({ accepted: 0, ignored: elements });
    expect(tookMs).toBeLessThan(CPU_LIMIT_MS);
  });
});
