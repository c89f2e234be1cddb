import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { NotYet, Unavailable } from '../../src/human-api/errors';
import { type FakeHumanApi, facts, provider, type Turn } from '../support/fake-human-api';
import { timeSkipping } from '../support/time-skipping';

const { told } = timeSkipping();

const ALL_SYNCED: readonly Turn[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];

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
    await applicant.pass(DAY_MS);
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
