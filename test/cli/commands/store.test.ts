import { join } from 'node:path';
import { readCommandLine, runCommand } from '../../../src/cli/commands/command-line';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { createFixture, STATUS } from './fixture';

async function setup() {
  const about = await createFixture();
  const reportStore = () => createFolderStore(join(about.folder, 'new'));
  const run = (args: readonly string[]) => {
    const { action, json } = readCommandLine(args);
    return runCommand(action, { ...about.context, json, reportStore });
  };
  return { ...about, reportStore, run };
}

test('store init creates the store, prints its id each time, and is recorded', async () => {
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

test('without a store, a command that needs it explains what to do', async () => {
  const { run, messages } = await setup();
  expect(await run(['holds'])).toBe(1);
  expect(messages()).toContain('run `npm run chartway -- store init` once');
});

test('without a store, as on the host of a webhook, quarantine lists the spool and reports that', async () => {
  const { run, out, messages, putIntoSpool } = await setup();
  const id = await putIntoSpool('signature', [STATUS]);
  expect(await run(['quarantine', 'list'])).toBe(0);
  expect(out).toEqual([expect.stringContaining(id)]);
  expect(messages()).toContain('the report store was not read');
});
