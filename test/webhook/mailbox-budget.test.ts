import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { openSpool } from '../../src/spool/spool';
import { NoticeUndelivered } from '../../src/temporal/notices';
import { createMailboxBudget } from '../../src/webhook/mailbox-budget';
import { cleanUp, newFolder } from '../spool/fixture';
import { until } from '../support/condition';
import { reportNotification, statusNotification, stopClock, webhooks } from './webhook-fixture';

const BURST = 300;
/** More than one body's worth would show nothing else. */
const FLOOD = 1_000;

cleanUp();
const start = webhooks();

/** A budget and its clock. */
function setup() {
  let nowMs = 1_000;
  const budget = createMailboxBudget(() => nowMs);
  return {
    budget,
    pass: (ms: number) => {
      nowMs += ms;
    },
    admitted: (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => budget.tryTake(`h-${from + n}`)).filter(Boolean).length,
  };
}

describe('the budget of new mailboxes', () => {
  test('allows a burst, then five new people a second', () => {
    const { admitted, pass } = setup();
    expect(admitted(0, 400)).toBe(BURST);
    pass(10_000);
    expect(admitted(400, 500)).toBe(50);
    pass(86_400_000);
    expect(admitted(500, 1_000)).toBe(BURST);
  });

  test('is free for a person whose mailbox was started in the last ten minutes', () => {
    const { admitted, budget, pass } = setup();
    admitted(0, 400);
    expect([budget.tryTake('h-0'), budget.tryTake('h-399')]).toEqual([true, false]);
    pass(600_000);
    admitted(400, 800);
    expect(budget.tryTake('h-0')).toBe(false);
  });

  test('refunds a failed post', () => {
    const { admitted, budget } = setup();
    admitted(0, 400);
    budget.refund('h-0');
    budget.refund('h-0');
    expect([budget.tryTake('h-400'), budget.tryTake('h-401')]).toEqual([true, false]);
  });
});

const flood = () => Array.from({ length: FLOOD }, (_, n) => reportNotification({ humanId: `made-up-${n}` }));

/** A webhook with a spool, a Temporal that takes every notice, and a budget with a fixed clock. */
async function flooded({ maxBytes = 1e8 } = {}) {
  const { budget, pass } = setup();
  const elapse = stopClock(); // before the start, because the spool takes its clock then
  const folder = await newFolder();
  const posted: string[] = [];
  const temporal = { isAway: false };
  const webhook = await start({
    budget,
    spool: (given) => openSpool({ ...given, folder, maxBytes, encryption: NO_ENCRYPTION }),
    sender: {
      deliverStatusNotice: async () => {
        if (temporal.isAway) throw new NoticeUndelivered('unavailable', 'signal', null);
        return 'taken';
      },
      postToMailbox: async ({ humanId }) => {
        if (temporal.isAway) throw new NoticeUndelivered('unavailable', 'signal with start', null);
        posted.push(humanId);
      },
      mailboxOwner: async (humanId) => (humanId === 'h-known' ? 'POL-1' : null),
    },
  });
  /** Like `until`, and the spool's clock passes by a second before each check. */
  const untilElapsed = (what: string, check: () => boolean | Promise<boolean>) =>
    until(what, () => {
      elapse(1_000);
      return check();
    });
  const inSpool = async () => Number(/chartway_spool_records\S* (\d+)/.exec(await webhook.metrics())?.[1]);
  return { ...webhook, posted, temporal, pass, inSpool, untilElapsed };
}

describe('a flood of unknown people in one request', () => {
  test('starts a burst of mailboxes; the rest is acknowledged, waits in the spool and is delivered later', async () => {
    const { post, posted, pass, inSpool, untilElapsed, metrics } = await flooded();
    expect((await post(flood())).json).toEqual({ accepted: FLOOD, ignored: 0 });
    expect(posted).toHaveLength(BURST);
    expect(await inSpool()).toBe(FLOOD - BURST);
    expect(await metrics()).toMatch(/notices_total\{kind="report",to="mailbox",result="deferred",\S* 700/);
    for (const remaining of [400, 100, 0]) {
      pass(60_000);
      await untilElapsed('the delivery of a minute of the refill', async () => (await inSpool()) === remaining);
    }
    expect(new Set(posted).size).toBe(FLOOD);
  });

  test('does not delay status notices, known people and open mailboxes', async () => {
    const { post, posted, asked, inSpool, metrics } = await flooded();
    await post(reportNotification({ humanId: 'h-known' }));
    await until('the person to be known', () => asked.some(([method]) => method === 'mailboxOwner'));
    await post(flood());
    await post([
      statusNotification(),
      reportNotification({ humanId: 'h-known' }),
      reportNotification({ humanId: 'made-up-0', objectId: 'another' }),
    ]);
    expect(await inSpool()).toBe(FLOOD - BURST + 1);
    expect(asked.filter(([method]) => method === 'deliverStatusNotice')).toHaveLength(1);
    expect(asked.filter(([method]) => method === 'deliverReportNotice')).toHaveLength(1);
    expect(posted).toHaveLength(BURST + 1);
    expect(await metrics()).toMatch(/chartway_webhook_temporal_away\S* 0/);
  });

  test('does not hold up a later status notice in the spool', async () => {
    const { post, asked, posted, temporal, untilElapsed } = await flooded();
    temporal.isAway = true;
    await post(flood());
    await post(statusNotification());
    temporal.isAway = false;
    await untilElapsed('the status notice', () => asked.some(([method]) => method === 'deliverStatusNotice'));
    expect(new Set(posted).size).toBeLessThanOrEqual(BURST);
  });

  test('fills at most half of the spool and leaves the rest for an outage of Temporal', async () => {
    const { post, temporal, ready, metrics } = await flooded({ maxBytes: 40_000 });
    await post(flood().slice(0, BURST));
    let status = 200;
    for (let n = BURST; status === 200; n += 1)
      status = (await post(reportNotification({ humanId: `made-up-${n}` }))).status;
    expect(status).toBe(503);
    const [, bytes] = /chartway_spool_bytes\S* (\d+)/.exec(await metrics()) ?? [];
    expect(Number(bytes)).toBeLessThanOrEqual(20_000);
    expect(ready()).toBe(true);
    expect(await metrics()).toMatch(/chartway_spool_writes_total\{result="deferred-full",\S* 1/);
    temporal.isAway = true;
    const statuses = Array.from({ length: 10 }, (_, n) => statusNotification({ clientUserId: `POL-${n}` }));
    expect((await post(statuses)).status).toBe(200);
  });

  test('does not count as an outage: the next notice goes to Temporal', async () => {
    const { post, asked, metrics } = await flooded();
    await post(flood());
    await post(reportNotification({ humanId: 'one-more' }));
    expect(await metrics()).toMatch(/chartway_webhook_temporal_away\S* 0/);
    await post(statusNotification());
    expect(asked.some(([method]) => method === 'deliverStatusNotice')).toBe(true);
  });

  test('without a spool is answered 503, and the log names the budget', async () => {
    const { post, asked, logged } = await start({ budget: setup().budget });
    expect((await post(flood())).status).toBe(503);
    expect(asked.filter(([method]) => method === 'postToMailbox')).toHaveLength(BURST);
    expect(logged()).toMatch(/"undelivered":700.*over-budget/);
  });
});
