import type { WorkflowHandle } from '@temporalio/client';
import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import type { StoredDocument } from '../../src/domain/reports';
import type { Manifest } from '../../src/report-store/port';
import { AccessDenied, BadDocument } from '../../src/upstream/errors';
import {
  REFRESH_REPORTS,
  type RefreshReportsResult,
  refreshWorkflowId,
  reportNoticeSignal,
} from '../../src/workflows/contract';
import type { refreshReports } from '../../src/workflows/refresh-reports';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
import { TimeSkipping } from '../support/time-skipping';

const V1 = '2026-01-01T00:00:00.000Z';
const V2 = '2026-02-01T00:00:00.000Z';
/** Two reports of one provider, as they were when the applicant was closed. */
const SYNCED: Change = { afterMs: 0, status: 'All Synced', reports: provider('p') };

let server: TimeSkipping;
let sequence = 0;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await TimeSkipping.start();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await server?.stop();
});

function stored(reportId: string, type: string, format: 'json' | 'pdf', sha256 = 'old'): StoredDocument {
  return {
    file: `${type}/${reportId}.${V1}.${format}`,
    type,
    organization: { id: 'o-p', name: 'p' },
    format,
    reportId,
    updatedAt: V1,
    seenAt: null,
    sha256,
    bytes: 3,
    contentType: 'application/pdf',
    storedAt: V1,
    superseded: false,
  };
}

/** An applicant that was closed with a provider's usual documents, and an upstream that goes on by the script. */
async function setup(options: { script?: readonly Change[]; manifest?: Partial<Manifest> | null } = {}) {
  sequence += 1;
  const clientUserId = `REF-${sequence}`;
  const taskQueue = `refresh-${sequence}`;
  const nowMs = await server.env.currentTimeMs();
  const humanApi = new FakeUpstream([SYNCED, ...(options.script ?? [])]);
  const { humanId } = humanApi.enrol(clientUserId, `${clientUserId}@example.org`, nowMs);
  const store = new FakeStore();
  if (options.manifest !== null) {
    store.keep(clientUserId, {
      humanId,
      outcome: 'collected',
      wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
      openedAt: new Date(nowMs - DAY_MS).toISOString(),
      closedAt: new Date(nowMs - HOUR_MS).toISOString(),
      documents: [stored('u-p', 'unity', 'json'), stored('u-p', 'unity', 'pdf'), stored('c-p', 'ccdraw', 'pdf')],
      ...options.manifest,
    });
  }
  const directory = { findByHumanId: async () => null, deliverReportNotice: async () => 'taken' as const };
  const handle: WorkflowHandle<typeof refreshReports> = server.client.workflow.getHandle(
    refreshWorkflowId(clientUserId),
  );
  const notice = (reportId: string, updatedAt: string | null = V2): ReportNotice => ({
    humanId,
    reportId,
    type: 'unity',
    updatedAt,
  });
  return {
    clientUserId,
    taskQueue,
    humanApi,
    store,
    handle,
    notice,
    manifest: () => store.manifests.get(clientUserId),
    async work() {
      stops.push(await server.work(taskQueue, humanApi, { store, directory }));
    },
    /** As the webhook does it. */
    async tell(...notices: readonly ReportNotice[]) {
      for (const each of notices) {
        await server.client.workflow.signalWithStart(REFRESH_REPORTS, {
          taskQueue,
          workflowId: refreshWorkflowId(clientUserId),
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          signal: reportNoticeSignal,
          signalArgs: [each],
        });
      }
    },
    async end(stepMs = 10 * SECOND_MS): Promise<RefreshReportsResult> {
      for (let passedMs = 0; passedMs < 3 * DAY_MS; passedMs += stepMs) {
        const { name } = (await handle.describe()).status;
        if (name !== 'RUNNING' && name !== 'CONTINUED_AS_NEW') return handle.result();
        await server.env.sleep(stepMs);
      }
      throw new Error('the refresh did not end');
    },
  };
}

test('a newer version is stored beside the older one, and the outcome stays as it was', async () => {
  const { tell, work, end, notice, manifest, humanApi } = await setup({
    script: [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }],
  });
  const before = manifest();
  await tell(notice('u-p'));
  await work();
  expect(await end()).toMatchObject({ ended: 'refreshed', stored: 2, ignored: 0 });
  expect(manifest()).toMatchObject({ outcome: 'collected', reason: null, closedAt: before?.closedAt });
  expect(manifest()?.refreshedAt).not.toBeNull();
  const versions = manifest()?.documents.map(({ reportId, format, updatedAt, superseded }) =>
    [reportId, format, updatedAt === V2 ? 'new' : 'old', superseded ? 'superseded' : ''].join(' ').trim(),
  );
  expect(versions?.sort()).toEqual([
    'c-p pdf old',
    'u-p json new',
    'u-p json old superseded',
    'u-p pdf new',
    'u-p pdf old superseded',
  ]);
  expect(
    humanApi.calls
      .map(({ route, of }) => `${route} ${of}`)
      .slice(1)
      .sort(),
  ).toEqual(['openReport u-p.json', 'openReport u-p.pdf']);
});

test('of a later round with other details, what is stored is of that round, and what is superseded is fetched again', async () => {
  const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }];
  const { tell, work, end, notice, manifest } = await setup({ script, manifest: { round: 2, detailsRound: 2 } });
  await tell(notice('u-p'));
  await work();
  expect(await end()).toMatchObject({ ended: 'refreshed' });
  const told = manifest()?.documents.map(({ round, superseded }) => `${round} ${superseded}`);
  // The ccdraw that is listed as it was has the place of the superseded one.
  expect(told?.sort()).toEqual(['1 true', '1 true', '2 false', '2 false', '2 false']);
});

test('the same bytes under a later version add no file, only when they were seen', async () => {
  const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }];
  const { tell, work, end, notice, manifest, humanApi } = await setup({ script, manifest: { documents: [] } });
  await tell(notice('u-p'));
  await work();
  await end();
  const first = manifest();
  humanApi.bytes.set('u-p.json', `u-p ${V2} json`).set('u-p.pdf', `u-p ${V2} pdf`);
  const V3 = '2026-03-01T00:00:00.000Z';
  const reports = [...provider('p').slice(1), row('u-p', 'unity', 'p', V3)];
  const again = humanApi.listReports;
  humanApi.listReports = async (clientUserId) => again(clientUserId).then(() => reports);
  await tell(notice('u-p', V3));
  expect(await end()).toMatchObject({ ended: 'refreshed', stored: 2 });
  expect(manifest()?.documents.map(({ file }) => file)).toEqual(first?.documents.map(({ file }) => file));
  const seen = manifest()?.documents.filter(({ reportId }) => reportId === 'u-p');
  expect(seen?.map(({ updatedAt, seenAt }) => [updatedAt, seenAt])).toEqual([
    [V2, V3],
    [V2, V3],
  ]);
});

test('what arrived is no longer missing', async () => {
  const organization = { id: 'o-p', name: 'p' };
  const missing = (['json', 'pdf'] as const).map((format) => ({
    type: 'unity',
    organization,
    format,
    reason: 'missing' as const,
    detail: 'upstream lists no such report',
  }));
  const { tell, work, end, notice, manifest } = await setup({
    manifest: { outcome: 'partial', reason: 'missing-documents', missing, documents: [stored('c-p', 'ccdraw', 'pdf')] },
  });
  await tell(notice('u-p', V1));
  await work();
  expect(await end()).toMatchObject({ stored: 2 });
  expect(manifest()).toMatchObject({ outcome: 'partial', reason: 'missing-documents', missing: [] });
});

test.each<[RefreshReportsResult['ended'], Partial<Manifest> | null]>([
  ['withdrawn', { outcome: 'declined', reason: 'declined' }],
  ['withdrawn', { outcome: 'cancelled', reason: 'operator' }],
  ['withdrawn', { outcome: 'partial', reason: 'deadline' }],
  ['none', { outcome: null, closedAt: null }],
  ['none', null],
  ['too-old', { closedAt: '2020-01-01T00:00:00.000Z' }],
  ['too-old', { closedAt: null }],
])('it ends as %s and asks upstream for nothing where the manifest says %j', async (ended, manifest) => {
  const { tell, work, end, notice, humanApi, store } = await setup({ manifest });
  await tell(notice('u-p'));
  await work();
  expect(await end()).toMatchObject({ ended, stored: 0 });
  expect(humanApi.calls).toEqual([]);
  expect(store.written).toEqual([]);
});

test('notices that come within two seconds, or while the list is under way, share lists', async () => {
  const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2), row('c-p', 'ccdraw', 'p', V2)] }];
  const { tell, work, end, notice, manifest, humanApi } = await setup({ script });
  const release = humanApi.hold('listReports');
  await tell(notice('u-p'), notice('c-p'), notice('u-p'));
  await work();
  await listAsked(humanApi);
  await tell(notice('c-p', V2), notice('u-p', V1));
  release();
  expect(await end()).toMatchObject({ stored: 3 });
  expect(humanApi.count('listReports')).toBeLessThanOrEqual(2);
  expect(manifest()?.documents).toHaveLength(6);
});

test('a list that lags behind the notice is asked for again, and given up in the end', async () => {
  const late = { afterMs: 4 * MINUTE_MS, reports: [row('u-p', 'unity', 'p', V2)] };
  const { tell, work, end, notice, humanApi } = await setup({ script: [late] });
  await tell(notice('u-p'));
  await work();
  expect(await end()).toMatchObject({ ended: 'refreshed', stored: 2 });
  expect(humanApi.count('listReports')).toBe(3);
  await tell(notice('never-listed'));
  expect(await end()).toMatchObject({ ended: 'refreshed', stored: 0 });
  expect(humanApi.count('listReports')).toBe(3 + 4);
});

test('where upstream refuses access for an hour, with proven credentials, the person is withdrawn: it ends, and what was collected stays', async () => {
  const { tell, work, end, notice, humanApi, store } = await setup({ script: [{ afterMs: 1, gone: true }] });
  await tell(notice('u-p'));
  await work();
  expect(await end()).toMatchObject({ ended: 'withdrawn', stored: 0 });
  expect(humanApi.count('listReports')).toBeGreaterThan(20);
  expect(store.written).toEqual([]);
});

test('a notice of another person is ignored and counted', async () => {
  const { tell, work, end, notice, humanApi } = await setup();
  await tell({ ...notice('u-p'), humanId: 'somebody-else' });
  await work();
  expect(await end()).toMatchObject({ ended: 'refreshed', stored: 0, ignored: 1 });
  expect(humanApi.calls).toEqual([]);
});

test('a document that cannot be had now is tried again, as while the applicant was open', async () => {
  const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }];
  const { tell, work, end, notice, manifest, humanApi } = await setup({ script });
  humanApi.faults.push({ route: 'openReport', of: 'u-p.pdf', error: new BadDocument(facts(200), 'cut'), times: 6 });
  await tell(notice('u-p'));
  await work();
  expect(await end(MINUTE_MS)).toMatchObject({ stored: 2 });
  expect(manifest()?.documents.filter(({ updatedAt }) => updatedAt === V2)).toHaveLength(2);
});

test('a flood hands over to a fresh run, and costs a few lists', async () => {
  const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }];
  const { tell, work, end, notice, manifest, handle, humanApi } = await setup({ script });
  await tell(notice('u-p'));
  for (let at = 0; at < 2_050; at += 1) await handle.signal(reportNoticeSignal, notice(`forged-${at}`));
  await work();
  expect(await end(MINUTE_MS)).toMatchObject({ stored: 2 });
  expect(manifest()?.documents).toHaveLength(5);
  expect(humanApi.count('listReports')).toBeLessThanOrEqual(6);
}, 60_000);

describe('the checks that a closing asks for', () => {
  const UNITY = row('u-A', 'unity', 'A');
  /** The ccdraw comes hours after the closing, and its notice gets lost. */
  const LATE: readonly Change[] = [
    { afterMs: HOUR_MS, status: 'All Synced', reports: [UNITY] },
    { afterMs: 12 * HOUR_MS, reports: [row('c-A', 'ccdraw', 'A', V2)] },
  ];

  async function closed(refreshCheckAfterMs: readonly number[]) {
    sequence += 1;
    const clientUserId = `CHECK-${sequence}`;
    const humanApi = new FakeUpstream(LATE);
    const applicant = await server.follow(humanApi, { clientUserId, refreshCheckAfterMs });
    stops.push(applicant.stop);
    expect(await applicant.waitForEnd(HOUR_MS)).toMatchObject({ status: 'COMPLETED' });
    return { applicant, handle: server.client.workflow.getHandle(refreshWorkflowId(clientUserId)) };
  }

  test('store a report whose notice got lost, and the last one ends the refresh', async () => {
    const { applicant, handle } = await closed([DAY_MS, 7 * DAY_MS]);
    const { humanApi } = applicant;
    const before = { lists: humanApi.count('listReports'), manifest: applicant.manifest };
    await applicant.skip(DAY_MS - HOUR_MS);
    expect(humanApi.count('listReports')).toBe(before.lists);
    expect(applicant.manifest.documents).toHaveLength(2);

    await applicant.skip(3 * HOUR_MS);
    await until('the first check', 20_000, () => applicant.manifest.documents.length === 3);
    const { outcome, closedAt, documents, missing } = applicant.manifest;
    expect({ outcome, closedAt }).toEqual({ outcome: before.manifest.outcome, closedAt: before.manifest.closedAt });
    expect(documents.map(({ reportId, format }) => `${reportId} ${format}`)).toContain('c-A pdf');
    expect(missing).toEqual([]);
    expect((await handle.describe()).status.name).toBe('RUNNING');

    await applicant.skip(7 * DAY_MS);
    await until('the last check', 20_000, async () => (await handle.describe()).status.name === 'COMPLETED');
    expect(await handle.result()).toMatchObject({ ended: 'refreshed', stored: 1 });
    expect(humanApi.count('listReports')).toBe(before.lists + 2);
  });

  test('are not made where they are off, nor after REFRESH_FOR', async () => {
    for (const afterMs of [[], [31 * DAY_MS]]) {
      const { handle } = await closed(afterMs);
      await expect(handle.describe()).rejects.toThrow(/not found/i);
    }
  });

  test('leave a later round alone, which asks for its own when it closes', async () => {
    const { applicant, handle } = await closed([DAY_MS]);
    const { humanApi, store, clientUserId } = applicant;
    const options = { clientUserId, store, refreshCheckAfterMs: [DAY_MS], input: { again: true } };
    const again = await server.follow(humanApi, options);
    stops.push(again.stop);
    await again.waitForEnd(MINUTE_MS);
    const lists = humanApi.count('listReports');
    await again.skip(DAY_MS - HOUR_MS);
    expect(humanApi.count('listReports')).toBe(lists);
    await again.skip(3 * HOUR_MS);
    await until('the check', 20_000, async () => (await handle.describe()).status.name === 'COMPLETED');
    expect(humanApi.count('listReports')).toBe(lists + 1);
    expect(again.manifest).toMatchObject({ closedAt: expect.any(String), missing: [] });
  });

  test('outlive a refusal of access at an earlier one', async () => {
    const { applicant, handle } = await closed([DAY_MS, 7 * DAY_MS]);
    const { humanApi } = applicant;
    // For longer than it is doubted.
    let refuses = true;
    humanApi.faults.push({ route: 'listReports', error: new AccessDenied(facts(403)), when: () => refuses });
    await applicant.skip(2 * DAY_MS);
    await until('the refusal', 20_000, () => humanApi.count('proveCredentials') > 0);
    refuses = false;
    expect(applicant.manifest.documents).toHaveLength(2);
    await applicant.skip(6 * DAY_MS);
    await until('the last check', 20_000, async () => (await handle.describe()).status.name === 'COMPLETED');
    expect(await handle.result()).toMatchObject({ ended: 'refreshed', stored: 1 });
  });

  test('end with the refresh where the person was withdrawn meanwhile', async () => {
    const { applicant, handle } = await closed([DAY_MS]);
    applicant.store.keep(applicant.clientUserId, { outcome: 'cancelled', reason: 'operator' });
    const lists = applicant.humanApi.count('listReports');
    await applicant.skip(DAY_MS + 3 * HOUR_MS);
    await until('the end', 20_000, async () => (await handle.describe()).status.name === 'COMPLETED');
    expect(await handle.result()).toMatchObject({ ended: 'withdrawn' });
    expect(applicant.humanApi.count('listReports')).toBe(lists);
  });
});

describe('an applicant that is open again', () => {
  test('gets the notices, and the refresh stores nothing', async () => {
    const { clientUserId, humanApi, store, tell, work, end, notice } = await setup();
    const applicant = await server.follow(humanApi, { clientUserId, store, input: { again: true } });
    stops.push(applicant.stop);
    await applicant.skipUntil(({ stage }) => stage === 'collecting', SECOND_MS);
    await tell(notice('new-1'), notice('new-2'));
    await work();
    expect(await end()).toEqual({ clientUserId, ended: 'open', stored: 0, ignored: 0 });
    const { events } = await applicant.handle.fetchHistory();
    expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes)).toHaveLength(2);
  });

  test('while a refresh is under way keeps its manifest open, and the refresh ends without another list', async () => {
    const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }];
    const { clientUserId, humanApi, store, tell, work, end, notice, manifest } = await setup({ script });
    const release = humanApi.hold('openReport');
    await tell(notice('u-p'));
    await work();
    while (humanApi.count('openReport') < 2) await server.env.sleep(SECOND_MS);
    await tell(notice('c-p'));

    const applicant = await server.follow(humanApi, { clientUserId, store, input: { again: true } });
    stops.push(applicant.stop);
    await until('the manifest of the new round', 10_000, () => manifest()?.outcome === null);
    const written = store.written.length;
    release();
    expect(await end()).toMatchObject({ ended: 'open', stored: 2 });
    const since = store.written.slice(written - 1);
    expect(since.map(({ outcome, closedAt, refreshedAt }) => [outcome, closedAt, refreshedAt])).toEqual(
      since.map(() => [null, null, null]),
    );
    expect(manifest()?.documents.map(({ updatedAt }) => updatedAt)).toContain(V2);
  });
});

test('a cancel under way records what was stored before it ends', async () => {
  const script = [{ afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] }];
  const { humanApi, tell, work, notice, manifest, handle } = await setup({ script });
  const release = humanApi.hold('openReport');
  await tell(notice('u-p'));
  await work();
  while (humanApi.count('openReport') < 2) await server.env.sleep(SECOND_MS);
  await handle.cancel();
  release();
  await until('the refresh to end', 10_000, async () => (await handle.describe()).status.name === 'CANCELLED');
  const lie = manifest()?.documents.filter(({ updatedAt }) => updatedAt === V2) ?? [];
  const { events = [] } = await handle.fetchHistory();
  const fetches = (events ?? []).filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'fetchDocument',
  );
  const fetched = (events ?? []).filter((event) =>
    fetches.some(
      ({ eventId }) => String(event.activityTaskCompletedEventAttributes?.scheduledEventId) === String(eventId),
    ),
  );
  expect(fetched.length).toBeGreaterThan(0);
  expect(lie).toHaveLength(fetched.length);
});

/** In real time: what is held is under way. */
async function listAsked(humanApi: FakeUpstream): Promise<void> {
  while (humanApi.count('listReports') === 0) await server.env.sleep(SECOND_MS);
}
