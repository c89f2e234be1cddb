import { NoticeUndelivered } from '../../src/temporal/notices';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { HUMAN_ID, reportNotification, statusNotification, webhooks } from './webhook-fixture';

const start = webhooks();
const setup = (sender: NonNullable<Parameters<typeof start>[0]>['sender'] = {}) => start({ sender });

const CLAIM = { humanId: HUMAN_ID, status: 'Declined', updatedAt: '2020-01-30T21:20:54.316Z' };
const NAMED = {
  humanId: HUMAN_ID,
  reportId: '5e3349a1c2b0f10012345678',
  type: 'unity',
  updatedAt: '2020-01-30T21:20:54.316Z',
};
const REQUEST_ID = expect.stringMatching(/^[0-9a-f]{32}$/);
const closed = async () => 'closed-or-unknown' as const;

describe('a status notice', () => {
  test('goes to the applicant that it names', async () => {
    const { post, asked } = await setup();
    expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
    expect(asked[0]).toEqual(['deliverStatusNotice', 'POL-20417', CLAIM, REQUEST_ID]);
  });

  test('of a closed or unknown applicant is ignored', async () => {
    const { post } = await setup({ deliverStatusNotice: closed });
    const reply = await post(statusNotification());
    expect([reply.status, reply.json]).toEqual([200, { accepted: 0, ignored: 1 }]);
  });

  test('that is repeated counts as accepted and has the same request id', async () => {
    const { post, asked } = await setup();
    expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
    expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
    expect((await post(statusNotification({ value: 'Engaged' }))).json).toEqual({ accepted: 1, ignored: 0 });
    const ids = asked.filter(([method]) => method === 'deliverStatusNotice').map((call) => call.at(-1));
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
  });
});

describe('a report notice', () => {
  test('of an unknown person goes to the mailbox without a search', async () => {
    const { post, asked } = await setup();
    expect((await post(reportNotification())).json).toEqual({ accepted: 1, ignored: 0 });
    expect(asked[0]).toEqual(['postToMailbox', NAMED, REQUEST_ID]);
    expect(asked.map(([method]) => method)).not.toContain('findByHumanId');
  });

  test('goes to the applicant after the mailbox found the owner', async () => {
    const { post, asked } = await setup({ mailboxOwner: async () => 'POL-20417' });
    await post(reportNotification());
    await until('the call', () => asked.some(([method]) => method === 'mailboxOwner'));
    expect((await post(reportNotification({ objectId: 'r-2' }))).json).toEqual({ accepted: 1, ignored: 0 });
    expect(asked.at(-1)).toEqual(['deliverReportNotice', 'POL-20417', { ...NAMED, reportId: 'r-2' }, REQUEST_ID]);
  });

  test('goes to the applicant after the applicant confirmed the humanId of a status notice', async () => {
    const { post, asked } = await setup({ humanIdOf: async () => HUMAN_ID });
    await post(statusNotification());
    await until('the call', () => asked.some(([method]) => method === 'humanIdOf'));
    await post(reportNotification());
    expect(asked.at(-1)).toEqual(['deliverReportNotice', 'POL-20417', NAMED, REQUEST_ID]);
  });

  test.each<[string, string | null]>([
    ['has another humanId', 'f'.repeat(32)],
    ['has no humanId yet', null],
  ])('goes to the mailbox after a status notice of an applicant that %s', async (_says, own) => {
    const { post, asked } = await setup({ humanIdOf: async () => own });
    await post(statusNotification());
    await until('the call', () => asked.some(([method]) => method === 'humanIdOf'));
    await post(reportNotification());
    expect(asked.slice(0, 3).map(([method]) => method)).toEqual(['deliverStatusNotice', 'humanIdOf', 'postToMailbox']);
  });

  test('goes to the mailbox if no owner could be confirmed', async () => {
    const unanswered = async () => {
      throw new Error('no answer');
    };
    const { post, asked } = await setup({ humanIdOf: unanswered, mailboxOwner: unanswered });
    await post([statusNotification(), reportNotification()]);
    await until('the call', () => asked.length >= 4);
    await post(reportNotification());
    await until('the call', () => asked.length >= 6);
    expect(asked.map(([method]) => method)).toEqual(expect.not.arrayContaining(['deliverReportNotice']));
  });

  test('of a known applicant that is closed is ignored', async () => {
    const { post, asked } = await setup({ mailboxOwner: async () => 'POL-20417', deliverReportNotice: closed });
    await post(reportNotification());
    await until('the call', () => asked.some(([method]) => method === 'mailboxOwner'));
    expect((await post(reportNotification())).json).toEqual({ accepted: 0, ignored: 1 });
  });
});

describe('anything else', () => {
  test.each<[string, unknown]>([
    ['an empty object', {}],
    [
      'an unknown kind',
      {
        humanId: HUMAN_ID,
        type: 'blood_pressure',
        objectId: '1',
        endpoint: 'https://api.humanapi.co/v1/human/blood_pressure',
      },
    ],
    [
      'an order of the second generation',
      { topic: 'order', property: 'orderState', value: 'Pended', action: 'status', humanId: HUMAN_ID },
    ],
    ['a clientUserId that must not become a workflow id', statusNotification({ clientUserId: '../POL-1' })],
    ['a humanId that must not become a workflow id', reportNotification({ humanId: 'a b' })],
    ['a clientUserId that is not a text', statusNotification({ clientUserId: { $ne: '' } })],
  ])('is answered and not sent: %s', async (_what, notice) => {
    const { post, asked } = await setup();
    const reply = await post(notice);
    expect([reply.status, reply.json]).toEqual([200, { accepted: 0, ignored: 1 }]);
    expect(asked).toEqual([]);
  });

  test('does not affect other notices of an array', async () => {
    const { post, asked } = await setup();
    const notices = ['text', null, 7, {}, statusNotification(), [], reportNotification(), { property: 'status' }];
    expect((await post(notices)).json).toEqual({ accepted: 2, ignored: 6 });
    expect(asked.slice(0, 2).map(([method]) => method)).toEqual(['deliverStatusNotice', 'postToMailbox']);
  });

  test('does not reach the log with its values', async () => {
    const { post, logged } = await setup();
    await post([
      { firstName: 'Max Muster' },
      statusNotification({ clientUserId: 'max@example.org' }),
      statusNotification({ value: 'Max Muster', note: 'Max Muster' }),
      reportNotification({ type: 'Max Muster', inviteLink: 'https://x/Muster' }),
    ]);
    expect(logged()).toContain('POL-20417');
    expect(logged()).not.toMatch(/Muster|max@/);
  });
});

describe('a notice that Temporal does not take', () => {
  const failing = (kind: 'unavailable' | 'refused') => async () => {
    throw new NoticeUndelivered(kind, 'signal', Object.assign(new Error('x'), { code: 14 }));
  };

  test.each(['unavailable', 'refused'] as const)('is not acknowledged: %s', async (kind) => {
    const { post, logged, metrics } = await setup({ deliverStatusNotice: failing(kind) });
    const reply = await post(statusNotification());
    expect(reply.status).toBe(503);
    expect(reply.json).toEqual({ error: expect.stringContaining('send the same body again') });
    expect(logged()).toMatch(new RegExp(`"level":"warn".*"kind":"${kind}".*"code":14.*notices not acknowledged`));
    expect(await metrics()).toMatch(/chartway_webhook_notices_total\{.*kind="status".*result="undelivered".*\} 1/);
  });

  test('makes the answer 503, although the others are delivered', async () => {
    const { post, asked } = await setup({ deliverStatusNotice: failing('unavailable') });
    expect((await post([statusNotification(), {}, reportNotification()])).status).toBe(503);
    expect(asked.map(([method]) => method)).toContain('postToMailbox');
  });
});

test('confirmations start after the answer', async () => {
  const { promise: last, resolve: answer } = deferred<'taken'>();
  const { post, asked } = await setup({
    deliverStatusNotice: (clientUserId) => (clientUserId === 'POL-last' ? last : Promise.resolve('taken')),
  });
  const reply = post([statusNotification(), reportNotification(), statusNotification({ clientUserId: 'POL-last' })]);
  await until('the call', () => asked.length === 3);
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  expect(asked.map(([method]) => method)).toEqual(['deliverStatusNotice', 'postToMailbox', 'deliverStatusNotice']);
  answer('taken');
  expect((await reply).json).toEqual({ accepted: 3, ignored: 0 });
  await until(
    'both confirmations',
    () => asked.some(([method]) => method === 'humanIdOf') && asked.some(([method]) => method === 'mailboxOwner'),
  );
});

test('the metrics have kinds and results, never an id', async () => {
  const { post, metrics } = await setup();
  await post([statusNotification(), reportNotification(), {}]);
  const text = await metrics();
  expect(text).toMatch(
    /chartway_webhook_notices_total\{kind="status",to="applicant",result="accepted",process="webhook"\} 1/,
  );
  expect(text).toMatch(
    /chartway_webhook_notices_total\{kind="report",to="mailbox",result="accepted",process="webhook"\} 1/,
  );
  expect(text).toMatch(
    /chartway_webhook_notices_total\{kind="other",to="nowhere",result="ignored",process="webhook"\} 1/,
  );
  expect(text).toMatch(/chartway_webhook_answer_seconds_count\{process="webhook",status="200"\} 1/);
  expect(text).not.toMatch(/POL-20417|0123456789abcdef/);
});
