import { join } from 'node:path';
import { readCommandLine } from '../../../src/cli/operator/command-line';
import { runOperator } from '../../../src/cli/operator/run';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { operatorOf, STATUS } from './fixture';

async function setup() {
  const about = await operatorOf();
  const reportStore = () => createFolderStore(join(about.folder, 'new'));
  const run = (args: readonly string[]) => {
    const { act, json } = readCommandLine(args);
    return runOperator(act, { ...about.operator, json, reportStore });
  };
  return { ...about, reportStore, run };
}

test('store init makes the store, prints its id each time, and stands in the audit log', async () => {
  const { reportStore, run, out, audited } = await setup();
  expect(await run(['store', 'init'])).toBe(0);
  expect(await run(['store', 'init', '--json'])).toBe(0);
  const identity = await reportStore().identity();
  expect(out).toEqual([identity.id, JSON.stringify(identity)]);
  expect(audited).toEqual([
    { who: 'cli:tester', did: 'store-init' },
    { who: 'cli:tester', did: 'store-init' },
  ]);
});

test('a command that needs the store ends with what to do where there is none', async () => {
  const { run, said } = await setup();
  expect(await run(['holds'])).toBe(1);
  expect(said()).toContain('run `npm run chartway -- store init` once');
});

test('quarantine lists the spool where there is no report store, as on a webhook’s own host, and says so', async () => {
  const { run, out, said, spooled } = await setup();
  const id = await spooled('signature', [STATUS]);
  expect(await run(['quarantine', 'list'])).toBe(0);
  expect(out).toEqual([expect.stringContaining(id)]);
  expect(said()).toContain('the report store was not read');
});
