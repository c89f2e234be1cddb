import { DAY_MS, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { BadDocument, NotFound, RateLimited, Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
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
  return upstream.calls.filter(({ target: of }) => of === document).length;
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
    expect(applicant.manifest).toMatchObject({ outcome: 'collected', closedAt: expect.any(String) });
    expect(applicant.manifest.documents.filter(({ updatedAt }) => updatedAt === NEWER)).toHaveLength(isNewer ? 2 : 0);
    if (!isNewer) expect(applicant.upstream.count('listReports')).toBeLessThanOrEqual(listed + 2);
  });
});

describe('the settle window of All Synced', () => {
  test.each([
    ['with a notice', true],
    ['without a notice', false],
  ])('restarts for a new report %s', async (_how, isNotified) => {
    const late = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: provider('B') };
    const applicant = await follow([...ALL_SYNCED, late], { policy: BY_NOTICES });
    await applicant.sendNotices(isNotified ? [...ALL_SYNCED, late] : ALL_SYNCED);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ ...COLLECTED, documents: 6 });
    expect(afterMs).toBeGreaterThanOrEqual(late.afterMs + 10 * MINUTE_MS);
    expect(afterMs).toBeLessThan(HOUR_MS + 21 * MINUTE_MS);
  });

  test('does not restart for a newer version, which is stored', async () => {
    const newer = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] };
    const applicant = await followByNotices([...ALL_SYNCED, newer]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual(COLLECTED);
    expect(afterMs).toBeLessThan(HOUR_MS + 11 * MINUTE_MS);
    const versions = applicant.manifest.documents.map(({ updatedAt, superseded }) => [updatedAt, superseded]);
    expect(versions).toContainEqual([NEWER, false]);
    expect(applicant.upstream.count('openReport')).toBe(3 + 2);
  });

  test('restarts for a day at most', async () => {
    const policy: Policy = {
      ...BY_NOTICES,
      settleMs: { ...BY_NOTICES.settleMs, allSynced: HOUR_MS },
      wanted: { unity: ['json'] },
    };
    const drip = Array.from({ length: 48 }, (_, index) => ({
      afterMs: HOUR_MS + (index + 1) * 50 * MINUTE_MS,
      reports: [row(`u-${index}`, 'unity', `P${index}`)],
    }));
    const applicant = await follow([...ALL_SYNCED, ...drip], { policy });
    await applicant.sendNotices(ALL_SYNCED);
    const { result, afterMs } = await applicant.waitForEnd();
    expect(result?.outcome).toBe('collected');
    expect(afterMs).toBeGreaterThan(HOUR_MS + DAY_MS - MINUTE_MS);
    expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + 65 * MINUTE_MS);
  });

  test('starts again after the person connects another provider', async () => {
    const back = { afterMs: HOUR_MS + 5 * MINUTE_MS, status: 'Syncing' };
    const again = { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('B') };
    const applicant = await followByNotices([...ALL_SYNCED, back, again]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ ...COLLECTED, documents: 6 });
    expect(afterMs).toBeGreaterThanOrEqual(2 * HOUR_MS + 10 * MINUTE_MS);
  });
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

  test('that is broken is requested five times in each of two rounds and recorded as failed', async () => {
    const applicant = await followByNotices(ALL_SYNCED, (upstream) => {
      upstream.faults.push({ route: 'openReport', target: 'u-A.json', error: new BadDocument(facts(200), 'scripted') });
    });
    const { result } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'partial', reason: 'failed-documents', documents: 2 });
    expect(missingIn(applicant)).toEqual(['unity A json failed']);
    expect(storedIn(applicant)).toEqual(['c-A.pdf', 'u-A.pdf']);
    expect(countCallsFor(applicant, 'u-A.json')).toBe(2 * 5);
  });

  test('that returns 404 is listed again; it is missing if the list no longer has it, and failed if it does', async () => {
    const notFound = { route: 'openReport', of: 'c-A.pdf', error: new NotFound(facts(404)) } as const;
    const removed = await followByNotices(ALL_SYNCED, (upstream) => {
      const list = upstream.listReports;
      upstream.faults.push(notFound);
      upstream.listReports = async (clientUserId) => {
        const rows = await list(clientUserId);
        return upstream.count('openReport') === 0 ? rows : rows.filter(({ id }) => id !== 'c-A');
      };
    });
    expect((await removed.waitForEnd(MINUTE_MS)).result).toEqual({ ...COLLECTED, documents: 2 });
    expect(missingIn(removed)).toEqual(['ccdraw A pdf not-listed']);
    expect(countCallsFor(removed, 'c-A.pdf')).toBe(1);
    const listed = await followByNotices(ALL_SYNCED, (upstream) => void upstream.faults.push(notFound));
    expect((await listed.waitForEnd(MINUTE_MS)).result).toMatchObject({ reason: 'failed-documents' });
    expect(countCallsFor(listed, 'c-A.pdf')).toBeLessThanOrEqual(3);
  });

  test('that is unavailable for an hour is stored after it, and delays no other', async () => {
    const applicant = await followByNotices(ALL_SYNCED, (upstream) => {
      const when = (atMs: number) => atMs < (upstream.people[0]?.invitedAtMs ?? 0) + 2 * HOUR_MS;
      upstream.faults.push({
        route: 'openReport',
        target: 'u-A.json',
        error: new Unavailable(facts(503), 'scripted'),
        when,
      });
    });
    await applicant.skip(MINUTE_MS);
    expect(applicant.upstream.count('openReport')).toBeGreaterThanOrEqual(3);
    expect((await applicant.waitForEnd()).result).toEqual(COLLECTED);
    expect(storedIn(applicant)).toEqual(['c-A.pdf', 'u-A.json', 'u-A.pdf']);
    expect(countCallsFor(applicant, 'u-A.pdf')).toBe(1);
  });

  test.each([
    ['unavailable', new Unavailable(facts(503), 'scripted')],
    ['rate limited', new RateLimited(facts(503), 10 * MINUTE_MS)],
  ])('that stays %s fails after a day, and the others are kept', async (_how, error) => {
    const applicant = await followByNotices(ALL_SYNCED, (upstream) => {
      upstream.faults.push({ route: 'openReport', target: 'u-A.json', error });
    });
    const { result, afterMs } = await applicant.waitForEnd();
    expect(result).toEqual({ outcome: 'partial', reason: 'failed-documents', documents: 2 });
    expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + 3 * HOUR_MS);
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
    const written = applicant.store.written.map(({ outcome, documents, round, revision }) => [
      ...[outcome, documents.length, round, revision],
    ]);
    expect(written).toEqual([
      [null, 3, 1, 1],
      [null, 6, 1, 2],
      ['collected', 6, 1, 3],
    ]);
    expect(applicant.manifest).toMatchObject({ openedAt: expect.any(String), wanted: BY_NOTICES.wanted, missing: [] });
  });

  test('that a restored Temporal does not know is closed all the same', async () => {
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
