import { join } from 'node:path';
import { readCommandLine } from '../../../src/cli/operator/command-line';
import { runOperator } from '../../../src/cli/operator/run';
import { createFolderStore } from '../../../src/report-store/folder-store';
import { operatorOf } from './fixture';

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
