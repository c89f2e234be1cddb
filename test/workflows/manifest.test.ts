import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { FakeStore } from '../support/fake-store';
import { type Change, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { timeSkipping } from '../support/time-skipping';

const { follow } = timeSkipping();

const SYNCED: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') },
  { afterMs: 8 * HOUR_MS, status: 'All Synced', reports: provider('B') },
];

test('a manifest is written after each round of collecting and at the closing', async () => {
  const applicant = await follow(SYNCED, { policy: BY_NOTICES });
  await applicant.sendNotices(SYNCED);
  await applicant.waitForEnd();
  expect(applicant.store.written.map(({ outcome, documents }) => [outcome, documents.length])).toEqual([
    [null, 3],
    [null, 6],
    ['collected', 6],
  ]);
  expect(applicant.manifest).toMatchObject({
    openedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    wanted: BY_NOTICES.wanted,
    missing: [],
  });
});

test('every write has a revision of its own, and the first round is round 1', async () => {
  const applicant = await follow(SYNCED, { policy: BY_NOTICES });
  await applicant.sendNotices(SYNCED);
  await applicant.waitForEnd();
  expect(applicant.store.written.map(({ round, revision }) => [round, revision])).toEqual([
    [1, 1],
    [1, 2],
    [1, 3],
  ]);
});

test('a run that knows less than an open manifest, as after a restore of Temporal, closes it all the same', async () => {
  const store = new FakeStore();
  const applicant = await follow(SYNCED, { policy: BY_NOTICES, store });
  await applicant.sendNotices(SYNCED.slice(0, 1));
  await applicant.skip(MINUTE_MS);
  store.keep(applicant.clientUserId, { ...applicant.manifest, round: 2, revision: 50 });
  await applicant.sendNotices(SYNCED.slice(1));
  expect((await applicant.waitForEnd()).result?.outcome).toBe('collected');
  expect(applicant.manifest).toMatchObject({ outcome: 'collected', documents: { length: 6 } });
  expect(applicant.manifest.revision).toBeGreaterThan(50);
});

test('a store that cannot be written for hours loses no outcome, and costs hardly any history', async () => {
  const store = new FakeStore();
  const write = store.updateManifest;
  let away = true;
  store.updateManifest = async (change) => {
    if (away) throw Object.assign(new Error('/a/path'), { code: 'ENOSPC' });
    return write(change);
  };
  const applicant = await follow(SYNCED, { policy: BY_NOTICES, store });
  await applicant.sendNotices(SYNCED.slice(0, 1));
  await applicant.skip(MINUTE_MS);
  const eventsBefore = await applicant.countEvents();
  await applicant.skip(6 * HOUR_MS);
  expect(await applicant.countEvents()).toBe(eventsBefore);
  expect(store.written).toEqual([]);
  away = false;
  await applicant.sendNotices(SYNCED.slice(1));
  expect((await applicant.waitForEnd()).result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
  expect(applicant.manifest).toMatchObject({ outcome: 'collected' });
});

test("a store's paths stay where they are: no history, no error tells them", async () => {
  const store = new FakeStore();
  store.updateManifest = async () => {
    throw Object.assign(new Error('/a/path/of/somebody'), { code: 'EACCES' });
  };
  const applicant = await follow(SYNCED, { policy: BY_NOTICES, store });
  await applicant.sendNotices(SYNCED.slice(0, 1));
  await applicant.skip(MINUTE_MS);
  const { raw } = await applicant.handle.describe();
  const shown = JSON.stringify([await applicant.handle.fetchHistory(), raw.pendingActivities]);
  expect(shown).toContain('EACCES');
  expect(shown).not.toContain('/a/path');
});
