import { DAY_MS, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import { type Change, FakeUpstream, provider, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow, followOn, told } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const NEWER = '2026-02-01T00:00:00.000Z';

describe('a report notice', () => {
  test.each(['Invited', 'Engaged', 'Syncing', 'Attn Required', 'Pondering'])(
    'leads to the report while the status is %s',
    async (status) => {
      const script = [{ afterMs: HOUR_MS, status, reports: provider('A') }];
      const applicant = await told(script);
      await applicant.skip(5 * SECOND_MS);
      expect((await applicant.state()).collection.documents).toHaveLength(3);
      expect(applicant.manifest).toMatchObject({ outcome: null, closedAt: null });
      expect(applicant.manifest.documents).toHaveLength(3);
    },
  );

  test('shares one list with those that come within two seconds', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Syncing', reports: [...provider('A'), ...provider('B')] }];
    const applicant = await told(script);
    await applicant.skip(MINUTE_MS);
    expect(applicant.humanApi.count('listReports')).toBe(1);
    expect(applicant.humanApi.count('openReport')).toBe(6);
  });

  test('that comes while a list is in flight causes one more at most', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }];
    const humanApi = new FakeUpstream([...script, { afterMs: HOUR_MS + MINUTE_MS, reports: provider('B') }]);
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.skipTo(HOUR_MS + MINUTE_MS);
    const release = humanApi.hold('listReports');
    await applicant.sendReportNotice('u-A');
    const passing = applicant.skip(5 * SECOND_MS);
    while (humanApi.count('listReports') === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const { id } of provider('B')) await applicant.sendReportNotice(id);
    release();
    await passing;
    await applicant.skip(MINUTE_MS);
    expect(humanApi.count('listReports')).toBeLessThanOrEqual(2);
    expect((await applicant.state()).collection.documents).toHaveLength(6);
  });

  test('of a version that is known already asks nothing', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }];
    const applicant = await told(script);
    await applicant.skip(MINUTE_MS);
    await applicant.sendReportNotice('u-A');
    await applicant.skip(MINUTE_MS);
    expect(applicant.humanApi.count('listReports')).toBe(1);
  });
});

describe('the settle window of All Synced', () => {
  test('restarts for a report that was not known', async () => {
    const late = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: provider('B') };
    const applicant = await told([...ALL_SYNCED, late]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
    expect(afterMs).toBeGreaterThanOrEqual(late.afterMs + 10 * MINUTE_MS);
  });

  test('restarts for a report that no notice told of', async () => {
    const late = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: provider('B') };
    const applicant = await follow([...ALL_SYNCED, late], { policy: BY_NOTICES });
    await applicant.sendNotices(ALL_SYNCED);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result?.documents).toBe(6);
    expect(afterMs).toBeLessThan(HOUR_MS + 21 * MINUTE_MS);
  });

  test('is not restarted by a newer version, which is stored', async () => {
    const newer = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] };
    const applicant = await told([...ALL_SYNCED, newer]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(afterMs).toBeLessThan(HOUR_MS + 11 * MINUTE_MS);
    const unity = applicant.manifest.documents.filter(({ type }) => type === 'unity');
    expect(unity.map(({ updatedAt, superseded }) => [updatedAt, superseded])).toContainEqual([NEWER, false]);
    expect(applicant.humanApi.count('openReport')).toBe(3 + 2);
  });

  test('restarts for a day at most', async () => {
    // A long window: each new beginning costs a round, and a day has few of them.
    const policy: Policy = {
      ...BY_NOTICES,
      settleMs: { ...BY_NOTICES.settleMs, allSynced: HOUR_MS },
      wanted: { unity: ['json'] },
    };
    const drip = Array.from({ length: 48 }, (_, at) => ({
      afterMs: HOUR_MS + (at + 1) * 50 * MINUTE_MS,
      reports: [row(`u-${at}`, 'unity', `P${at}`)],
    }));
    const humanApi = new FakeUpstream([...ALL_SYNCED, ...drip]);
    const applicant = await followOn(humanApi, { policy });
    await applicant.sendNotices(ALL_SYNCED);
    const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
    expect(result?.outcome).toBe('collected');
    expect(afterMs).toBeGreaterThan(HOUR_MS + DAY_MS - MINUTE_MS);
    expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + 65 * MINUTE_MS);
  });

  test('starts anew where the person connects another provider meanwhile', async () => {
    const back = { afterMs: HOUR_MS + 5 * MINUTE_MS, status: 'Syncing' };
    const again = { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('B') };
    const applicant = await told([...ALL_SYNCED, back, again]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
    expect(afterMs).toBeGreaterThanOrEqual(2 * HOUR_MS + 10 * MINUTE_MS);
  });
});
