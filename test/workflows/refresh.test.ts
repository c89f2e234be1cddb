import type { ReportNotice } from '../../src/domain/notices';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { StoreUnavailable } from '../../src/report-store/errors';
import type { Manifest } from '../../src/report-store/port';
import { BadDocument } from '../../src/upstream/errors';
import {
  REFRESH_REPORTS,
  type RefreshReportsResult,
  refreshWorkflowId,
  reportNoticeSignal,
} from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import type { Handle } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
import { storedDocument } from '../support/stored';

const { signalWithStart, skip, waitForResult, nowMs } = useSimulation();

const V1 = '2026-01-01T00:00:00.000Z';
const V2 = '2026-02-01T00:00:00.000Z';
const ID = 'POL-closed';
const WORKFLOW = { workflowType: REFRESH_REPORTS, workflowId: refreshWorkflowId(ID) };
/** The second version of the unity report. */
const NEWER: Change = { afterMs: 1, reports: [row('u-p', 'unity', 'p', V2)] };

/** As the fake store saves it. */
const stored = (reportId: string, type: string, format: 'json' | 'pdf') =>
  storedDocument({ reportId, type, format, updatedAt: V1, storedAt: V1, file: `${type}/${reportId}.${V1}.${format}` });

/** An applicant that closed an hour ago with the documents of a provider; null: without a manifest. */
async function setup(script: readonly Change[] = [NEWER], closed: Partial<Manifest> | null = {}) {
  const startMs = await nowMs();
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports: provider('p') }, ...script]);
  const { humanId } = upstream.addPerson(ID, `${ID}@example.org`, startMs);
  const store = new FakeStore();
  if (closed !== null) {
    store.addManifest(ID, {
      humanId,
      outcome: 'collected',
      wanted: { unity: ['json', 'pdf'], ccdraw: ['pdf'] },
      openedAt: new Date(startMs - DAY_MS).toISOString(),
      closedAt: new Date(startMs - HOUR_MS).toISOString(),
      documents: [stored('u-p', 'unity', 'json'), stored('u-p', 'unity', 'pdf'), stored('c-p', 'ccdraw', 'pdf')],
      ...closed,
    });
  }
  let handle: Handle | undefined;
  return {
    upstream,
    store,
    manifest: () => store.manifests.get(ID),
    /** The formats of the stored documents of the newer version, sorted. */
    newerFormats() {
      const newer = store.manifests.get(ID)?.documents.filter(({ updatedAt }) => updatedAt === V2) ?? [];
      return newer.map(({ format }) => format).sort();
    },
    handle: () => handle as Handle,
    notice: (reportId: string, updatedAt: string | null = V2): ReportNotice => ({
      humanId,
      reportId,
      type: 'unity',
      updatedAt,
    }),
    send(...notices: readonly ReportNotice[]) {
      for (const notice of notices) handle = signalWithStart(WORKFLOW, reportNoticeSignal, notice, { upstream, store });
    },
    result: () => waitForResult<RefreshReportsResult>(WORKFLOW.workflowId),
  };
}

test('a newer version is stored next to the older one, and the outcome stays', async () => {
  const { send, result, notice, manifest, upstream } = await setup();
  const before = manifest();
  send(notice('u-p'));
  expect(await result()).toMatchObject({ ended: 'refreshed', stored: 2, ignored: 0 });
  expect(manifest()).toMatchObject({ outcome: 'collected', reason: null, closedAt: before?.closedAt });
  expect(manifest()?.refreshedAt).not.toBeNull();
  const versions = manifest()?.documents.map(
    ({ reportId, format, updatedAt, superseded }) => `${reportId} ${format} ${updatedAt === V2} ${superseded}`,
  );
  expect(versions?.sort()).toEqual([
    'c-p pdf false false',
    'u-p json false true',
    'u-p json true false',
    'u-p pdf false true',
    'u-p pdf true false',
  ]);
  const fetched = upstream.callsTo('openReport').map(({ target }) => target);
  expect([upstream.calls.length, fetched.sort()]).toEqual([3, ['u-p.json', 'u-p.pdf']]);
});

test('documents of a round with other details are superseded and fetched again', async () => {
  const { send, result, notice, manifest } = await setup([NEWER], { round: 2, detailsRound: 2 });
  send(notice('u-p'));
  expect(await result()).toMatchObject({ ended: 'refreshed' });
  const rounds = manifest()?.documents.map(({ round, superseded }) => `${round} ${superseded}`);
  // The ccdraw takes the place of the superseded one.
  expect(rounds?.sort()).toEqual(['1 true', '1 true', '2 false', '2 false', '2 false']);
});

test('a stored document is removed from the missing ones', async () => {
  const missing = (['json', 'pdf'] as const).map((format) => ({
    type: 'unity',
    organization: { id: 'o-p', name: 'p' },
    format,
    reason: 'missing' as const,
    detail: 'upstream lists no such report',
  }));
  const documents = [stored('c-p', 'ccdraw', 'pdf')];
  const partial = { outcome: 'partial', reason: 'missing-documents', missing, documents } as const;
  const { send, result, notice, manifest } = await setup([], partial);
  send(notice('u-p', V1));
  expect(await result()).toMatchObject({ stored: 2 });
  expect(manifest()).toMatchObject({ outcome: 'partial', reason: 'missing-documents', missing: [] });
});

test.each<[RefreshReportsResult['ended'], Partial<Manifest> | null]>([
  ['withdrawn', { outcome: 'partial', reason: 'deadline' }],
  ['withdrawn', { withdrawnAt: '2026-11-01T00:00:00.000Z' }],
  ['none', null],
  ['too-old', { closedAt: '2020-01-01T00:00:00.000Z' }],
])('the refresh ends as %s without a call for the manifest %j', async (ended, closed) => {
  const { send, result, notice, upstream, store } = await setup([NEWER], closed);
  send(notice('u-p'));
  expect(await result()).toMatchObject({ ended, stored: 0 });
  expect([upstream.calls, store.written]).toEqual([[], []]);
});

test('notices within two seconds or during a list share lists', async () => {
  const newer = { afterMs: 1, reports: [row('u-p', 'unity', 'p', V2), row('c-p', 'ccdraw', 'p', V2)] };
  const { send, result, notice, manifest, upstream } = await setup([newer]);
  const release = upstream.hold('listReports');
  send(notice('u-p'), notice('c-p'), notice('u-p'));
  const ended = result();
  await upstream.waitForCall('listReports');
  send(notice('c-p', V2), notice('u-p', V1));
  release();
  expect(await ended).toMatchObject({ stored: 3 });
  expect(upstream.count('listReports')).toBeLessThanOrEqual(2);
  expect(manifest()?.documents).toHaveLength(6);
});

test('a list without the report of the notice is repeated, at most three times', async () => {
  const { send, result, notice, upstream } = await setup([{ ...NEWER, afterMs: 4 * MINUTE_MS }]);
  send(notice('u-p'));
  expect(await result()).toMatchObject({ ended: 'refreshed', stored: 2 });
  expect(upstream.count('listReports')).toBe(3);
  send(notice('never-listed'));
  expect(await result()).toMatchObject({ ended: 'refreshed', stored: 0 });
  expect(upstream.count('listReports')).toBe(3 + 4);
});

test('access that upstream denies for an hour means that the person is withdrawn, and the documents stay', async () => {
  const { send, result, notice, upstream, store } = await setup([{ afterMs: 1, gone: true }]);
  send(notice('u-p'));
  expect(await result()).toMatchObject({ ended: 'withdrawn', stored: 0 });
  expect(upstream.count('listReports')).toBeGreaterThan(20);
  expect(store.written).toEqual([]);
});

test('a notice of another person is ignored and counted', async () => {
  const { send, result, notice, upstream } = await setup();
  send({ ...notice('u-p'), humanId: 'h-else' });
  expect(await result()).toMatchObject({ ended: 'refreshed', stored: 0, ignored: 1 });
  expect(upstream.calls).toEqual([]);
});

test('a broken document is requested again', async () => {
  const { send, result, notice, newerFormats, upstream } = await setup();
  upstream.faults.push({ route: 'openReport', target: 'u-p.pdf', error: new BadDocument(facts(200), 'cut'), times: 6 });
  send(notice('u-p'));
  expect(await result()).toMatchObject({ stored: 2 });
  expect(newerFormats()).toEqual(['json', 'pdf']);
});

test('2,050 notices start a new run and cost few lists', async () => {
  const { send, result, notice, manifest, upstream } = await setup();
  send(notice('u-p'), ...Array.from({ length: 2_050 }, (_, index) => notice(`forged-${index}`)));
  expect(await result()).toMatchObject({ stored: 2 });
  expect(manifest()?.documents).toHaveLength(5);
  expect(upstream.count('listReports')).toBeLessThanOrEqual(6);
});

test('a cancel during the downloads ends them, and the manifest lists what is stored', async () => {
  const { upstream, send, result, notice, newerFormats, handle } = await setup();
  let release = () => {};
  const error = new BadDocument(facts(200), 'cut');
  const when = () => {
    if (upstream.count('openReport') === 2) release = upstream.hold('openReport');
    return true;
  };
  upstream.faults.push({ route: 'openReport', target: 'u-p.pdf', error, when });
  send(notice('u-p'));
  const ended = result();
  await upstream.waitForCall('openReport', 3);
  await handle().cancel();
  release();
  await expect(ended).rejects.toThrow();
  expect((await handle().describe()).status.name).toBe('CANCELLED');
  await skip(HOUR_MS);
  expect(upstream.count('openReport')).toBe(3);
  expect(newerFormats()).toEqual(['json']);
});

test('a cancel while the manifest cannot be written loses no stored document', async () => {
  const { store, send, result, notice, newerFormats, handle } = await setup();
  const write = store.updateManifest;
  store.updateManifest = async () => {
    store.updateManifest = write;
    void handle().cancel();
    throw new StoreUnavailable('EIO', 'open');
  };
  send(notice('u-p'));
  await expect(result()).rejects.toThrow();
  expect((await handle().describe()).status.name).toBe('CANCELLED');
  expect(newerFormats()).toEqual(['json', 'pdf']);
});
