import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { runCommand } from '../../../src/cli/commands/command-line';
import type { CommandContext } from '../../../src/cli/commands/context';
import { NO_ENCRYPTION } from '../../../src/domain/encryption';
import { StoreUnavailable } from '../../../src/report-store/errors';
import { openHolds } from '../../../src/report-store/holds';
import { encodeRecord } from '../../../src/spool/record';
import { TemporalUnreachable } from '../../../src/temporal/connection';
import { serializeNotices } from '../../../src/upstream/notices';
import { eraseEntries, SpoolUnreadable } from '../../../src/use-cases/erase-entries';
import { change } from '../../report-store/fixtures';
import { createFixture, createTestEncryption, REPORT, STATUS } from './fixture';

/** A Temporal without workflows that fails every start. */
const EMPTY = {
  options: { namespace: 'default' },
  withDeadline: (_: number, call: () => Promise<unknown>) => call(),
} as unknown as Client;

const UNREACHABLE = { namespace: 'default', connection: { address: '127.0.0.1:7233' } };

/** One applicant, POL-1, with a manifest. test/temporal/erasure tests the erasure itself on a real server. */
async function setup(overrides: Partial<CommandContext> = {}) {
  const fixture = await createFixture({ temporal: async () => EMPTY, ...overrides });
  await fixture.store.updateManifest(change());
  return {
    ...fixture,
    run: (...argv: string[]) => fixture.run('erase', ...argv),
    hold: () =>
      openHolds(fixture.store.shelf).put({ clientUserId: 'POL-1', reasonCode: 'c', who: 'cli:tester', at: 'then' }),
  };
}

test.each([
  ['another answer', 'POL-2'],
  ['yes', 'yes'],
  ['nothing', ''],
])('with %s on the terminal, erases and records nothing', async (_, answer) => {
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answer;
  };
  const { run, messages, audited, store } = await setup({ ask });
  expect(await run('POL-1')).toBe(2);
  expect(questions).toEqual([expect.stringContaining('Permanently erase all data of POL-1?')]);
  expect(messages()).toContain('nothing was erased');
  expect([audited, await store.applicants()]).toEqual([[], ['POL-1']]);
});

test('without a terminal, asks nothing, and a hold still prevents the erasure', async () => {
  const { run, hold, messages, audited } = await setup();
  await hold();
  expect(await run('POL-1')).toBe(1);
  expect(messages()).toContain('POL-1: held, so nothing was erased');
  expect(audited).toHaveLength(2);
});

test('does not erase an applicant on hold: status 1, recorded', async () => {
  const { run, hold, messages, audited, store } = await setup({ ask: async () => ' POL-1\n' });
  await hold();
  expect(await run('POL-1')).toBe(1);
  expect(messages()).toContain('POL-1: held, so nothing was erased');
  expect(await store.applicants()).toEqual(['POL-1']);
  const line = { who: 'cli:tester', did: 'erase-begin', clientUserId: 'POL-1' };
  expect(audited).toEqual([line, { ...line, detail: 'refused: held' }]);
});

test('--json prints one object, and the rest goes to stderr', async () => {
  const { run, hold, printed } = await setup();
  await hold();
  expect(await run('POL-1', '--yes', '--json')).toBe(1);
  const nothing = { people: 0, runs: 0, files: 0, quarantined: 0, mixed: [], spooled: 0, unread: 0, others: [] };
  expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'held', ...nothing }]);
});

test('warns if no worker polls', async () => {
  const workflowService = { describeTaskQueue: async () => ({ pollers: [] }) };
  const { run, hold, messages } = await setup({
    temporal: async () => ({ ...EMPTY, workflowService }) as unknown as Client,
  });
  await hold();
  await run('POL-1', '--yes');
  expect(messages()).toContain('no worker polls the task queue "test"');
});

test('erases nothing without Temporal', async () => {
  const temporal = () => Promise.reject(new TemporalUnreachable(UNREACHABLE, 1, null));
  const { run, store } = await setup({ temporal });
  expect(await run('POL-1', '--yes')).toBe(3);
  expect([await store.applicants(), await store.shelf.list('')]).toEqual([['POL-1'], []]);
});

describe('the entries of a person', () => {
  test.each([
    ['its key', createTestEncryption('k'), { spooled: 1, unread: 0 }],
    ['no key', NO_ENCRYPTION, { spooled: 0, unread: 2 }],
  ])('in an encrypted spool, with %s', async (_, noticeEncryption, counts) => {
    const { context, folder } = await createFixture({ noticeEncryption });
    const partition = join(folder, 'spool', 'part-01234567');
    await mkdir(partition, { recursive: true });
    const records = [STATUS, REPORT].map((notice) => ({ atMs: 1, text: serializeNotices([notice]) }));
    const lines = records.map((record) => encodeRecord(record, createTestEncryption('k')));
    await writeFile(join(partition, '1790000000000-01234567-000001.log'), Buffer.concat(lines));
    expect(await eraseEntries(context, 'POL-1', [])).toEqual({ dropped: 0, mixed: [], ...counts });
  });

  test('in a spool that cannot be read are an error, and not none', async () => {
    const { context, folder } = await createFixture();
    await symlink('spool', join(folder, 'spool'));
    await expect(eraseEntries(context, 'POL-1', [])).rejects.toThrow(SpoolUnreadable);
  });
});

test('a folder that cannot be removed: status 3, with the reason', async () => {
  const { context, messages } = await setup();
  const action = () => Promise.reject(new StoreUnavailable('ENOTEMPTY', 'rmdir', 'POL-1: the file system refuses'));
  expect(await runCommand(action, context)).toBe(3);
  expect(messages()).toContain('POL-1: the file system refuses');
});
