import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { createKeyedDigest } from '../../src/report-store/keyed-digest';
import type { Manifest } from '../../src/report-store/port';
import { AccessDenied } from '../../src/upstream/errors';
import { REFRESH_REPORTS, refreshWorkflowId, reportNoticeSignal } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
import { useTimeSkipping } from '../support/time-skipping';

// Applicants and their refreshes signal each other through Temporal's client, so these tests need a real server.
const { server, followOn, nowMs } = useTimeSkipping();

const V2 = '2026-02-01T00:00:00.000Z';
let sequence = 0;

function refreshOf(clientUserId: string) {
  return server().client.workflow.getHandle(refreshWorkflowId(clientUserId));
}

describe('the checks that a closing schedules', () => {
  /** The ccdraw is listed hours after the closing, and its notice is lost. */
  const LATE: readonly Change[] = [
    { afterMs: HOUR_MS, status: 'All Synced', reports: [row('u-A', 'unity', 'A')] },
    { afterMs: 12 * HOUR_MS, reports: [row('c-A', 'ccdraw', 'A', V2)] },
  ];

  async function close(refreshCheckAfterMs: readonly number[]) {
    sequence += 1;
    const clientUserId = `CHECK-${sequence}`;
    const applicant = await followOn(new FakeUpstream(LATE), { clientUserId, refreshCheckAfterMs });
    expect(await applicant.waitForEnd(HOUR_MS)).toMatchObject({ status: 'COMPLETED' });
    const handle = refreshOf(clientUserId);
    const status = async () => (await handle.describe()).status.name;
    const completed = () => until('the last check', async () => (await status()) === 'COMPLETED');
    return { applicant, handle, status, completed };
  }

  test('store a report without a notice, and the last one ends the refresh', async () => {
    const { applicant, handle, status, completed } = await close([DAY_MS, 7 * DAY_MS]);
    const { upstream } = applicant;
    const before = { lists: upstream.count('listReports'), manifest: applicant.manifest };
    await applicant.skip(DAY_MS - HOUR_MS);
    expect(upstream.count('listReports')).toBe(before.lists);
    await applicant.skip(3 * HOUR_MS);
    await until('the first check', () => applicant.manifest.documents.length === 3);
    const { outcome, closedAt } = before.manifest;
    expect(applicant.manifest).toMatchObject({ outcome, closedAt, missing: [] });
    expect(await status()).toBe('RUNNING');
    await applicant.skip(7 * DAY_MS);
    await completed();
    expect(await handle.result()).toMatchObject({ ended: 'refreshed', stored: 1 });
    expect(upstream.count('listReports')).toBe(before.lists + 2);
  });

  test('do not run if they are off or later than REFRESH_FOR', async () => {
    for (const afterMs of [[], [31 * DAY_MS]]) {
      const { handle } = await close(afterMs);
      await expect(handle.describe()).rejects.toThrow(/not found/i);
    }
  });

  test('leave a later round alone, which schedules its own', async () => {
    const { applicant, completed } = await close([DAY_MS]);
    const { upstream, store, clientUserId } = applicant;
    const options = { clientUserId, store, refreshCheckAfterMs: [DAY_MS], input: { again: true } };
    const again = await followOn(upstream, options);
    await again.waitForEnd(MINUTE_MS);
    const lists = upstream.count('listReports');
    await again.skip(DAY_MS - HOUR_MS);
    expect(upstream.count('listReports')).toBe(lists);
    await again.skip(3 * HOUR_MS);
    await completed();
    expect(upstream.count('listReports')).toBe(lists + 1);
    expect(again.manifest).toMatchObject({ closedAt: expect.any(String), missing: [] });
  });

  test('continue after one that upstream denies', async () => {
    const { applicant, handle, completed } = await close([DAY_MS, 7 * DAY_MS]);
    const { upstream } = applicant;
    let isDenied = true;
    upstream.faults.push({ route: 'listReports', error: new AccessDenied(facts(403)), when: () => isDenied });
    await applicant.skip(2 * DAY_MS);
    await until('the denial', () => upstream.count('proveCredentials') > 0);
    isDenied = false;
    await applicant.skip(6 * DAY_MS);
    await completed();
    expect(await handle.result()).toMatchObject({ ended: 'refreshed', stored: 1 });
  });

  test('end if the person is withdrawn', async () => {
    const { applicant, handle, completed } = await close([DAY_MS]);
    applicant.store.addManifest(applicant.clientUserId, { outcome: 'cancelled', reason: 'operator' });
    const lists = applicant.upstream.count('listReports');
    await applicant.skip(DAY_MS + 3 * HOUR_MS);
    await completed();
    expect(await handle.result()).toMatchObject({ ended: 'withdrawn' });
    expect(applicant.upstream.count('listReports')).toBe(lists);
  });
});

/** A person whose applicant closed an hour ago; upstream has a newer version since. */
async function closed(left: Partial<Manifest> = {}) {
  sequence += 1;
  const clientUserId = `POL-closed-${sequence}`;
  const closedAtMs = (await nowMs()) - HOUR_MS;
  const reports = [...provider('A'), row('u-A', 'unity', 'A', V2)];
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
  const { humanId } = upstream.addPerson(clientUserId, `${clientUserId}@example.org`, closedAtMs);
  const store = new FakeStore();
  const closedAt = new Date(closedAtMs).toISOString();
  store.addManifest(clientUserId, {
    humanId,
    outcome: 'collected',
    closedAt,
    wanted: { unity: ['json', 'pdf'] },
    ...left,
  });
  return {
    ...{ clientUserId, humanId, upstream, store, refresh: refreshOf(clientUserId) },
    notice: (reportId: string): ReportNotice => ({ humanId, reportId, type: 'unity', updatedAt: V2 }),
    countNewer: () => store.manifests.get(clientUserId)?.documents.filter(({ updatedAt }) => updatedAt === V2).length,
  };
}

describe('a report notice to a run that ends with a recorded outcome', () => {
  /** A run that waits for the manifest. */
  async function reading(left: Partial<Manifest>) {
    const person = await closed(left);
    const { store, upstream, clientUserId } = person;
    const release = store.hold();
    const applicant = await followOn(upstream, { store, clientUserId });
    await store.waitForCall();
    const send = (reportId: string) => applicant.sendReportNotice(reportId, V2, person.humanId);
    return { ...person, applicant, release, send };
  }

  test.each<[string, Partial<Manifest>, object]>([
    ['of the same details', {}, { outcome: 'collected', reason: null }],
    [
      'of other details',
      { detailsDigest: createKeyedDigest(DIGEST_KEYS, 'digest of other details') },
      { outcome: 'failed', reason: 'conflict' },
    ],
  ])('%s goes to the refresh', async (_what, left, result) => {
    const { applicant, send, release, countNewer, refresh } = await reading(left);
    await send('u-A');
    release();
    expect((await applicant.waitForEnd(SECOND_MS)).result).toMatchObject(result);
    for (let minutes = 0; minutes < 60 && countNewer() !== 2; minutes += 1) await applicant.skip(MINUTE_MS);
    expect(await refresh.result()).toMatchObject({ ended: 'refreshed', stored: 2 });
  });

  test('of a withdrawn person is dropped', async () => {
    const { applicant, send, release, refresh } = await reading({ outcome: 'partial', reason: 'deadline' });
    await send('u-A');
    release();
    expect((await applicant.waitForEnd(SECOND_MS)).result).toMatchObject({ outcome: 'partial', reason: 'deadline' });
    await expect(refresh.describe()).rejects.toThrow();
  });

  test('is not lost if it arrives while others are passed on', async () => {
    const { applicant, send, release, refresh } = await reading({});
    const sent: string[] = [];
    const sendAndCount = (reportId: string) => {
      sent.push(reportId);
      return send(reportId);
    };
    const passed = new Set<string>();
    const service = server().client.workflowService;
    const pass = service.signalWithStartWorkflowExecution.bind(service);
    const spy = jest.spyOn(service, 'signalWithStartWorkflowExecution');
    spy.mockImplementation(async (request: Parameters<typeof pass>[0]) => {
      passed.add(reportIdIn(request.signalInput));
      if (passed.size === sent.length && sent.length < 150) await sendAndCount(`later-${sent.length}`);
      return pass(request);
    });
    await Promise.all(Array.from({ length: 120 }, (_, index) => sendAndCount(`early-${index}`)));
    release();
    await until('the end', async () => (await applicant.handle.describe()).status.name !== 'RUNNING');
    spy.mockRestore();
    const received = async () => {
      const { events } = await refresh.fetchHistory();
      const signals = (events ?? []).map(({ workflowExecutionSignaledEventAttributes: signal }) => signal);
      return new Set(signals.flatMap((signal) => (signal ? [reportIdIn(signal.input)] : [])));
    };
    await until('all of them in the refresh', async () => (await received()).size >= sent.length);
    expect(await received()).toEqual(new Set(sent));
    expect(sent).toHaveLength(150);
  });
});

describe('an applicant that is open again', () => {
  /** Signals the refresh as the webhook does, with workers of its own. */
  async function startRefresh({ clientUserId, upstream, store, notice }: Awaited<ReturnType<typeof closed>>) {
    const taskQueue = `refresh-${sequence}`;
    const send = (reportId: string) =>
      server().client.workflow.signalWithStart(REFRESH_REPORTS, {
        ...{ taskQueue, workflowId: refreshWorkflowId(clientUserId), workflowIdReusePolicy: 'ALLOW_DUPLICATE' },
        ...{ signal: reportNoticeSignal, signalArgs: [notice(reportId)] },
      });
    return { send, stop: await server().work(taskQueue, upstream, store) };
  }

  test('receives the notices, and the refresh stores nothing', async () => {
    const person = await closed();
    const { clientUserId, upstream, store, refresh } = person;
    const applicant = await followOn(upstream, { clientUserId, store, input: { again: true } });
    await applicant.skipUntil(({ stage }) => stage === 'collecting', SECOND_MS);
    const { send, stop } = await startRefresh(person);
    await send('new-1');
    await send('new-2');
    await until('the end', async () => (await refresh.describe()).status.name === 'COMPLETED');
    expect(await refresh.result()).toEqual({ clientUserId, ended: 'open', stored: 0, ignored: 0 });
    const { events } = await applicant.handle.fetchHistory();
    expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes)).toHaveLength(2);
    await stop();
  });

  test('during a refresh keeps its manifest open, and the refresh ends without another list', async () => {
    const person = await closed();
    const { clientUserId, upstream, store, refresh, countNewer } = person;
    const release = upstream.hold('openReport');
    const { send, stop } = await startRefresh(person);
    await send('u-A');
    while (upstream.count('openReport') < 2) await server().env.sleep(SECOND_MS);
    await send('c-A');
    await followOn(upstream, { clientUserId, store, input: { again: true } });
    await until('the manifest of the new round', () => store.manifests.get(clientUserId)?.outcome === null);
    const written = store.written.length;
    release();
    await until('the end', async () => (await refresh.describe()).status.name === 'COMPLETED');
    expect(await refresh.result()).toMatchObject({ ended: 'open', stored: 2 });
    for (const manifest of store.written.slice(written - 1))
      expect(manifest).toMatchObject({ outcome: null, closedAt: null, refreshedAt: null });
    expect(countNewer()).toBeGreaterThan(0);
    await stop();
  });
});

function reportIdIn(input: { payloads?: { data?: Uint8Array | null }[] | null } | null | undefined): string {
  const data = input?.payloads?.[0]?.data ?? '';
  return (JSON.parse(Buffer.from(data).toString()) as ReportNotice).reportId;
}
