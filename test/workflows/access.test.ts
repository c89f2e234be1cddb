import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { AccessDenied, Unavailable } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { followOn, told } = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];

describe('a refused access token', () => {
  const refused = (humanApi: FakeUpstream) => {
    humanApi.faults.push({ route: 'listReports', error: new AccessDenied(facts(403)) });
  };

  test('is "not yet" while we wait: nothing is concluded, and nobody doubts our credentials', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Engaged', reports: provider('A') }];
    const applicant = await told(script, refused);
    await applicant.skip(DAY_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, stage: 'engaged' });
    expect(applicant.humanApi.count('listReports')).toBe(1);
    expect(applicant.humanApi.count('proveCredentials')).toBe(0);
  });

  test('means nothing to collect once it lasts an hour beside All Synced, and the manifest says that access was refused', async () => {
    const applicant = await told([{ afterMs: HOUR_MS, status: 'All Synced' }], refused);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'partial', reason: 'nothing-listed', documents: 0 });
    expect(afterMs).toBeGreaterThan(2 * HOUR_MS);
    const routes = applicant.routes();
    expect(routes.lastIndexOf('proveCredentials')).toBeGreaterThan(routes.lastIndexOf('listReports'));
    const details = applicant.manifest?.missing.map(({ detail }) => detail);
    expect(new Set(details)).toEqual(new Set([expect.stringMatching(/refused access .* the status said All Synced/)]));
  });

  test('that is granted within the hour loses no report', async () => {
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'listReports', error: new AccessDenied(facts(403)), times: 12 });
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 3,
    });
  });

  test('is not waited for once the status has changed, nor after a cancel', async () => {
    const disconnected = { afterMs: HOUR_MS + 20 * MINUTE_MS, status: 'Disconnected' };
    const humanApi = new FakeUpstream([{ afterMs: HOUR_MS, status: 'All Synced' }, disconnected]);
    refused(humanApi);
    const applicant = await followOn(humanApi, { policy: BY_NOTICES });
    await applicant.sendNotices([{ afterMs: HOUR_MS, status: 'All Synced' }]);
    await applicant.skipTo(disconnected.afterMs);
    await applicant.sendStatusNotice('Disconnected', disconnected.afterMs);
    await applicant.skip(3 * MINUTE_MS);
    expect(await applicant.state()).toMatchObject({ waitingFor: 'the person to connect a provider again' });
    await applicant.handle.cancel();
    expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
  });

  test('never means "no records" while our own secret is wrong', async () => {
    const wrong = new Unavailable(facts(401), 'scripted');
    let corrected = false;
    const applicant = await told(ALL_SYNCED, (humanApi) => {
      humanApi.faults.push({ route: 'listReports', error: new AccessDenied(facts(401)), when: () => !corrected });
      humanApi.faults.push({ route: 'proveCredentials', error: wrong, when: () => !corrected });
    });
    await applicant.skip(DAY_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, stage: 'collecting' });
    corrected = true;
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 3,
    });
  });

  test('after documents were stored keeps them', async () => {
    const cut = { afterMs: 2 * HOUR_MS, status: 'Disconnected' };
    const applicant = await told([{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }, cut], (humanApi) => {
      humanApi.faults.push({
        route: 'listReports',
        error: new AccessDenied(facts(403)),
        when: (atMs) => atMs >= (humanApi.people[0]?.invitedAtMs ?? 0) + cut.afterMs,
      });
    });
    expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({
      outcome: 'partial',
      reason: 'disconnected',
      documents: 3,
    });
  });
});
