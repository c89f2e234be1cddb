import { readCommandLine } from '../../../src/cli/operator/command-line';
import type { Operator } from '../../../src/cli/operator/operator';
import { runOperator } from '../../../src/cli/operator/run';
import type { Notice } from '../../../src/domain/notices';
import { TemporalUnreachable } from '../../../src/temporal/connection';
import type { NoticeSender } from '../../../src/temporal/notices';
import { operatorOf, REPORT, STATUS } from './fixture';

async function setup(given: Partial<Operator> = {}) {
  const fixture = await operatorOf(given);
  const run = (...argv: string[]) => {
    const { act, json } = readCommandLine(['quarantine', ...argv]);
    fixture.out.length = 0;
    return runOperator(act, { ...fixture.operator, json });
  };
  return { ...fixture, run, printed: () => fixture.out.map((line) => JSON.parse(line)) };
}

test('the list shows both places, with why, since when and whose, and nothing of what the notices say', async () => {
  const { run, out, printed, said, spooled, shelved } = await setup();
  const [mailbox, refused] = [await shelved([REPORT]), await spooled('refused', [STATUS])];
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
  expect(said()).toMatch(/2 records in \S+spool and the report store/);
  expect(await run('list', '--why', 'nobody', '--json')).toBe(0);
  expect(printed()).toMatchObject([{ id: mailbox }]);
});

test('one record is shown with its notices, and one that is not there is a failure', async () => {
  const { run, printed, said, spooled } = await setup();
  const id = await spooled('signature', [STATUS, REPORT]);
  const damaged = await spooled('damaged', 'torn bytes of somebody');
  expect(await run('show', id, damaged, '--json')).toBe(0);
  expect(printed()).toMatchObject([
    { id, why: 'signature', notices: [STATUS, REPORT] },
    { id: damaged, notices: null, unreadable: 22 },
  ]);
  expect(await run('show', '../../etc/passwd')).toBe(1);
  expect(said()).toMatch('there is no such record');
  expect(said() + JSON.stringify(printed())).not.toMatch('torn bytes');
});

test('drop takes away what is named and nothing else, and --all all of a reason', async () => {
  const { run, printed, spooled, shelved } = await setup();
  const [first, , mailbox] = [
    await spooled('signature', [STATUS]),
    await spooled('signature', [REPORT]),
    await shelved([REPORT]),
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

test('a replay without Temporal says so, ends with 1 and keeps everything', async () => {
  const settings = { namespace: 'default', connection: { address: '127.0.0.1:1' } };
  const unreachable = new TemporalUnreachable(settings, 30_000, new Error('ECONNREFUSED'));
  const { run, printed, said, spooled } = await setup({ noticeSender: () => Promise.reject(unreachable) });
  await spooled('refused', [STATUS]);
  expect(await run('replay', '--all')).toBe(1);
  expect(said()).toMatch('expected a Temporal server at 127.0.0.1:1');
  await run('list', '--json');
  expect(printed()).toHaveLength(1);
});

test.each([
  ['list', '--why', 'zzz'],
  ['replay', '--all', '--why', 'zzz'],
  ['drop', '--all', '--why', 'zzz'],
])('a reason that there is none of is wrong usage, and told with those that there are: %s', (...argv) => {
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const exit = jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  try {
    expect(() => readCommandLine(['quarantine', ...argv])).toThrow('exit 2');
    expect(stderr.mock.calls.join()).toMatch('refused, signature, damaged, nobody');
  } finally {
    exit.mockRestore();
    stderr.mockRestore();
  }
});

test('a replay says what became of each record', async () => {
  const noticeSender = async () =>
    ({
      findApplicant: async () => null,
      send: async (notice: Notice) => {
        if (notice.kind === 'report') return 'mailbox';
        return notice.clientUserId === 'POL-1' ? 'applicant' : 'nowhere';
      },
    }) as unknown as NoticeSender;
  const { run, said, printed, spooled } = await setup({ noticeSender });
  const both = await spooled('signature', [STATUS, REPORT]);
  const closed = await spooled('signature', [{ ...STATUS, clientUserId: 'POL-2' } as Notice]);
  expect(await run('replay', both, closed)).toBe(1);
  expect(said()).toMatch(
    `${both}: 1 accepted by its open applicant; 1 in a mailbox, which searches for the applicant; if it finds none, the notice returns to the quarantine; removed from the quarantine\n`,
  );
  expect(said()).toMatch(`${closed}: kept: its applicant is closed or unknown`);
  expect(said()).toMatch('1 of 2 replayed');
  await run('replay', closed, '--json');
  expect(printed()).toEqual([{ id: closed, result: 'nowhere', taken: 0, by: {} }]);
});

test('a replay of nothing needs no Temporal', async () => {
  const { run, said } = await setup();
  expect(await run('replay', '--all')).toBe(0);
  expect(said()).toMatch('0 of 0 replayed');
});

test('with the spool off the report store alone is looked at', async () => {
  const { run, said, shelved } = await setup({ spoolFolder: null });
  await shelved([REPORT]);
  expect(await run('list')).toBe(0);
  expect(said()).toMatch('1 record in the report store (WEBHOOK_SPOOL is off)');
});

test('Ctrl-C ends with 130 and keeps what was not sent', async () => {
  const { run, said, spooled } = await setup({ signal: AbortSignal.abort() });
  await spooled('refused', [STATUS]);
  expect(await run('drop', '--all')).toBe(130);
  expect(said()).toMatch('stopped');
});
