import type { Client } from '@temporalio/client';
import { readCommandLine } from '../../../src/cli/operator/command-line';
import type { Operator } from '../../../src/cli/operator/operator';
import { runOperator } from '../../../src/cli/operator/run';
import { AuditUnavailable } from '../../../src/observability/audit';
import { StoreUnavailable } from '../../../src/report-store/errors';
import { openHolds } from '../../../src/report-store/holds';
import { TemporalUnreachable } from '../../../src/temporal/connection';
import { change } from '../../report-store/fixtures';
import { operatorOf } from './fixture';
import { saidOfWrongUsage } from './wrong-usage';

/** Knows no workflow, whatever it is asked; that nothing is started there is part of each test. */
const EMPTY = {
  options: { namespace: 'default' },
  withDeadline: (_: number, call: () => Promise<unknown>) => call(),
} as unknown as Client;

const NOWHERE = { namespace: 'default', connection: { address: '127.0.0.1:7233' } };

/** An operator before one applicant, POL-1, of whom there is a manifest. What the erasing itself does is shown on a real server. */
async function setup(given: Partial<Operator> = {}) {
  const fixture = await operatorOf({ temporal: async () => EMPTY, ...given });
  await fixture.store.updateManifest(change());
  return {
    ...fixture,
    run: (...argv: string[]) => {
      const { act, json } = readCommandLine(['erase', ...argv]);
      return runOperator(act, { ...fixture.operator, json });
    },
    hold: () =>
      openHolds(fixture.store.shelf).put({ clientUserId: 'POL-1', reasonCode: 'c', who: 'cli:tester', at: 'then' }),
    printed: () => fixture.out.map((line) => JSON.parse(line)),
  };
}

test.each([
  ['another answer', 'POL-2'],
  ['yes', 'yes'],
  ['nothing', ''],
])('%s on the terminal erases nothing, and nothing is recorded', async (_, answer) => {
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return answer;
  };
  const { run, said, audited, store } = await setup({ ask });
  expect(await run('POL-1')).toBe(2);
  expect(asked).toEqual([expect.stringContaining('Erase everything of POL-1 for good?')]);
  expect(said()).toContain('nothing was erased');
  expect([audited, await store.applicants()]).toEqual([[], ['POL-1']]);
});

test('without a terminal nobody is asked, and the hold still counts', async () => {
  const { run, hold, said, audited } = await setup();
  await hold();
  expect(await run('POL-1')).toBe(1);
  expect(said()).toContain('POL-1: held, so nothing is erased');
  expect(audited).toHaveLength(2);
});

test('one that is held is left alone whoever agreed, which is a failure and stands in the audit log', async () => {
  const { run, hold, said, audited, store } = await setup({ ask: async () => ' POL-1\n' });
  await hold();
  expect(await run('POL-1')).toBe(1);
  expect(said()).toContain('POL-1: held, so nothing is erased');
  expect(await store.applicants()).toEqual(['POL-1']);
  const line = { who: 'cli:tester', did: 'erase-begin', clientUserId: 'POL-1' };
  expect(audited).toEqual([line, { ...line, detail: 'refused: held' }]);
});

test('--json prints one object, and the rest goes to stderr', async () => {
  const { run, hold, printed } = await setup();
  await hold();
  expect(await run('POL-1', '--yes', '--json')).toBe(1);
  const nothing = { people: 0, runs: 0, files: 0, quarantined: 0, mixed: [], spooled: 0, others: [] };
  expect(printed()).toEqual([{ clientUserId: 'POL-1', result: 'held', ...nothing }]);
});

test('nothing is erased where it cannot be recorded', async () => {
  const audit = async () => ({ record: () => Promise.reject(new AuditUnavailable('full')) });
  const { run, said, store } = await setup({ audit });
  expect(await run('POL-1', '--yes')).toBe(1);
  expect(said()).toContain('the audit log cannot be written, so nothing was done');
  expect([await store.applicants(), await store.shelf.list('')]).toEqual([['POL-1'], []]);
});

test('where no worker is, that is said', async () => {
  const workflowService = { describeTaskQueue: async () => ({ pollers: [] }) };
  const { run, hold, said } = await setup({
    temporal: async () => ({ ...EMPTY, workflowService }) as unknown as Client,
  });
  await hold();
  await run('POL-1', '--yes');
  expect(said()).toContain('no worker takes work from the task queue "test"');
});

test('without Temporal nothing is erased', async () => {
  const temporal = () => Promise.reject(new TemporalUnreachable(NOWHERE, 1, null));
  const { run, store } = await setup({ temporal });
  expect(await run('POL-1', '--yes')).toBe(1);
  expect([await store.applicants(), await store.shelf.list('')]).toEqual([['POL-1'], []]);
});

test.each([
  ['no applicant', [], /missing required argument 'clientUserId'/],
  ['an id that leads elsewhere', ['../POL-1', '--yes'], /expected .*letters/],
  ['two applicants', ['POL-1', 'POL-2', '--yes'], /too many arguments/],
  ['an unknown option', ['POL-1', '--force'], /unknown option/],
])('%s is wrong usage', (_, argv, expected) => {
  expect(saidOfWrongUsage(['erase', ...argv])).toMatch(expected);
});

test('a folder that cannot be removed is status 1, with the reason', async () => {
  const { operator, said } = await setup();
  const act = () => Promise.reject(new StoreUnavailable('ENOTEMPTY', 'rmdir', 'POL-1: the file system refuses'));
  expect(await runOperator(act, operator)).toBe(1);
  expect(said()).toContain('POL-1: the file system refuses');
});
