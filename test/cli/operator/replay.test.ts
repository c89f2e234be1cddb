import { openQuarantineView } from '../../../src/cli/operator/quarantine-view';
import { replay } from '../../../src/cli/operator/replay';
import type { Notice } from '../../../src/domain/notices';
import { NoticeUndelivered, type Receiver } from '../../../src/temporal/notices';
import { noticeRequestId } from '../../../src/upstream/notices';
import { operatorOf, REPORT, STATUS, testSeal } from './fixture';

async function setup(seal = testSeal('ours')) {
  const given = await operatorOf({ seal });
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
  return { ...given, setAside: openQuarantineView(given.operator), sender, sendingStatus, sent };
}

const sentAs = (to: string, notice: Notice) => `${to} ${noticeRequestId(notice)}`;

test('a record of the spool is sent as the webhook would have, under the same request ids, and goes', async () => {
  const { setAside, sender, sent, spooled } = await setup();
  const id = await spooled('signature', [STATUS, REPORT]);
  expect(await replay(setAside, id, sender)).toEqual({
    result: 'replayed',
    taken: 2,
    by: { applicant: 1, mailbox: 1 },
  });
  expect(sent).toEqual([sentAs('POL-1', STATUS), sentAs('h-2', REPORT)]);
  expect(await setAside.list()).toEqual([]);
  expect(await replay(setAside, id, sender)).toEqual({ result: 'gone', taken: 0, by: {} });
});

test('the notices of a mailbox are posted to a new one, and the record goes', async () => {
  const { setAside, sender, sent, shelved } = await setup();
  const id = await shelved([REPORT]);
  expect(await replay(setAside, id, sender)).toEqual({ result: 'replayed', taken: 1, by: { mailbox: 1 } });
  expect(sent).toEqual([sentAs('h-2', REPORT)]);
  expect(await setAside.list()).toEqual([]);
});

test.each([
  ['applicant', { result: 'replayed', taken: 1, by: { applicant: 1 } }, 0],
  ['refresh', { result: 'replayed', taken: 1, by: { refresh: 1 } }, 0],
  ['nowhere', { result: 'nowhere', taken: 0, by: {} }, 1],
] as const)(
  'a report notice goes straight to whose it is, and what comes of it is told: %s',
  async (fate, told, left) => {
    const { setAside, sender, sent, shelved } = await setup();
    const id = await shelved([REPORT]);
    const knowing = { ...sender, findApplicant: async () => 'POL-2', send: async () => fate };
    expect(await replay(setAside, id, knowing)).toEqual(told);
    expect(sent).toEqual([]);
    expect(await setAside.list()).toHaveLength(left);
  },
);

test('where nobody can be asked whose a report is, the mailbox finds out', async () => {
  const { setAside, sender, sent, shelved } = await setup();
  const id = await shelved([REPORT]);
  const blind = { ...sender, findApplicant: () => Promise.reject(new Error('no search')) };
  expect(await replay(setAside, id, blind)).toMatchObject({ by: { mailbox: 1 } });
  expect(sent).toEqual([sentAs('h-2', REPORT)]);
});

test('a record that Temporal does not take is kept, and taken again later', async () => {
  const { setAside, sender, sendingStatus, spooled } = await setup();
  const id = await spooled('refused', [STATUS]);
  const unavailable = new NoticeUndelivered('unavailable', 'signal', new Error('away'));
  const away = sendingStatus(() => Promise.reject(unavailable));
  await expect(replay(setAside, id, away)).rejects.toBe(unavailable);
  const refused = sendingStatus(() => Promise.reject(new NoticeUndelivered('refused', 'signal', 0)));
  expect(await replay(setAside, id, refused)).toEqual({ result: 'refused', taken: 0, by: {} });
  const closed = sendingStatus(async () => 'nowhere');
  expect(await replay(setAside, id, closed)).toEqual({ result: 'nowhere', taken: 0, by: {} });
  expect(await replay(setAside, id, sender)).toEqual({ result: 'replayed', taken: 1, by: { applicant: 1 } });
});

test('one notice of several that is not taken keeps the record, and the others are sent all the same', async () => {
  const { setAside, sendingStatus, sent, spooled } = await setup();
  const id = await spooled('signature', [STATUS, REPORT]);
  const closed = sendingStatus(async () => 'nowhere');
  expect(await replay(setAside, id, closed)).toEqual({ result: 'nowhere', taken: 1, by: { mailbox: 1 } });
  expect(sent).toEqual([sentAs('h-2', REPORT)]);
  expect(await setAside.list()).toHaveLength(1);
});

test('two operators at once send a record under the same request ids, and both are told that it went', async () => {
  const { setAside, sender, sent, spooled } = await setup();
  const id = await spooled('refused', [STATUS]);
  const both = await Promise.all([replay(setAside, id, sender), replay(setAside, id, sender)]);
  expect(both).toEqual([
    { result: 'replayed', taken: 1, by: { applicant: 1 } },
    { result: 'replayed', taken: 1, by: { applicant: 1 } },
  ]);
  expect(new Set(sent).size).toBe(1);
});

test('what is no notice any more is kept and sent nowhere', async () => {
  const { setAside, sender, sent, spooled } = await setup();
  const id = await spooled('damaged', 'torn bytes');
  expect(await replay(setAside, id, sender)).toEqual({ result: 'unreadable', taken: 0, by: {} });
  expect(sent).toEqual([]);
  expect(await setAside.list()).toHaveLength(1);
});

test('what is sealed with another key is kept for the day when the key is back', async () => {
  const { operator, sender, spooled, shelved } = await setup();
  const ids = [await spooled('refused', [STATUS]), await shelved([REPORT])];
  const keyless = openQuarantineView({ ...operator, seal: null });
  for (const id of ids) expect(await replay(keyless, id, sender)).toEqual({ result: 'locked', taken: 0, by: {} });
  const other = openQuarantineView({ ...operator, seal: testSeal('another') });
  for (const id of ids) expect(await replay(other, id, sender)).toEqual({ result: 'unreadable', taken: 0, by: {} });
  for (const id of ids)
    expect(await replay(openQuarantineView(operator), id, sender)).toMatchObject({ result: 'replayed' });
});
