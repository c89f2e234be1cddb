import { join } from 'node:path';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { createFixture, STATUS } from './fixture';

/** Without a report store. */
async function setup() {
  const fixture = await createFixture();
  const reportStore = () => createFolderStore(join(fixture.folder, 'new'));
  Object.assign(fixture.context, { reportStore });
  return { ...fixture, reportStore };
}

test('store init creates the store, prints its id each time, and is recorded', async () => {
  const { reportStore, run, out, printed, audited } = await setup();
  expect(await run('store', 'init')).toBe(0);
  const identity = await reportStore().identity();
  expect(out).toEqual([identity.id]);
  expect(await run('store', 'init', '--json')).toBe(0);
  expect(printed()).toEqual([identity]);
  expect(audited).toEqual([
    { who: 'cli:tester', did: 'store-init' },
    { who: 'cli:tester', did: 'store-init' },
  ]);
});

test('without a store, a command that needs it explains what to do', async () => {
  const { run, messages } = await setup();
  expect(await run('holds')).toBe(3);
  expect(messages()).toContain('run `npm run chartway -- store init` once');
});

test('without a store, as on the host of a webhook, quarantine lists the spool and reports that', async () => {
  const { run, out, messages, putIntoSpool } = await setup();
  const id = await putIntoSpool('signature', [STATUS]);
  expect(await run('quarantine', 'list')).toBe(0);
  expect(out).toEqual([expect.stringContaining(id)]);
  expect(messages()).toContain('the report store was not read');
});
