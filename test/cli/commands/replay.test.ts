import { replay } from '../../../src/cli/commands/replay';
import { NO_ENCRYPTION } from '../../../src/domain/encryption';
import type { Notice } from '../../../src/domain/notices';
import { NoticeUndelivered, type Receiver } from '../../../src/temporal/notices';
import { noticeRequestId } from '../../../src/upstream/notices';
import { openQuarantineView } from '../../../src/use-cases/quarantine-view';
import { createFixture, createTestEncryption, REPORT, STATUS } from './fixture';

async function setup() {
  const fixture = await createFixture({ noticeEncryption: createTestEncryption('own') });
  const sent: string[] = [];
  const sender = {
    findApplicant: async (_humanId: string): Promise<string | null> => null,
    async send(notice: Notice, owner: string | null, requestId: string): Promise<Receiver | 'nowhere'> {
      const to = notice.kind === 'status' ? notice.clientUserId : (owner ?? notice.humanId);
      sent.push(`${to} ${requestId}`);
      return notice.kind === 'status' ? 'applicant' : 'mailbox';
    },
  };
  /** The same sender with another result for status notices. */
  const sendingStatus = (result: () => Promise<Receiver | 'nowhere'>) => ({
    ...sender,
    send: (notice: Notice, ...rest: [string | null, string]) =>
      notice.kind === 'status' ? result() : sender.send(notice, ...rest),
  });
  return { ...fixture, view: openQuarantineView(fixture.context), sender, sendingStatus, sent };
}

const sentAs = (to: string, notice: Notice) => `${to} ${noticeRequestId(notice)}`;

test('sends a record of the spool with the request ids of the webhook, and removes it', async () => {
  const { view, sender, sent, putIntoSpool } = await setup();
  const id = await putIntoSpool('signature', [STATUS, REPORT]);
  expect(await replay(view, id, sender)).toEqual({
    result: 'replayed',
    taken: 2,
    by: { applicant: 1, mailbox: 1 },
  });
  expect(sent).toEqual([sentAs('POL-1', STATUS), sentAs('h-2', REPORT)]);
  expect(await view.list()).toEqual([]);
  expect(await replay(view, id, sender)).toEqual({ result: 'gone', taken: 0, by: {} });
});

test('posts the notices of a mailbox to a new one, and removes the record', async () => {
  const { view, sender, sent, putIntoStore } = await setup();
  const id = await putIntoStore([REPORT]);
  expect(await replay(view, id, sender)).toEqual({ result: 'replayed', taken: 1, by: { mailbox: 1 } });
  expect(sent).toEqual([sentAs('h-2', REPORT)]);
  expect(await view.list()).toEqual([]);
});

test.each([
  ['applicant', { result: 'replayed', taken: 1, by: { applicant: 1 } }, 0],
  ['refresh', { result: 'replayed', taken: 1, by: { refresh: 1 } }, 0],
  ['nowhere', { result: 'nowhere', taken: 0, by: {} }, 1],
] as const)(
  'sends a report notice to its applicant and returns the result: %s',
  async (receiver, result, recordsLeft) => {
    const { view, sender, sent, putIntoStore } = await setup();
    const id = await putIntoStore([REPORT]);
    const knowing = { ...sender, findApplicant: async () => 'POL-2', send: async () => receiver };
    expect(await replay(view, id, knowing)).toEqual(result);
    expect(sent).toEqual([]);
    expect(await view.list()).toHaveLength(recordsLeft);
  },
);

test('if the search for the applicant fails, sends the report to the mailbox', async () => {
  const { view, sender, sent, putIntoStore } = await setup();
  const id = await putIntoStore([REPORT]);
  const blind = { ...sender, findApplicant: () => Promise.reject(new Error('no search')) };
  expect(await replay(view, id, blind)).toMatchObject({ by: { mailbox: 1 } });
  expect(sent).toEqual([sentAs('h-2', REPORT)]);
});

test('keeps a record that Temporal rejects, and sends it again later', async () => {
  const { view, sender, sendingStatus, putIntoSpool } = await setup();
  const id = await putIntoSpool('refused', [STATUS]);
  const unavailable = new NoticeUndelivered('unavailable', 'signal', new Error('away'));
  const away = sendingStatus(() => Promise.reject(unavailable));
  await expect(replay(view, id, away)).rejects.toBe(unavailable);
  const refused = sendingStatus(() => Promise.reject(new NoticeUndelivered('refused', 'signal', 0)));
  expect(await replay(view, id, refused)).toEqual({ result: 'refused', taken: 0, by: {} });
  const closed = sendingStatus(async () => 'nowhere');
  expect(await replay(view, id, closed)).toEqual({ result: 'nowhere', taken: 0, by: {} });
  expect(await replay(view, id, sender)).toEqual({ result: 'replayed', taken: 1, by: { applicant: 1 } });
});

test('keeps a record if one of its notices is not taken, and still sends the others', async () => {
  const { view, sendingStatus, sent, putIntoSpool } = await setup();
  const id = await putIntoSpool('signature', [STATUS, REPORT]);
  const closed = sendingStatus(async () => 'nowhere');
  expect(await replay(view, id, closed)).toEqual({ result: 'nowhere', taken: 1, by: { mailbox: 1 } });
  expect(sent).toEqual([sentAs('h-2', REPORT)]);
  expect(await view.list()).toHaveLength(1);
});

test('two concurrent replays send the same request ids, and both succeed', async () => {
  const { view, sender, sent, putIntoSpool } = await setup();
  const id = await putIntoSpool('refused', [STATUS]);
  const both = await Promise.all([replay(view, id, sender), replay(view, id, sender)]);
  expect(both).toEqual([
    { result: 'replayed', taken: 1, by: { applicant: 1 } },
    { result: 'replayed', taken: 1, by: { applicant: 1 } },
  ]);
  expect(new Set(sent).size).toBe(1);
});

test('keeps a record without readable notices and sends nothing', async () => {
  const { view, sender, sent, putIntoSpool } = await setup();
  const id = await putIntoSpool('damaged', 'torn bytes');
  expect(await replay(view, id, sender)).toEqual({ result: 'unreadable', taken: 0, by: {} });
  expect(sent).toEqual([]);
  expect(await view.list()).toHaveLength(1);
});

test('keeps a record whose key is missing, until the key is back', async () => {
  const { context, sender, putIntoSpool, putIntoStore } = await setup();
  const ids = [await putIntoSpool('refused', [STATUS]), await putIntoStore([REPORT])];
  const keyless = openQuarantineView({ ...context, noticeEncryption: NO_ENCRYPTION });
  for (const id of ids) expect(await replay(keyless, id, sender)).toEqual({ result: 'locked', taken: 0, by: {} });
  const other = openQuarantineView({ ...context, noticeEncryption: createTestEncryption('another') });
  for (const id of ids) expect(await replay(other, id, sender)).toEqual({ result: 'unreadable', taken: 0, by: {} });
  for (const id of ids)
    expect(await replay(openQuarantineView(context), id, sender)).toMatchObject({ result: 'replayed' });
});
