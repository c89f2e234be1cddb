import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy } from '../../src/domain/policy';
import { AccessDenied } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import { type Change, DOWN, FakeUpstream, facts, provider } from '../support/fake-upstream';

const { followOn, followByNotices, nowMs } = useSimulation();

const DEADLINE_MS = 10 * DAY_MS;
const SHORT: Policy = { ...DEFAULT_POLICY, expiresMs: { invitation: DEADLINE_MS, applicant: DEADLINE_MS } };

describe('a deadline', () => {
  test('counts from the adoption of a person, not from an earlier invitation', async () => {
    const upstream = new FakeUpstream([{ afterMs: HOUR_MS, status: 'Engaged' }]);
    upstream.addPerson('POL-old', 'pol-old@example.org', (await nowMs()) - 100 * DAY_MS);
    const applicant = await followOn(upstream, { clientUserId: 'POL-old', policy: SHORT });
    const { result, afterMs } = await applicant.waitForEnd();
    expect(result?.outcome).toBe('expired');
    expect(afterMs).toBeGreaterThanOrEqual(DEADLINE_MS);
  });

  test('waits for the end of an outage and moves by its length, with few events', async () => {
    const upstream = new FakeUpstream([]);
    const when = (atMs: number) => {
      const afterDeadlineMs = atMs - applicant.invitedAtMs - DEADLINE_MS;
      return afterDeadlineMs > -14 * HOUR_MS && afterDeadlineMs < HOUR_MS;
    };
    upstream.faults.push({ route: 'readStatus', error: DOWN, when });
    const applicant = await followOn(upstream, { policy: SHORT });
    await applicant.skipTo(DEADLINE_MS - 13 * HOUR_MS);
    const eventsBefore = await applicant.countEvents();
    const readsBefore = upstream.count('readStatus');
    await applicant.skipTo(DEADLINE_MS - 7 * HOUR_MS);
    // The workflow learns of an outage only in the last six hours before the deadline.
    expect(await applicant.countEvents()).toBe(eventsBefore);
    // Five hours: a read every four to five minutes, and more at first.
    const reads = upstream.count('readStatus') - readsBefore;
    expect(reads).toBeGreaterThanOrEqual((5 * 60) / 5);
    expect(reads).toBeLessThan((5 * 60) / 4 + 25);
    await applicant.skipTo(DEADLINE_MS + HOUR_MS - MINUTE_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, facts: { extensionMs: null } });
    const state = await applicant.skipUntil((each) => each.facts?.extensionMs !== null);
    // The poll twelve hours before the deadline is the first one that fails.
    expect((state.facts?.extensionMs ?? 0) / HOUR_MS).toBeCloseTo(13, 0);
    expect((await applicant.countEvents()) - eventsBefore).toBeLessThan(30);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'expired', reason: 'invitation-expired', documents: 0 });
    expect(afterMs).toBeGreaterThanOrEqual(DEADLINE_MS + (state.facts?.extensionMs ?? 0));
  });
});

describe('while the list that a notice requests is unavailable', () => {
  /** A report notice an hour after the invitation; the list is available after `backAfterMs`. */
  async function setup(script: readonly Change[], backAfterMs = Infinity) {
    const upstream = new FakeUpstream(script);
    const when = (atMs: number) => atMs < (upstream.people[0]?.invitedAtMs ?? 0) + backAfterMs;
    upstream.faults.push({ route: 'listReports', error: DOWN, when });
    const policy = { ...DEFAULT_POLICY, expiresMs: { ...DEFAULT_POLICY.expiresMs, invitation: DAY_MS } };
    const applicant = await followOn(upstream, { policy });
    await applicant.skipTo(HOUR_MS);
    await applicant.sendReportNotice('u-A');
    await applicant.skipUntil(() => upstream.count('listReports') > 1);
    return applicant;
  }

  test('the invitation expires on time', async () => {
    const applicant = await setup([]);
    const { result, afterMs } = await applicant.waitForEnd();
    expect(result).toEqual({ outcome: 'expired', reason: 'invitation-expired', documents: 0 });
    expect(afterMs).toBeLessThan(DAY_MS + HOUR_MS);
  });

  test('a declined person is read and withdrawn at once', async () => {
    const declined = { afterMs: HOUR_MS + 10 * MINUTE_MS, status: 'Declined' };
    const applicant = await setup([declined]);
    await applicant.sendNotices([declined]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS, HOUR_MS);
    expect(result?.outcome).toBe('declined');
    expect(afterMs).toBeLessThan(declined.afterMs + 5 * MINUTE_MS);
    expect(applicant.routes().at(-1)).toBe('withdraw');
  });

  test('the stage follows the notices', async () => {
    const engaged = { afterMs: HOUR_MS + 5 * MINUTE_MS, status: 'Engaged' };
    const applicant = await setup([engaged]);
    await applicant.sendNotices([engaged]);
    expect((await applicant.state()).stage).toBe('engaged');
  });

  test('it is retried every five minutes, and its reports are stored', async () => {
    const backMs = 5 * HOUR_MS;
    const applicant = await setup([{ afterMs: HOUR_MS, status: 'Syncing', reports: provider('A') }], backMs);
    await applicant.skipTo(backMs + 6 * MINUTE_MS);
    expect((await applicant.state()).collection.documents).toHaveLength(3);
  });
});

test('reports are collected while the status of their notice cannot be read', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }];
  const applicant = await followByNotices(script, (upstream) => {
    upstream.faults.push({ route: 'readStatus', error: DOWN });
  });
  await applicant.skip(10 * MINUTE_MS);
  expect((await applicant.state()).collection.documents).toHaveLength(3);
});

describe('access that upstream denies', () => {
  const followDenied = (script: readonly Change[]) =>
    followByNotices(script, ({ faults }) => {
      faults.push({ route: 'listReports', error: new AccessDenied(facts(403)) });
    });

  test('concludes nothing before the person has synced', async () => {
    const applicant = await followDenied([{ afterMs: HOUR_MS, status: 'Engaged', reports: provider('A') }]);
    await applicant.skip(DAY_MS);
    expect((await applicant.state()).outcome).toBeNull();
    expect([applicant.upstream.count('listReports'), applicant.upstream.count('proveCredentials')]).toEqual([1, 0]);
  });

  test('for an hour of All Synced means no reports, and the manifest records it', async () => {
    const applicant = await followDenied([{ afterMs: HOUR_MS, status: 'All Synced' }]);
    const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
    expect(result).toEqual({ outcome: 'partial', reason: 'nothing-listed', documents: 0 });
    expect(afterMs).toBeGreaterThan(2 * HOUR_MS);
    const routes = applicant.routes();
    expect(routes.lastIndexOf('proveCredentials')).toBeGreaterThan(routes.lastIndexOf('listReports'));
    for (const { detail } of applicant.manifest.missing) expect(detail).toMatch(/access.*All Synced/);
  });

  test('no longer counts once the status has changed', async () => {
    const disconnected = { afterMs: HOUR_MS + 20 * MINUTE_MS, status: 'Disconnected' };
    const applicant = await followDenied([{ afterMs: HOUR_MS, status: 'All Synced' }, disconnected]);
    await applicant.skip(3 * MINUTE_MS);
    const waitingFor = 'the person to connect a provider again';
    expect(await applicant.state()).toMatchObject({ stage: 'attention', outcome: null, waitingFor });
    await applicant.handle.cancel();
    expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
  });
});
