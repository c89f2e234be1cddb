import { HOUR_MS } from '../../src/domain/policy';
import { Unavailable } from '../../src/upstream/errors';
import { type Change, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
import { timeSkipping } from '../support/time-skipping';

const { followOn } = timeSkipping();

/** Something of everything: polls, notices, an outage, a claim that is not confirmed, a newer version, a missing document. */
const SCRIPT: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Engaged' },
  { afterMs: 1.6 * HOUR_MS, status: 'Some Synced', reports: provider('A') },
  { afterMs: 3 * HOUR_MS, status: 'Error' },
  {
    afterMs: 3.5 * HOUR_MS,
    status: 'All Synced',
    reports: [row('u-A', 'unity', 'A', '2026-02-01T00:00:00Z'), row('c-B', 'ccdraw', 'B')],
  },
];

test.each([0, 2, 100])(
  'a worker that keeps %s workflows in memory, replaying the others, comes to the same',
  async (kept) => {
    const humanApi = new FakeUpstream(SCRIPT);
    humanApi.faults.push({ route: 'openReport', error: new Unavailable(facts(503), 'scripted'), times: 3 });
    const applicant = await followOn(humanApi, { maxCachedWorkflows: kept });
    await applicant.sendNotices(SCRIPT.slice(0, 2));
    await applicant.sendStatusNotice('Declined', 1.7 * HOUR_MS);
    await applicant.sendReportNotice('nobody-knows-it');
    expect(await applicant.waitForEnd()).toMatchObject({
      status: 'COMPLETED',
      result: { outcome: 'partial', reason: 'missing-documents', documents: 4 },
    });
    expect(applicant.manifest.documents).toHaveLength(6);
    expect(
      applicant.manifest.missing.map(({ organization, type, format }) => `${organization?.name} ${type} ${format}`),
    ).toEqual(['B unity json', 'B unity pdf']);
    expect(humanApi.people).toMatchObject([{ deleted: false }]);
  },
);
