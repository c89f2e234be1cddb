import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { drain } from '../../src/process/listening';
import { openSpool } from '../../src/spool/spool';
import { NoticeUndelivered } from '../../src/temporal/notices';
import { cleanUp, newFolder } from '../spool/fixture';
import { reportNotification, statusNotification, timed, webhooks } from './webhook-fixture';

const never = () => new Promise<never>(() => {});
const setup = webhooks();
cleanUp();

test('a request waits 2 s for a Temporal that does not answer, then gets 503', async () => {
  const { post } = await setup({ sender: { deliverStatusNotice: never } });
  const [reply, tookMs, ownMs] = await timed(() => post(statusNotification()));
  expect(reply.status).toBe(503);
  expect(tookMs).toBeGreaterThan(1_900);
  expect(ownMs).toBeLessThan(2_500);
});

test('all calls of a request have the same deadline', async () => {
  const startMs = Date.now();
  const moments = new Set<number | undefined>();
  const { post } = await setup({
    sender: {
      deliverStatusNotice: async (_clientUserId, _notice, _requestId, untilMs) => {
        moments.add(untilMs);
        return 'taken';
      },
    },
  });
  await post(Array.from({ length: 100 }, (_, n) => statusNotification({ clientUserId: `POL-${n}` })));
  expect(moments.size).toBe(1);
  expect([...moments][0]).toBeGreaterThan(startMs);
});

test('an array of 1,000 notices is delivered with a bounded number of calls at a time', async () => {
  let inFlight = 0;
  let most = 0;
  const { post } = await setup({
    timeouts: { deliveryTimeoutMs: 20_000 },
    sender: {
      deliverStatusNotice: async () => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await new Promise(setImmediate);
        inFlight -= 1;
        return 'taken';
      },
    },
  });
  const notices = Array.from({ length: 1_000 }, (_, n) => statusNotification({ clientUserId: `POL-${n}` }));
  expect((await post(notices)).json).toEqual({ accepted: 1_000, ignored: 0 });
  expect(most).toBeLessThanOrEqual(32);
  expect(most).toBeGreaterThan(8);
});

test('an array that Temporal does not take in time is answered 503, and its other notices are not sent', async () => {
  let calls = 0;
  const { post } = await setup({
    timeouts: { deliveryTimeoutMs: 100 },
    sender: {
      postToMailbox: async () => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
      },
    },
  });
  const [reply, , ownMs] = await timed(() =>
    post(Array.from({ length: 5_000 }, (_, n) => reportNotification({ objectId: `r-${n}` }))),
  );
  expect([reply.status, reply.json]).toEqual([503, { error: expect.any(String) }]);
  expect(ownMs).toBeLessThan(1_000);
  const callsThen = calls;
  expect(callsThen).toBeLessThan(5_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(calls).toBe(callsThen);
});

test('a stuck array leaves room for other requests', async () => {
  const { post } = await setup({
    timeouts: { deliveryTimeoutMs: 1_500 },
    sender: { postToMailbox: never },
  });
  const answered: number[] = [];
  const stuck = post(Array.from({ length: 1_000 }, (_, n) => reportNotification({ objectId: `r-${n}` })));
  const other = post(statusNotification());
  await Promise.all([stuck, other].map(async (reply) => answered.push((await reply).status)));
  expect(answered).toEqual([200, 503]);
});

test('a drain lets requests in flight end and takes no new ones', async () => {
  let release: (taken: 'taken') => void = () => {};
  const released = new Promise<'taken'>((resolve) => {
    release = resolve;
  });
  const timeouts = { deliveryTimeoutMs: 20_000 };
  const { post, asked, server } = await setup({ timeouts, sender: { deliverStatusNotice: () => released } });
  const inFlight = post(statusNotification());
  while (asked.length === 0) await new Promise(setImmediate);
  const drained = drain(server);
  await expect(post(statusNotification())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  release('taken');
  const reply = await inFlight;
  expect([reply.status, reply.headers.connection]).toEqual([200, 'close']);
  await drained;
});

// The promise is 250 ms at the 99th percentile on two free cores. This machine is shared, so the median shows that no queue builds up.
test.each([
  ['Temporal takes', false],
  ['the spool takes', true],
])(
  '200 requests a second that %s do not queue up: the middle one is answered in a moment, and every one in time',
  async (_who, spooled) => {
    const folder = await newFolder();
    const unavailable = new NoticeUndelivered('unavailable', 'signal', null);
    const { post } = await setup({
      sender: {
        deliverStatusNotice: () =>
          new Promise((resolve, reject) => setTimeout(() => (spooled ? reject(unavailable) : resolve('taken')), 5)),
      },
      spool: (given) => openSpool({ ...given, folder, maxBytes: 1e8, encryption: NO_ENCRYPTION }),
    });
    const requests = 400;
    const answers: ReturnType<typeof timed<Awaited<ReturnType<typeof post>>>>[] = [];
    for (let n = 0; n < requests; n += 1) {
      // Requests that a stall delays are not sent in a burst, which would queue by itself.
      await new Promise((resolve) => setTimeout(resolve, 4));
      answers.push(timed(() => post(statusNotification({ clientUserId: `POL-${n}` }))));
    }
    const all = await Promise.all(answers);
    expect(new Set(all.map(([{ status }]) => status))).toEqual(new Set([200]));
    const took = all.map(([, , ownMs]) => ownMs).sort((a, b) => a - b);
    expect(took[requests / 2]).toBeLessThan(250);
    expect(took.at(-1)).toBeLessThan(2_500);
  },
);
