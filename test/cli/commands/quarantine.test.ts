import type { CommandContext } from '../../../src/cli/commands/context';
import type { Notice } from '../../../src/domain/notices';
import { TemporalUnreachable } from '../../../src/temporal/connection';
import type { NoticeSender } from '../../../src/temporal/notices';
import { createFixture, REPORT, STATUS } from './fixture';

async function setup(overrides: Partial<CommandContext> = {}) {
  const fixture = await createFixture(overrides);
  return { ...fixture, run: (...argv: string[]) => fixture.run('quarantine', ...argv) };
}

test('lists the records of spool and store with reason, time and ids, without the content of notices', async () => {
  const { run, out, printed, messages, putIntoSpool, putIntoStore } = await setup();
  const [mailbox, refused] = [await putIntoStore([REPORT]), await putIntoSpool('refused', [STATUS])];
  expect(await run('list', '--json')).toBe(0);
  expect(printed()).toEqual([
    {
      id: mailbox,
      why: 'nobody',
      at: '1970-01-01T00:00:01.000Z',
      kind: 'report',
      clientUserId: null,
      humanId: 'h-2',
      detail: '1 notice',
    },
    {
      id: refused,
      why: 'refused',
      at: expect.any(String),
      kind: 'status',
      clientUserId: 'POL-1',
      humanId: 'h-1',
      detail: null,
    },
  ]);
  expect(await run('list')).toBe(0);
  expect(out).toHaveLength(2);
  expect(out[1]).toMatch(/^\S+-refused-\S+ {2}20\S+Z {2}refused {2}status {2}POL-1 {2}h-1$/);
  expect(out.join('')).not.toMatch(/Declined|unity/);
  expect(messages()).toMatch(/2 records in \S+spool and the report store/);
  expect(await run('list', '--why', 'nobody', '--json')).toBe(0);
  expect(printed()).toMatchObject([{ id: mailbox }]);
});

test('shows a record with its notices, and fails for an unknown one', async () => {
  const { run, printed, messages, putIntoSpool } = await setup();
  const id = await putIntoSpool('signature', [STATUS, REPORT]);
  const damaged = await putIntoSpool('damaged', 'torn bytes of a person');
  expect(await run('show', id, damaged, '--json')).toBe(0);
  expect(printed()).toMatchObject([
    { id, why: 'signature', notices: [STATUS, REPORT] },
    { id: damaged, notices: null, unreadable: 22 },
  ]);
  expect(await run('show', '../../etc/passwd')).toBe(1);
  expect(messages()).toMatch('there is no such record');
  expect(messages() + JSON.stringify(printed())).not.toMatch('torn bytes');
});

test('drops only the named records, or with --all every record of a reason', async () => {
  const { run, printed, putIntoSpool, putIntoStore } = await setup();
  const [first, , mailbox] = [
    await putIntoSpool('signature', [STATUS]),
    await putIntoSpool('signature', [REPORT]),
    await putIntoStore([REPORT]),
  ];
  expect(await run('drop', first, '--json')).toBe(0);
  expect(printed()).toEqual([{ id: first, result: 'dropped' }]);
  expect(await run('drop', first)).toBe(1);
  expect(await run('drop', '--all', '--why', 'signature')).toBe(0);
  await run('list', '--json');
  expect(printed()).toMatchObject([{ id: mailbox }]);
  expect(await run('drop', '--all')).toBe(0);
  await run('list', '--json');
  expect(printed()).toEqual([]);
});

test('without Temporal, a replay ends with 3 and keeps every record', async () => {
  const settings = { namespace: 'default', connection: { address: '127.0.0.1:1' } };
  const unreachable = new TemporalUnreachable(settings, 30_000, new Error('ECONNREFUSED'));
  const { run, printed, messages, putIntoSpool } = await setup({ noticeSender: () => Promise.reject(unreachable) });
  await putIntoSpool('refused', [STATUS]);
  expect(await run('replay', '--all')).toBe(3);
  expect(messages()).toMatch('no Temporal server answered at 127.0.0.1:1');
  await run('list', '--json');
  expect(printed()).toHaveLength(1);
});

test('a replay reports the result of each record', async () => {
  const noticeSender = async () =>
    ({
      findApplicant: async () => null,
      send: async (notice: Notice) => {
        if (notice.kind === 'report') return 'mailbox';
        return notice.clientUserId === 'POL-1' ? 'applicant' : 'nowhere';
      },
    }) as unknown as NoticeSender;
  const { run, messages, printed, putIntoSpool } = await setup({ noticeSender });
  const both = await putIntoSpool('signature', [STATUS, REPORT]);
  const closed = await putIntoSpool('signature', [{ ...STATUS, clientUserId: 'POL-2' } as Notice]);
  expect(await run('replay', both, closed)).toBe(1);
  expect(messages()).toMatch(
    `${both}: 1 accepted by its open applicant; 1 in a mailbox, which searches for the applicant; if it finds none, the notice returns to the quarantine; removed from the quarantine\n`,
  );
  expect(messages()).toMatch(`${closed}: kept: its applicant is closed or unknown`);
  expect(messages()).toMatch('1 of 2 replayed');
  await run('replay', closed, '--json');
  expect(printed()).toEqual([{ id: closed, result: 'nowhere', taken: 0, by: {} }]);
});

test('a replay without records needs no Temporal', async () => {
  const { run, messages } = await setup();
  expect(await run('replay', '--all')).toBe(0);
  expect(messages()).toMatch('0 of 0 replayed');
});

test('without a spool, reads only the report store', async () => {
  const { run, messages, putIntoStore } = await setup({ spoolFolder: null });
  await putIntoStore([REPORT]);
  expect(await run('list')).toBe(0);
  expect(messages()).toMatch('1 record in the report store (WEBHOOK_SPOOL is off)');
});

test('Ctrl-C exits with 130 and keeps the other records', async () => {
  const { run, messages, putIntoSpool } = await setup({ signal: AbortSignal.abort() });
  await putIntoSpool('refused', [STATUS]);
  expect(await run('drop', '--all')).toBe(130);
  expect(messages()).toMatch('stopped');
});
