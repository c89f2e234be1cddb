import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { BadDocument, NotFound, NotYet, Unavailable } from '../../src/human-api/errors';
import { FakeHumanApi, facts, provider, row, type Turn } from '../support/fake-human-api';
import { BY_NOTICES, type Followed, timeSkipping } from '../support/time-skipping';

const { follow, followOn } = timeSkipping();

const ALL_SYNCED: readonly Turn[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
const NEWER = '2026-02-01T00:00:00.000Z';

/** An applicant whose life is told by notices, on an upstream that the test has prepared. */
async function told(script: readonly Turn[], prepare: (humanApi: FakeHumanApi) => void = () => {}): Promise<Followed> {
  const humanApi = new FakeHumanApi(script);
  prepare(humanApi);
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  await applicant.tell(script);
  return applicant;
}

function storedIn({ manifest }: Followed): string[] {
  return manifest.documents.map(({ reportId, format }) => `${reportId}.${format}`).sort();
}

function missingIn({ manifest }: Followed): string[] {
  return manifest.missing
    .map(({ type, organization, format, reason }) => `${type} ${organization?.name} ${format} ${reason}`)
    .sort();
}

describe('a report notice', () => {
  test.each(['Invited', 'Engaged', 'Syncing', 'Attn Required', 'Pondering'])(
    'leads to the report while the status is %s',
    async (status) => {
      const script = [{ afterMs: HOUR_MS, status, reports: provider('A') }];
      const applicant = await told(script);
      await applicant.pass(5 * SECOND_MS);
      expect((await applicant.state()).collection.documents).toHaveLength(3);
      expect(applicant.manifest).toMatchObject({ outcome: null, closedAt: null });
      expect(applicant.manifest.documents).toHaveLength(3);
    },
  );

  test('shares one list with those that come within two seconds', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Syncing', reports: [...provider('A'), ...provider('B')] }];
    const applicant = await told(script);
    await applicant.pass(MINUTE_MS);
    expect(applicant.humanApi.count('listReports')).toBe(1);
    expect(applicant.humanApi.count('openReport')).toBe(6);
  });

  test('that comes while a list is in flight causes one more at most', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }];
    const humanApi = new FakeHumanApi([...script, { afterMs: HOUR_MS + MINUTE_MS, reports: provider('B') }]);
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.passTo(HOUR_MS + MINUTE_MS);
    const release = humanApi.hold('listReports');
    await applicant.reportNotice('u-A');
    const passing = applicant.pass(5 * SECOND_MS);
    while (humanApi.count('listReports') === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const { id } of provider('B')) await applicant.reportNotice(id);
    release();
    await passing;
    await applicant.pass(MINUTE_MS);
    expect(humanApi.count('listReports')).toBeLessThanOrEqual(2);
    expect((await applicant.state()).collection.documents).toHaveLength(6);
  });

  test('of a version that is known already asks nothing', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }];
    const applicant = await told(script);
    await applicant.pass(MINUTE_MS);
    await applicant.reportNotice('u-A');
    await applicant.pass(MINUTE_MS);
    expect(applicant.humanApi.count('listReports')).toBe(1);
  });
});

describe('the settle window of All Synced', () => {
  test('restarts for a report that was not known', async () => {
    const late = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: provider('B') };
    const applicant = await told([...ALL_SYNCED, late]);
    const { result, afterMs } = await applicant.end(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
    expect(afterMs).toBeGreaterThanOrEqual(late.afterMs + 10 * MINUTE_MS);
  });

  test('restarts for a report that no notice told of', async () => {
    const late = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: provider('B') };
    const applicant = await follow([...ALL_SYNCED, late], { policy: BY_NOTICES });
    await applicant.tell(ALL_SYNCED);
    const { result, afterMs } = await applicant.end(MINUTE_MS);
    expect(result?.documents).toBe(6);
    expect(afterMs).toBeLessThan(HOUR_MS + 21 * MINUTE_MS);
  });

  test('is not restarted by a newer version, which is stored', async () => {
    const newer = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] };
    const applicant = await told([...ALL_SYNCED, newer]);
    const { result, afterMs } = await applicant.end(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(afterMs).toBeLessThan(HOUR_MS + 11 * MINUTE_MS);
    const unity = applicant.manifest.documents.filter(({ type }) => type === 'unity');
    expect(unity.map(({ updatedAt, superseded }) => [updatedAt, superseded])).toContainEqual([NEWER, false]);
    expect(applicant.humanApi.count('openReport')).toBe(3 + 2);
  });

  test('restarts for a day at most', async () => {
    const drip = Array.from({ length: 40 * 6 }, (_, at) => ({
      afterMs: HOUR_MS + (at + 1) * 8 * MINUTE_MS,
      reports: [row(`u-${at}`, 'unity', `P${at}`)],
    }));
    const humanApi = new FakeHumanApi([...ALL_SYNCED, ...drip]);
    const applicant = await followOn(humanApi, {
      policy: BY_NOTICES,
      input: { policy: { ...BY_NOTICES, wanted: { unity: ['json'] } } },
    });
    await applicant.tell(ALL_SYNCED);
    const { result, afterMs } = await applicant.end(HOUR_MS);
    expect(result?.outcome).toBe('collected');
    expect(afterMs).toBeGreaterThan(HOUR_MS + DAY_MS - MINUTE_MS);
    expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + 15 * MINUTE_MS);
  });

  test('starts anew where the person connects another provider meanwhile', async () => {
    const back = { afterMs: HOUR_MS + 5 * MINUTE_MS, status: 'Syncing' };
    const again = { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('B') };
    const applicant = await told([...ALL_SYNCED, back, again]);
    const { result, afterMs } = await applicant.end(MINUTE_MS);
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 6 });
    expect(afterMs).toBeGreaterThanOrEqual(2 * HOUR_MS + 10 * MINUTE_MS);
  });
});

describe('a document', () => {
  test('whose new version has the same bytes adds no file', async () => {
    const newer = { afterMs: HOUR_MS + 8 * MINUTE_MS, reports: [row('u-A', 'unity', 'A', NEWER)] };
    const applicant = await told([...ALL_SYNCED, newer], (humanApi) => {
      for (const format of ['json', 'pdf']) humanApi.bytes.set(`u-A.${format}`, `the same ${format}`);
    });
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(applicant.manifest.documents).toHaveLength(3);
    expect(applicant.manifest.documents.find(({ reportId }) => reportId === 'u-A')?.seenAt).toBe(NEWER);
  });

  test('that does not come in a format leaves the collection whole', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.notOffered = ['unity:json'];
    });
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 2 });
    expect(missingIn(applicant)).toEqual(['unity A json not-offered']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'u-A.json')).toHaveLength(1);
  });

  test('that a provider without a complete record lacks leaves the collection whole', async () => {
    const applicant = await told([{ afterMs: HOUR_MS, status: 'All Synced', reports: [row('u-A', 'unity', 'A')] }]);
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 2 });
    expect(missingIn(applicant)).toEqual(['ccdraw A pdf not-offered']);
  });

  test('of unity that a provider lacks makes it partial', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'All Synced', reports: [...provider('A'), row('c-B', 'ccdraw', 'B')] }];
    const applicant = await told(script);
    expect((await applicant.end(MINUTE_MS)).result).toMatchObject({ outcome: 'partial', reason: 'missing-documents' });
    expect(missingIn(applicant)).toEqual(['unity B json missing', 'unity B pdf missing']);
  });

  test('that comes broken is asked for five times a round, in two rounds, and told as failed', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'openReport', of: 'u-A.json', error: new BadDocument(facts(200), 'scripted') });
    });
    expect((await applicant.end(MINUTE_MS)).result).toEqual({
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
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
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
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 2 });
    expect(missingIn(applicant)).toEqual(['ccdraw A pdf not-offered']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'c-A.pdf')).toHaveLength(1);
  });

  test('that stays listed but is never to be found has failed', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'openReport', of: 'c-A.pdf', error: new NotFound(facts(404)) });
    });
    expect((await applicant.end(MINUTE_MS)).result).toMatchObject({ outcome: 'partial', reason: 'failed-documents' });
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
    await applicant.pass(MINUTE_MS);
    expect(applicant.humanApi.count('openReport')).toBeGreaterThanOrEqual(3);
    expect((await applicant.end(HOUR_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(storedIn(applicant)).toEqual(['c-A.pdf', 'u-A.json', 'u-A.pdf']);
    expect(applicant.humanApi.calls.filter(({ of }) => of === 'u-A.pdf')).toHaveLength(1);
  });

  test('that upstream can never serve is given up after a day, and the others are kept', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'openReport', of: 'u-A.json', error: new Unavailable(facts(503), 'scripted') });
    });
    const { result, afterMs } = await applicant.end(HOUR_MS);
    expect(result).toEqual({ outcome: 'partial', reason: 'failed-documents', documents: 2 });
    expect(afterMs).toBeLessThan(HOUR_MS + DAY_MS + 3 * HOUR_MS);
  });
});

describe('a refused access token', () => {
  const refused = (humanApi: FakeHumanApi) => {
    humanApi.faults.push({ route: 'listReports', error: new NotYet(facts(403)) });
  };

  test('is "not yet" while we wait: nothing is concluded, and nobody doubts our credentials', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Engaged', reports: provider('A') }];
    const applicant = await told(script, refused);
    await applicant.pass(DAY_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, stage: 'engaged' });
    expect(applicant.humanApi.count('listReports')).toBe(1);
    expect(applicant.humanApi.count('proveCredentials')).toBe(0);
  });

  test('means nothing to collect at the conclusion, once our credentials are proven', async () => {
    const applicant = await told([{ afterMs: HOUR_MS, status: 'All Synced' }], refused);
    expect((await applicant.end(MINUTE_MS)).result).toEqual({
      outcome: 'partial',
      reason: 'nothing-listed',
      documents: 0,
    });
    const routes = applicant.routes();
    expect(routes.lastIndexOf('proveCredentials')).toBeGreaterThan(routes.lastIndexOf('listReports'));
  });

  test('never means "no records" while our own secret is wrong', async () => {
    const wrong = new Unavailable(facts(401), 'scripted');
    let corrected = false;
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'listReports', error: new NotYet(facts(401)), when: () => !corrected });
      humanApi.faults.push({ route: 'proveCredentials', error: wrong, when: () => !corrected });
    });
    await applicant.pass(3 * DAY_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, stage: 'collecting' });
    corrected = true;
    expect((await applicant.end(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  });

  test('after documents were stored keeps them', async () => {
    const cut = { afterMs: 2 * HOUR_MS, status: 'Disconnected' };
    const applicant = await told([{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }, cut], (humanApi) => {
      humanApi.faults.push({
        route: 'listReports',
        error: new NotYet(facts(403)),
        when: (atMs) => atMs >= (humanApi.people[0]?.invitedAtMs ?? 0) + cut.afterMs,
      });
    });
    expect((await applicant.end(MINUTE_MS)).result).toEqual({
      outcome: 'partial',
      reason: 'disconnected',
      documents: 3,
    });
  });
});
