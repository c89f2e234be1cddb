import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { WrongFolder } from '../../src/report-store/errors';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import { entry } from '../report-store/fixtures';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { FakeUpstream, provider, type Turn } from '../support/fake-upstream';
import { BY_NOTICES, timeSkipping } from '../support/time-skipping';

const { followOn, nowMs } = timeSkipping();

const ALL_SYNCED: readonly Turn[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const ID = 'POL-earlier';

test('an outcome in the manifest ends the run with that outcome, and upstream hears nothing', async () => {
  const store = new FakeStore();
  store.keep(ID, { outcome: 'expired', reason: 'invitation-expired', closedAt: '2026-01-01T00:00:00.000Z' });
  const applicant = await followOn(new FakeUpstream(ALL_SYNCED), { store, clientUserId: ID });
  expect(await applicant.end(MINUTE_MS)).toMatchObject({
    status: 'COMPLETED',
    result: { outcome: 'expired', reason: 'invitation-expired', documents: 0 },
  });
  expect(applicant.routes()).toEqual([]);
  expect(store.written).toEqual([]);
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes).toMatchObject({ ApplicantOutcome: ['expired'], ApplicantStage: ['closed'] });
});

test('asked for again, the applicant gets a new round, and what was stored is not fetched anew', async () => {
  const store = new FakeStore();
  const first = await followOn(new FakeUpstream(ALL_SYNCED), { store, clientUserId: ID, policy: BY_NOTICES });
  await first.tell(ALL_SYNCED);
  await first.end(MINUTE_MS);
  const { documents } = first.manifest;
  await first.stop();

  const humanApi = new FakeUpstream([
    { afterMs: 0, status: 'All Synced', reports: [...provider('A'), ...provider('B')] },
  ]);
  humanApi.enrol(ID, `${ID}@example.org`, await nowMs());
  const again = await followOn(humanApi, { store, clientUserId: ID, policy: BY_NOTICES, input: { again: true } });
  expect((await again.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
  expect(documents).toHaveLength(3);
  expect(humanApi.calls.filter(({ of }) => /-A\./.test(of))).toEqual([]);
  // The new round opens the manifest before it closes it again.
  const outcomes = store.written.map(({ outcome }) => outcome);
  expect(outcomes.slice(outcomes.indexOf('collected'))).toContain(null);
  expect(again.manifest).toMatchObject({ outcome: 'collected', round: 2 });
  expect(again.manifest.documents).toHaveLength(6);
});

test('a manifest that is still open is taken up where it was left', async () => {
  const store = new FakeStore();
  store.keep(ID, { outcome: null });
  const applicant = await followOn(new FakeUpstream(ALL_SYNCED), { store, clientUserId: ID, policy: BY_NOTICES });
  await applicant.tell(ALL_SYNCED);
  expect((await applicant.end(MINUTE_MS)).result?.outcome).toBe('collected');
});

describe('a manifest of other details', () => {
  const detailsDigest = createKeyedDigest(DIGEST_KEYS, 'digest of others');

  test.each([null, 'collected'] as const)('with the outcome %p is a conflict, and stays as it is', async (outcome) => {
    const store = new FakeStore();
    store.keep(ID, { outcome, detailsDigest });
    const applicant = await followOn(new FakeUpstream(ALL_SYNCED), { store, clientUserId: ID });
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'failed', reason: 'conflict', documents: 0 });
    expect(applicant.routes()).toEqual([]);
    expect(store.written).toEqual([]);
  });

  test('leaves its documents superseded in a new round with corrected details, which counts and stores its own', async () => {
    const store = new FakeStore();
    const [document] = provider('A').map(({ id, type, updatedAt }) => entry({ reportId: id, type, updatedAt }));
    const earlier = { outcome: 'collected', detailsDigest, closedAt: '2026-01-01T00:00:00.000Z' } as const;
    store.keep(ID, { ...earlier, revision: 3, documents: document ? [document] : [] });
    const humanApi = new FakeUpstream(ALL_SYNCED);
    const options = { store, clientUserId: ID, policy: BY_NOTICES, input: { again: true } };
    const again = await followOn(humanApi, options);
    await again.tell(ALL_SYNCED);
    expect((await again.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(again.manifest).toMatchObject({ round: 2, detailsRound: 2 });
    const told = again.manifest.documents.map(({ round, superseded }) => `${round} ${superseded}`);
    expect(told.sort()).toEqual(['1 true', '2 false', '2 false', '2 false']);
  });

  test('is no hindrance to a new round, which may have corrected details', async () => {
    const store = new FakeStore();
    store.keep(ID, { outcome: 'declined', detailsDigest });
    const applicant = await followOn(new FakeUpstream([]), { store, clientUserId: ID, input: { again: true } });
    await applicant.invited();
    expect(applicant.humanApi.count('invite')).toBe(1);
  });
});

test("a folder that is another applicant's is a conflict, and neither written to nor told upstream", async () => {
  const store = new FakeStore();
  store.readManifest = async () => {
    throw new WrongFolder('the manifest names another clientUserId');
  };
  const applicant = await followOn(new FakeUpstream(ALL_SYNCED), { store, clientUserId: ID });
  expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'failed', reason: 'conflict', documents: 0 });
  expect(applicant.routes()).toEqual([]);
  expect(store.written).toEqual([]);
});

test('a store that cannot be read keeps everything waiting, and nobody is invited twice for it', async () => {
  const store = new FakeStore();
  const read = store.readManifest;
  let reads = 0;
  store.readManifest = async (clientUserId) => {
    reads += 1;
    if (reads < 5) throw Object.assign(new Error('/a/path'), { code: 'EIO' });
    return read(clientUserId);
  };
  const applicant = await followOn(new FakeUpstream([]), { store, clientUserId: ID, policy: BY_NOTICES });
  await applicant.invited();
  expect(applicant.routes()).toEqual(['findPeople', 'invite']);
});
