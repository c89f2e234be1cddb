import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { followOn } = useSimulation();

const NEWER = '2026-02-01T00:00:00.000Z';

/** An applicant whose closing manifest is being written, and upstream's list, to which the test adds. */
async function closing(status: string) {
  const turns: Change[] = [{ afterMs: HOUR_MS, status, reports: provider('A') }];
  const store = new FakeStore();
  const applicant = await followOn(new FakeUpstream(turns), { policy: BY_NOTICES, store });
  await applicant.sendNotices(turns);
  await applicant.skipTo(HOUR_MS + 9 * MINUTE_MS);
  const release = store.hold();
  const passing = applicant.skip(2 * MINUTE_MS);
  await store.waitForCall();
  const ended = async () => {
    release();
    await passing;
    return applicant.waitForEnd(MINUTE_MS);
  };
  const revise = (id: string) => turns.push({ afterMs: HOUR_MS + MINUTE_MS, reports: [row(id, 'unity', 'A', NEWER)] });
  return { applicant, revise, ended };
}

test('a report notice that comes while the closing manifest is written is looked into before the applicant ends', async () => {
  const { applicant, revise, ended } = await closing('All Synced');
  revise('u-A');
  await applicant.sendReportNotice('u-A', NEWER);
  const { result } = await ended();
  expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  const newer = applicant.manifest.documents.filter(({ updatedAt }) => updatedAt === NEWER);
  expect(newer.map(({ reportId, format }) => `${reportId} ${format}`).sort()).toEqual(['u-A json', 'u-A pdf']);
  expect(applicant.manifest).toMatchObject({ outcome: 'collected', closedAt: expect.any(String) });
});

test('one that tells nothing new costs a list at most', async () => {
  const { applicant, ended } = await closing('All Synced');
  const listed = applicant.humanApi.count('listReports');
  await applicant.sendReportNotice('forged', NEWER);
  const { result } = await ended();
  expect(result?.outcome).toBe('collected');
  expect(applicant.humanApi.count('listReports')).toBe(listed + 1);
});
