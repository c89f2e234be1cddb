import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import type { Manifest } from '../../src/report-store/port';
import { AccessDenied } from '../../src/upstream/errors';
import {
  REFRESH_REPORTS,
  type RefreshReportsResult,
  refreshWorkflowId,
  reportNoticeSignal,
} from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { SimulatedServer } from '../simulation/server';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider, row } from '../support/fake-upstream';

const { find, followOn, nowMs, signalWithStart, skip, waitForResult } = useSimulation();

const V2 = '2026-02-01T00:00:00.000Z';
const ID = 'POL-1';
const REFRESH = { workflowType: REFRESH_REPORTS, workflowId: refreshWorkflowId(ID) };

const refreshResult = () => waitForResult<RefreshReportsResult>(REFRESH.workflowId);

describe('the checks that a closing schedules', () => {
  /** The ccdraw is listed hours after the closing, and its notice is lost. */
  const LATE: readonly Change[] = [
    { afterMs: HOUR_MS, status: 'All Synced', reports: [row('u-A', 'unity', 'A')] },
    { afterMs: 12 * HOUR_MS, reports: [row('c-A', 'ccdraw', 'A', V2)] },
  ];

  async function close(refreshCheckAfterMs: readonly number[]) {
    const applicant = await followOn(new FakeUpstream(LATE), { clientUserId: ID, refreshCheckAfterMs });
    expect(await applicant.waitForEnd(HOUR_MS)).toMatchObject({ status: 'COMPLETED' });
    return { applicant, upstream: applicant.upstream, lists: applicant.upstream.count('listReports') };
  }

  test('store a report without a notice, and the last one ends the refresh', async () => {
    const { applicant, upstream, lists } = await close([DAY_MS, 7 * DAY_MS]);
    const { outcome, closedAt } = applicant.manifest;
    await skip(DAY_MS - HOUR_MS);
    expect(upstream.count('listReports')).toBe(lists);
    await skip(3 * HOUR_MS);
    expect(applicant.manifest).toMatchObject({ outcome, closedAt, missing: [], documents: { length: 3 } });
    expect((await find(REFRESH.workflowId)?.describe())?.status.name).toBe('RUNNING');
    await skip(7 * DAY_MS);
    expect(await refreshResult()).toMatchObject({ ended: 'refreshed', stored: 1 });
    expect(upstream.count('listReports')).toBe(lists + 2);
  });

  test.each([[[]], [[31 * DAY_MS]]])('do not run if they are off or later than REFRESH_FOR: %j', async (afterMs) => {
    await close(afterMs);
    expect(find(REFRESH.workflowId)).toBeNull();
  });

  test('leave a later round alone, which schedules its own', async () => {
    const { applicant, upstream } = await close([DAY_MS]);
    const { store, clientUserId } = applicant;
    const options = { clientUserId, store, refreshCheckAfterMs: [DAY_MS], input: { again: true } };
    const again = await followOn(upstream, options);
    await again.waitForEnd(MINUTE_MS);
    const lists = upstream.count('listReports');
    await skip(DAY_MS - HOUR_MS);
    expect(upstream.count('listReports')).toBe(lists);
    await skip(3 * HOUR_MS);
    await refreshResult();
    expect(upstream.count('listReports')).toBe(lists + 1);
    expect(again.manifest).toMatchObject({ closedAt: expect.any(String), missing: [] });
  });

  test('continue after one that upstream denies', async () => {
    const { upstream } = await close([DAY_MS, 7 * DAY_MS]);
    let isDenied = true;
    upstream.faults.push({ route: 'listReports', error: new AccessDenied(facts(403)), when: () => isDenied });
    await skip(2 * DAY_MS);
    expect(upstream.count('proveCredentials')).toBeGreaterThan(0);
    isDenied = false;
    await skip(6 * DAY_MS);
    expect(await refreshResult()).toMatchObject({ ended: 'refreshed', stored: 1 });
  });

  test('end if the person is withdrawn', async () => {
    const { applicant, upstream, lists } = await close([DAY_MS]);
    applicant.store.addManifest(ID, { outcome: 'cancelled', reason: 'operator' });
    await skip(DAY_MS + 3 * HOUR_MS);
    expect(await refreshResult()).toMatchObject({ ended: 'withdrawn' });
    expect(upstream.count('listReports')).toBe(lists);
  });
});

/** A person whose applicant closed an hour ago; upstream has a newer version since. */
async function createClosed(changes: Partial<Manifest> = {}) {
  const closedAtMs = (await nowMs()) - HOUR_MS;
  const reports = [...provider('A'), row('u-A', 'unity', 'A', V2)];
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
  const { humanId } = upstream.addPerson(ID, `${ID}@example.org`, closedAtMs);
  const store = new FakeStore();
  const closedAt = new Date(closedAtMs).toISOString();
  store.addManifest(ID, { humanId, outcome: 'collected', closedAt, wanted: { unity: ['json', 'pdf'] }, ...changes });
  const start = (input = {}) => followOn(upstream, { clientUserId: ID, store, input });
  return { humanId, upstream, store, start };
}

describe('a report notice to a run that ends with a recorded outcome', () => {
  /** A run that waits for the manifest. */
  async function startWithHeldStore(changes: Partial<Manifest>) {
    const { humanId, store, start } = await createClosed(changes);
    const release = store.hold();
    const applicant = await start();
    await store.waitForCall();
    return { applicant, release, send: (reportId: string) => applicant.sendReportNotice(reportId, V2, humanId) };
  }

  const OTHER_DETAILS = { detailsDigest: createKeyedDigest(DIGEST_KEYS, 'digest of other details') };

  test.each<[string, Partial<Manifest>, object, object | null]>([
    ['of the same details goes to the refresh', {}, { outcome: 'collected' }, { ended: 'refreshed', stored: 2 }],
    ['of other details goes to the refresh', OTHER_DETAILS, { reason: 'conflict' }, { ended: 'refreshed', stored: 2 }],
    ['of a withdrawn person is dropped', { outcome: 'partial', reason: 'deadline' }, { reason: 'deadline' }, null],
  ])('%s', async (_what, changes, result, refreshed) => {
    const { applicant, send, release } = await startWithHeldStore(changes);
    await send('u-A');
    release();
    expect((await applicant.waitForEnd(SECOND_MS)).result).toMatchObject(result);
    if (refreshed) expect(await refreshResult()).toMatchObject(refreshed);
    else expect(find(REFRESH.workflowId)).toBeNull();
  });

  test('is not lost if it arrives while others are passed on', async () => {
    const { applicant, send, release } = await startWithHeldStore({});
    const sent: string[] = [];
    const sendAndCount = (reportId: string) => {
      sent.push(reportId);
      return send(reportId);
    };
    await Promise.all(Array.from({ length: 120 }, (_, index) => sendAndCount(`early-${index}`)));
    const received = new Set<string>();
    const { signal } = SimulatedServer.prototype;
    const spy = jest.spyOn(SimulatedServer.prototype, 'signal');
    spy.mockImplementation(function (this: SimulatedServer, name, ...args) {
      if (this.workflowId === REFRESH.workflowId) received.add((args[0] as ReportNotice).reportId);
      if (received.size === sent.length && sent.length < 150) void sendAndCount(`later-${sent.length}`);
      return signal.call(this, name, ...args);
    });
    release();
    await applicant.waitForEnd(SECOND_MS);
    spy.mockRestore();
    expect(received).toEqual(new Set(sent));
    expect(sent).toHaveLength(150);
  });
});

describe('an applicant that is open again', () => {
  /** Signals the refresh as the webhook does. */
  const sender =
    ({ humanId, upstream, store }: Awaited<ReturnType<typeof createClosed>>) =>
    (reportId: string) => {
      const notice: ReportNotice = { humanId, reportId, type: 'unity', updatedAt: V2 };
      return signalWithStart(REFRESH, reportNoticeSignal, notice, { upstream, store });
    };

  test('receives the notices, and the refresh stores nothing', async () => {
    const person = await createClosed();
    const applicant = await person.start({ again: true });
    await applicant.skipUntil(({ stage }) => stage === 'collecting', SECOND_MS);
    for (const reportId of ['new-1', 'new-2']) sender(person)(reportId);
    expect(await refreshResult()).toEqual({ clientUserId: ID, ended: 'open', stored: 0, ignored: 0 });
    const { events } = await applicant.handle.fetchHistory();
    expect(events?.filter((event) => (event as unknown) === 'WorkflowExecutionSignaled')).toHaveLength(2);
  });

  test('during a refresh keeps its manifest open, and the refresh ends without another list', async () => {
    const person = await createClosed();
    const { upstream, store, start } = person;
    const release = upstream.hold('openReport');
    sender(person)('u-A');
    const skipping = skip(MINUTE_MS);
    await upstream.waitForCall('openReport', 2);
    sender(person)('c-A');
    const applicant = await start({ again: true });
    await applicant.state();
    expect(store.manifests.get(ID)?.outcome).toBeNull();
    const written = store.written.length;
    release();
    await skipping;
    expect(await refreshResult()).toMatchObject({ ended: 'open', stored: 2 });
    for (const manifest of store.written.slice(written - 1))
      expect(manifest).toMatchObject({ outcome: null, closedAt: null, refreshedAt: null });
    expect(store.manifests.get(ID)?.documents.some(({ updatedAt }) => updatedAt === V2)).toBe(true);
  });
});
