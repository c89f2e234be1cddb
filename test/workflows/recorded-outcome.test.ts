import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { WrongFolder } from '../../src/report-store/errors';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import { useSimulation } from '../simulation/follow';
import type { FollowOptions } from '../support/applicant-under-test';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { storedDocument } from '../support/stored';

const { followOn, nowMs } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const ID = 'POL-earlier';
const OTHER_DETAILS = createKeyedDigest(DIGEST_KEYS, 'digest of other details');

function follow(store: FakeStore, input: FollowOptions['input'] = {}, upstream = new FakeUpstream(ALL_SYNCED)) {
  return followOn(upstream, { store, clientUserId: ID, policy: BY_NOTICES, input });
}

test('a recorded outcome ends the run with it, and upstream is not called', async () => {
  const store = new FakeStore();
  store.addManifest(ID, { outcome: 'expired', reason: 'invitation-expired', closedAt: '2026-01-01T00:00:00.000Z' });
  const applicant = await follow(store);
  expect(await applicant.waitForEnd(MINUTE_MS)).toMatchObject({
    status: 'COMPLETED',
    result: { outcome: 'expired', reason: 'invitation-expired', documents: 0 },
  });
  expect([applicant.routes(), store.written]).toEqual([[], []]);
  const { searchAttributes } = await applicant.handle.describe();
  expect(searchAttributes).toMatchObject({ ApplicantOutcome: ['expired'], ApplicantStage: ['closed'] });
});

test('a new round opens the manifest again and fetches only what is not stored', async () => {
  const store = new FakeStore();
  const first = await follow(store);
  await first.sendNotices(ALL_SYNCED);
  await first.waitForEnd(MINUTE_MS);
  expect(first.manifest.documents).toHaveLength(3);
  const reports = [...provider('A'), ...provider('B')];
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
  upstream.addPerson(ID, `${ID}@example.org`, await nowMs());
  const again = await follow(store, { again: true }, upstream);
  expect((await again.waitForEnd(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
  expect(upstream.calls.filter(({ target }) => /-A\./.test(target))).toEqual([]);
  const outcomes = store.written.map(({ outcome }) => outcome);
  expect(outcomes.slice(outcomes.indexOf('collected'))).toContain(null);
  expect(again.manifest).toMatchObject({ outcome: 'collected', round: 2, documents: { length: 6 } });
});

test('an open manifest is continued', async () => {
  const store = new FakeStore();
  store.addManifest(ID, { outcome: null });
  const applicant = await follow(store);
  await applicant.sendNotices(ALL_SYNCED);
  expect((await applicant.waitForEnd(MINUTE_MS)).result?.outcome).toBe('collected');
});

test.each([null, 'collected'] as const)(
  'a manifest of other details with the outcome %p is a conflict',
  async (outcome) => {
    const store = new FakeStore();
    store.addManifest(ID, { outcome, detailsDigest: OTHER_DETAILS });
    const applicant = await follow(store);
    const { result } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'failed', reason: 'conflict', documents: 0 });
    expect([applicant.routes(), store.written]).toEqual([[], []]);
  },
);

test('a new round with corrected details supersedes the documents of the other details', async () => {
  const store = new FakeStore();
  const [document] = provider('A').map(({ id, type, updatedAt }) => storedDocument({ reportId: id, type, updatedAt }));
  const earlier = { outcome: 'collected', detailsDigest: OTHER_DETAILS, closedAt: '2026-01-01T00:00:00.000Z' } as const;
  store.addManifest(ID, { ...earlier, revision: 3, documents: document ? [document] : [] });
  const again = await follow(store, { again: true });
  await again.sendNotices(ALL_SYNCED);
  expect((await again.waitForEnd(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(again.manifest).toMatchObject({ round: 2, detailsRound: 2 });
  const rounds = again.manifest.documents.map(({ round, superseded }) => `${round} ${superseded}`);
  expect(rounds.sort()).toEqual(['1 true', '2 false', '2 false', '2 false']);
});

test('the folder of another applicant is a conflict, and nothing is written', async () => {
  const store = new FakeStore();
  store.readManifest = async () => {
    throw new WrongFolder('the manifest names another clientUserId');
  };
  const applicant = await follow(store);
  const { result } = await applicant.waitForEnd(MINUTE_MS);
  expect(result).toEqual({ outcome: 'failed', reason: 'conflict', documents: 0 });
  expect([applicant.routes(), store.written]).toEqual([[], []]);
});

test('a store that cannot be read delays the invitation', async () => {
  const store = new FakeStore();
  const read = store.readManifest;
  let reads = 0;
  store.readManifest = async (clientUserId) => {
    reads += 1;
    if (reads < 5) throw Object.assign(new Error('/a/path'), { code: 'EIO' });
    return read(clientUserId);
  };
  const applicant = await follow(store);
  await applicant.waitForInvitation();
  expect(applicant.routes()).toEqual(['findPeople', 'invite']);
});
