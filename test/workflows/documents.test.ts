import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { BadDocument, NotFound, RateLimited, Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, facts, provider, row } from '../support/fake-upstream';

const { told } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const NEWER = '2026-02-01T00:00:00.000Z';

function storedIn({ manifest }: ApplicantUnderTest): string[] {
  return manifest.documents.map(({ reportId, format }) => `${reportId}.${format}`).sort();
}

function missingIn({ manifest }: ApplicantUnderTest): string[] {
  return manifest.missing
    .map(({ type, organization, format, reason }) => `${type} ${organization?.name} ${format} ${reason}`)
    .sort();
}

describe('a document', () => {
  test('whose new version has the same bytes adds no file', async () => {
    const newer = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] };
    const applicant = await told([...ALL_SYNCED, newer], (humanApi) => {
      for (const format of ['json', 'pdf']) humanApi.bytes.set(`u-A.${format}`, `the same ${format}`);
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 3,
    });
    expect(applicant.manifest.documents).toHaveLength(3);
    expect(applicant.manifest.documents.find(({ reportId }) => reportId === 'u-A')?.seenAt).toBe(NEWER);
  });

  test('that does not come in a format leaves the collection whole', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.notOffered = ['unity:json'];
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 2,
    });
    expect(missingIn(applicant)).toEqual(['unity A json not-offered']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'u-A.json')).toHaveLength(1);
  });

  test('that a provider without a complete record lacks leaves the collection whole', async () => {
    const applicant = await told([{ afterMs: HOUR_MS, status: 'All Synced', reports: [row('u-A', 'unity', 'A')] }]);
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 2,
    });
    expect(missingIn(applicant)).toEqual(['ccdraw A pdf not-listed']);
  });

  test('of unity that a provider lacks makes it partial', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'All Synced', reports: [...provider('A'), row('c-B', 'ccdraw', 'B')] }];
    const applicant = await told(script);
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toMatchObject({
      outcome: 'partial',
      reason: 'missing-documents',
    });
    expect(missingIn(applicant)).toEqual(['unity B json missing', 'unity B pdf missing']);
  });

  test('that comes broken is asked for five times a round, in two rounds, and told as failed', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'openReport', of: 'u-A.json', error: new BadDocument(facts(200), 'scripted') });
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'partial',
      reason: 'failed-documents',
      documents: 2,
    });
    expect(missingIn(applicant)).toEqual(['unity A json failed']);
    expect(storedIn(applicant)).toEqual(['c-A.pdf', 'u-A.pdf']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'u-A.json')).toHaveLength(2 * 5);
  });

  test('that comes broken at first is stored once it is whole', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({
        route: 'openReport',
        of: 'u-A.json',
        error: new BadDocument(facts(200), 'scripted'),
        times: 4,
      });
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 3,
    });
    expect(applicant.manifest.missing).toEqual([]);
  });

  test('that is listed but not to be found is listed again, and is missing once it is listed no more', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      const list = humanApi.listReports;
      humanApi.faults.push({ route: 'openReport', of: 'c-A.pdf', error: new NotFound(facts(404)) });
      humanApi.listReports = async (clientUserId) => {
        const rows = await list(clientUserId);
        return humanApi.count('openReport') === 0 ? rows : rows.filter(({ id }) => id !== 'c-A');
      };
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 2,
    });
    expect(missingIn(applicant)).toEqual(['ccdraw A pdf not-listed']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'c-A.pdf')).toHaveLength(1);
  });

  test('that stays listed but is never to be found has failed', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'openReport', of: 'c-A.pdf', error: new NotFound(facts(404)) });
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toMatchObject({
      outcome: 'partial',
      reason: 'failed-documents',
    });
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'c-A.pdf').length).toBeLessThanOrEqual(3);
  });

  test('that upstream cannot serve for an hour does not lose the others, nor itself', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({
        route: 'openReport',
        of: 'u-A.json',
        error: new Unavailable(facts(503), 'scripted'),
        when: (atMs) => atMs < (humanApi.people[0]?.invitedAtMs ?? 0) + 2 * HOUR_MS,
      });
    });
    await applicant.skip(MINUTE_MS);
    expect(applicant.humanApi.count('openReport')).toBeGreaterThanOrEqual(3);
    expect((await applicant.waitForEnd(HOUR_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(storedIn(applicant)).toEqual(['c-A.pdf', 'u-A.json', 'u-A.pdf']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'u-A.pdf')).toHaveLength(1);
  });

  test.each([
    ['can never serve', new Unavailable(facts(503), 'scripted')],
    ['wants us to wait for again and again', new RateLimited(facts(503), 10 * MINUTE_MS)],
  ])('that upstream %s is given up after a day, and the others are kept', async (_how, error) => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'openReport', of: 'u-A.json', error });
    });
    const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
    expect(result).toEqual({ outcome: 'partial', reason: 'failed-documents', documents: 2 });
    expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + 3 * HOUR_MS);
  });
});
