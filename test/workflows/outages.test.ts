import type { temporal } from '@temporalio/proto';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { AccessDenied, NotFound, Unavailable, Undecided } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider, type Route } from '../support/fake-upstream';

const { followOn, followByNotices, nowMs } = useSimulation();

const DEADLINE_MS = 10 * DAY_MS;
const SHORT: Policy = { ...DEFAULT_POLICY, expiresMs: { invitation: DEADLINE_MS, applicant: DEADLINE_MS } };
const DOWN = new Unavailable(facts(503), 'scripted');

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
    const when = (atMs: number) => Math.abs(atMs - applicant.invitedAtMs - DEADLINE_MS + 3.5 * HOUR_MS) < 4.5 * HOUR_MS;
    upstream.faults.push({ route: 'readStatus', error: DOWN, when });
    const applicant = await followOn(upstream, { policy: SHORT });
    await applicant.skipTo(DEADLINE_MS - 7 * HOUR_MS);
    const eventsBefore = await applicant.countEvents();
    await applicant.skipTo(DEADLINE_MS + HOUR_MS - MINUTE_MS);
    expect(await applicant.state()).toMatchObject({ outcome: null, facts: { extensionMs: null } });
    const state = await applicant.skipUntil((each) => each.facts?.extensionMs !== null);
    // The poll six hours before the deadline is the first one that fails.
    expect((state.facts?.extensionMs ?? 0) / HOUR_MS).toBeCloseTo(7, 0);
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

describe('while the answers of a route decide nothing', () => {
  const WHY = UNDECIDED.unidentified404;

  /** A gateway answers a route in the form of upstream's envelopes, from and until these times after the start. */
  async function withGateway(route: Route, fromMs: number, untilMs: number, policy = DEFAULT_POLICY) {
    const upstream = new FakeUpstream([]);
    const startMs = await nowMs();
    const when = (atMs: number) => atMs >= startMs + fromMs && atMs < startMs + untilMs;
    upstream.faults.push({ route, error: new Undecided(facts(404), WHY), when });
    return followOn(upstream, { policy });
  }

  async function readDetails({ handle }: ApplicantUnderTest): Promise<string> {
    const metadata = await handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
    return metadata.currentDetails ?? '';
  }

  test('an applicant shows the reason, adds no history, and continues after the next decisive answer', async () => {
    const applicant = await withGateway('readStatus', HOUR_MS, 2 * DAY_MS);
    const state = await applicant.skipUntil(({ stuck }) => stuck !== null);
    expect(state).toMatchObject({ stuck: WHY, outcome: null, stage: 'invited' });
    expect(await readDetails(applicant)).toContain(WHY);
    const events = await applicant.countEvents();
    await applicant.skipTo(2 * DAY_MS - MINUTE_MS);
    expect(await applicant.state()).toMatchObject({ stuck: WHY, outcome: null });
    expect(await applicant.countEvents()).toBeLessThanOrEqual(events + 1);
    await applicant.skip(6 * HOUR_MS);
    expect(await applicant.state()).toMatchObject({ stuck: null, outcome: null, stage: 'invited' });
    expect(await readDetails(applicant)).not.toContain(WHY);
  });

  test.each([
    ['reads of the status', 'readStatus', []],
    ['look-ups after a 404', 'findPeople', [{ route: 'readStatus', error: new NotFound(facts(404)) }]],
  ] as const)('no deadline takes effect (%s)', async (_what, route, otherFaults) => {
    const [fromMs, untilMs] = [DEADLINE_MS - MINUTE_MS, DEADLINE_MS + 2 * DAY_MS];
    const applicant = await withGateway(route, fromMs, untilMs, SHORT);
    await applicant.skipTo(fromMs);
    applicant.upstream.faults.push(...otherFaults);
    await applicant.skipTo(untilMs - HOUR_MS);
    expect(await applicant.state()).toMatchObject({ stuck: WHY, outcome: null, stage: 'invited' });
    expect(applicant.upstream.count('withdraw')).toBe(0);
    const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
    expect(result?.outcome).toBe('expired');
    expect(afterMs).toBeGreaterThan(untilMs);
    expect(applicant.routes().slice(-2)).toEqual([route, 'withdraw']);
  });

  test('a withdrawal continues until upstream confirms it', async () => {
    const applicant = await withGateway('withdraw', 0, DAY_MS);
    await applicant.waitForInvitation();
    await applicant.handle.cancel();
    expect(await applicant.skipUntil(({ stuck }) => stuck !== null)).toMatchObject({ stuck: WHY, outcome: null });
    await applicant.skipTo(DAY_MS + 10 * MINUTE_MS);
    expect(applicant.upstream.people).toMatchObject([{ deleted: true }]);
    expect((await applicant.handle.describe()).status.name).toBe('CANCELLED');
    expect(applicant.manifest).toMatchObject({ outcome: 'cancelled' });
  });

  test('no one is invited, and exactly one person once the look-ups decide', async () => {
    const applicant = await withGateway('findPeople', 0, HOUR_MS);
    expect(await applicant.skipUntil(({ stuck }) => stuck !== null)).toMatchObject({ stuck: WHY, stage: 'inviting' });
    expect(applicant.upstream.count('invite')).toBe(0);
    expect(await applicant.skipUntil(({ humanId }) => humanId !== null)).toMatchObject({
      stuck: null,
      stage: 'invited',
    });
    expect(applicant.upstream.people).toHaveLength(1);
  });
});
