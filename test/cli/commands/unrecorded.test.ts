import { AuditUnavailable } from '../../../src/observability/audit';
import { openHolds } from '../../../src/report-store/holds';
import { change } from '../../report-store/fixtures';
import { filesIn } from '../../support/stored';
import { createFixture, STATUS } from './fixture';

/** A call of Temporal would throw in this fixture. */
test.each([
  ['withdraw', 'POL-1'],
  ['erase', 'POL-1', '--yes'],
  ['hold', 'POL-1', '--reason-code', 'c'],
  ['release', 'POL-2'],
  ['quarantine', 'drop', '--all'],
  ['quarantine', 'replay', '--all'],
])('%s %s: an act that cannot be recorded does not happen', async (...argv) => {
  const record = () => Promise.reject(new AuditUnavailable('full'));
  const { run, messages, folder, store, putIntoSpool } = await createFixture({ audit: async () => ({ record }) });
  await store.updateManifest(change());
  await openHolds(store.shelf).put({ clientUserId: 'POL-2', reasonCode: 'c', who: 'cli:tester', at: 'then' });
  await putIntoSpool('refused', [STATUS]);
  const before = await filesIn(folder);
  expect(await run(...argv)).toBe(3);
  expect(messages()).toContain('the audit log cannot be written, so nothing more was done');
  expect(await filesIn(folder)).toEqual(before);
});
