import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { BadDocument } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, DOWN, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, followByNotices } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const NEWER = '2026-02-01T00:00:00.000Z';
const COLLECTED = { outcome: 'collected', reason: null, documents: 3 };

function storedIn({ manifest }: ApplicantUnderTest): string[] {
  return manifest.documents.map(({ reportId, format }) => `${reportId}.${format}`).sort();
}

function missingIn({ manifest }: ApplicantUnderTest): string[] {
  return manifest.missing
    .map(({ type, organization, format, reason }) => `${type} ${organization?.name} ${format} ${reason}`)
    .sort();
}

function countCallsFor({ upstream }: ApplicantUnderTest, document: string): number {
  return upstream.calls.filter(({ target }) => target === document).length;
}

describe('a report notice', () => {
  const SYNCING = [{ afterMs: HOUR_MS, status: 'Syncing', reports: [...provider('A'), ...provider('B')] }];

  test.each(['Invited', 'Engaged', 'Attn Required', 'Pondering'])(
    'gets the report while the status is %s',
    async (status) => {
      const applicant = await followByNotices([{ afterMs: HOUR_MS, status, reports: provider('A') }]);
      await applicant.skip(5 * SECOND_MS);
      expect((await applicant.state()).collection.documents).toHaveLength(3);
      expect(applicant.manifest).toMatchObject({ outcome: null, closedAt: null, documents: { length: 3 } });
    },
  );

  test('shares one list with those within two seconds, and a known version needs none', async () => {
    const applicant = await followByNotices(SYNCING);
    await applicant.skip(MINUTE_MS);
    expect([applicant.upstream.count('listReports'), applicant.upstream.count('openReport')]).toEqual([1, 6]);
    await applicant.sendReportNotice('u-A');
    await applicant.skip(MINUTE_MS);
    expect(applicant.upstream.count('listReports')).toBe(1);
  });

  test('during a list causes at most one more', async () => {
    const upstream = new FakeUpstream(SYNCING);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.skipTo(HOUR_MS + MINUTE_MS);
    const release = upstream.hold('listReports');
    await applicant.sendReportNotice('u-A');
    const skipping = applicant.skip(5 * SECOND_MS);
    await upstream.waitForCall('listReports');
    for (const { id } of provider('B')) await applicant.sendReportNotice(id);
    release();
    await skipping;
    await applicant.skip(MINUTE_MS);
    expect(upstream.count('listReports')).toBeLessThanOrEqual(2);
    expect((await applicant.state()).collection.documents).toHaveLength(6);
  });

  test('during a list gets the report that this list did not have yet', async () => {
    const script = [
      { afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') },
      { afterMs: HOUR_MS + 4 * SECOND_MS, reports: provider('B') },
    ];
    const upstream = new FakeUpstream(script);
    const applicant = await followOn(upstream, { policy: BY_NOTICES });
    await applicant.skipTo(HOUR_MS);
    const release = upstream.hold('listReports');
    await applicant.sendReportNotice('u-A');
    const skipping = applicant.skip(3 * SECOND_MS);
    await upstream.waitForCall('listReports');
    await applicant.sendReportNotice('u-B');
    release();
    await skipping;
    await applicant.skip(MINUTE_MS);
    expect((await applicant.state()).collection.documents).toHaveLength(6);
    expect(upstream.count('listReports')).toBe(2);
  });

  test.each([
    ['with a newer version is collected', true],
    ['without news costs one list', false],
  ])('during the write of the closing manifest %s', async (_what, isNewer) => {
    const script = [...ALL_SYNCED];
    const store = new FakeStore();
    const applicant = await followOn(new FakeUpstream(script), { policy: BY_NOTICES, store });
    await applicant.sendNotices(ALL_SYNCED);
    await applicant.skipTo(HOUR_MS + 9 * MINUTE_MS);
    const listed = applicant.upstream.count('listReports');
    const release = store.hold();
    const skipping = applicant.skip(2 * MINUTE_MS);
    await store.waitForCall();
    if (isNewer) script.push({ afterMs: HOUR_MS + MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] });
    await applicant.sendReportNotice('u-A', NEWER);
    release();
    await skipping;
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual(COLLECTED);
    // Every write of the closing has the time at which the stage shows as closed.
    const { stageSinceMs } = await applicant.state();
    const closedAt = new Date(stageSinceMs).toISOString();
    const closings = store.written.filter(({ outcome }) => outcome !== null);
    expect(closings.map((manifest) => manifest.closedAt)).toEqual(Array(isNewer ? 2 : 1).fill(closedAt));
    expect(applicant.manifest.outcome).toBe('collected');
    expect(applicant.manifest.documents.filter(({ updatedAt }) => updatedAt === NEWER)).toHaveLength(isNewer ? 2 : 0);
    if (!isNewer) expect(applicant.upstream.count('listReports')).toBeLessThanOrEqual(listed + 2);
  });
});

test('the settle window of All Synced starts again after the person connects another provider', async () => {
  const back = { afterMs: HOUR_MS + 5 * MINUTE_MS, status: 'Syncing' };
  const again = { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('B') };
  const applicant = await followByNotices([...ALL_SYNCED, back, again]);
  const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
  expect(result).toEqual({ ...COLLECTED, documents: 6 });
  expect(afterMs).toBeGreaterThanOrEqual(2 * HOUR_MS + 10 * MINUTE_MS);
});

describe('a document', () => {
  test('that a new version repeats byte for byte adds no file', async () => {
    const newer = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] };
    const applicant = await followByNotices([...ALL_SYNCED, newer], (upstream) => {
      for (const format of ['json', 'pdf']) upstream.bytes.set(`u-A.${format}`, `the same ${format}`);
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual(COLLECTED);
    expect(applicant.manifest.documents).toHaveLength(3);
    expect(applicant.manifest.documents.find(({ reportId }) => reportId === 'u-A')?.seenAt).toBe(NEWER);
  });

  test('that is not offered or not listed leaves the collection complete; a missing unity makes it partial', async () => {
    const notOffered = await followByNotices(ALL_SYNCED, (upstream) => {
      upstream.notOffered = ['unity:json'];
    });
    expect((await notOffered.waitForEnd(MINUTE_MS)).result).toEqual({ ...COLLECTED, documents: 2 });
    expect(missingIn(notOffered)).toEqual(['unity A json not-offered']);
    expect(countCallsFor(notOffered, 'u-A.json')).toBe(1);
    const reports = [row('u-A', 'unity', 'A'), row('c-B', 'ccdraw', 'B')];
    const partial = await followByNotices([{ afterMs: HOUR_MS, status: 'All Synced', reports }]);
    expect((await partial.waitForEnd(MINUTE_MS)).result).toMatchObject({ reason: 'missing-documents' });
    expect(missingIn(partial)).toEqual(['ccdraw A pdf not-listed', 'unity B json missing', 'unity B pdf missing']);
  });

  test('that is broken is requested five times in each of two rounds, then failed', async () => {
    const error = new BadDocument(facts(200), 'scripted');
    const applicant = await followByNotices(ALL_SYNCED, (upstream) => {
      upstream.faults.push({ route: 'openReport', target: 'u-A.json', error });
    });
    const { result } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'partial', reason: 'failed-documents', documents: 2 });
    expect(countCallsFor(applicant, 'u-A.json')).toBe(2 * 5);
  });

  test('that is unavailable for an hour is stored after it, and delays no other', async () => {
    const applicant = await followByNotices(ALL_SYNCED, (upstream) => {
      const when = (atMs: number) => atMs < (upstream.people[0]?.invitedAtMs ?? 0) + 2 * HOUR_MS;
      upstream.faults.push({ route: 'openReport', target: 'u-A.json', error: DOWN, when });
    });
    await applicant.skip(MINUTE_MS);
    expect(applicant.upstream.count('openReport')).toBeGreaterThanOrEqual(3);
    expect((await applicant.waitForEnd()).result).toEqual(COLLECTED);
    expect(storedIn(applicant)).toEqual(['c-A.pdf', 'u-A.json', 'u-A.pdf']);
    expect(countCallsFor(applicant, 'u-A.pdf')).toBe(1);
  });
});

describe('the manifest', () => {
  const SYNCED: readonly Change[] = [
    { afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') },
    { afterMs: 8 * HOUR_MS, status: 'All Synced', reports: provider('B') },
  ];

  test('is written after each collection and at the close, each time with the next revision', async () => {
    const applicant = await followByNotices(SYNCED);
    await applicant.waitForEnd();
    expect(applicant.store.written).toMatchObject([
      { outcome: null, documents: { length: 3 }, round: 1, revision: 1 },
      { outcome: null, documents: { length: 6 }, round: 1, revision: 2 },
      { outcome: 'collected', documents: { length: 6 }, round: 1, revision: 3 },
    ]);
    expect(applicant.manifest).toMatchObject({ openedAt: expect.any(String), wanted: BY_NOTICES.wanted, missing: [] });
  });

  test('that a restored Temporal does not know is still closed', async () => {
    const store = new FakeStore();
    const applicant = await follow(SYNCED, { policy: BY_NOTICES, store });
    await applicant.sendNotices(SYNCED.slice(0, 1));
    await applicant.skip(MINUTE_MS);
    store.addManifest(applicant.clientUserId, { ...applicant.manifest, round: 2, revision: 50 });
    await applicant.sendNotices(SYNCED.slice(1));
    await applicant.waitForEnd();
    expect(applicant.manifest).toMatchObject({ outcome: 'collected', documents: { length: 6 } });
    expect(applicant.manifest.revision).toBeGreaterThan(50);
  });

  test('that cannot be written for hours loses no outcome and adds no history event', async () => {
    const store = new FakeStore();
    const write = store.updateManifest;
    let isFull = true;
    store.updateManifest = async (change) => {
      if (isFull) throw Object.assign(new Error('/a/path'), { code: 'ENOSPC' });
      return write(change);
    };
    const applicant = await follow(SYNCED, { policy: BY_NOTICES, store });
    await applicant.sendNotices(SYNCED.slice(0, 1));
    await applicant.skip(MINUTE_MS);
    const eventsBefore = await applicant.countEvents();
    await applicant.skip(6 * HOUR_MS);
    expect([await applicant.countEvents(), store.written]).toEqual([eventsBefore, []]);
    isFull = false;
    await applicant.sendNotices(SYNCED.slice(1));
    expect((await applicant.waitForEnd()).result).toEqual({ ...COLLECTED, documents: 6 });
    expect(applicant.manifest).toMatchObject({ outcome: 'collected' });
  });
});
