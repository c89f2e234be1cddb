import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { REFRESH_REPORTS, refreshWorkflowId, reportNoticeSignal } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { recordEventsIn } from '../support/event-recorder';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { followOn, nowMs, signalWithStart, waitForResult } = useSimulation();

const COLLECTED: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Engaged' },
  { afterMs: 3 * DAY_MS, status: 'All Synced', reports: provider('A') },
];

function setup(types?: Parameters<typeof recordEventsIn>[1]) {
  const store = new FakeStore();
  return { store, recorded: recordEventsIn(store, types) };
}

test('an applicant emits its start, each stage, each document and its end, in order', async () => {
  const { store, recorded } = setup();
  const applicant = await followOn(new FakeUpstream(COLLECTED), { store, events: recorded.events });
  await applicant.waitForEnd();
  const events = await recorded.read(applicant.clientUserId);
  expect(events.map(({ type, data }) => (data['stage'] === undefined ? type : `${type} ${data['stage']}`))).toEqual([
    'applicant.started',
    'applicant.stage-changed invited',
    'applicant.stage-changed engaged',
    'applicant.stage-changed collecting',
    'document.stored',
    'document.stored',
    'document.stored',
    'applicant.stage-changed closed',
    'applicant.closed',
  ]);
  expect(events.map(({ data }) => data['sequence'])).toEqual(events.map((_, index) => index + 1));
  expect(events[0]?.data).toEqual({ clientUserId: applicant.clientUserId, round: 1, sequence: 1, batchId: null });
  expect(events[3]?.data).toMatchObject({ previous: 'engaged', status: 'All Synced' });
  expect(events.at(-1)?.data).toMatchObject({
    outcome: 'collected',
    reason: null,
    documents: 3,
    missing: { notOffered: 0, notListed: 0, missing: 0, failed: 0 },
  });
  expect(recorded.requests.length).toBeGreaterThan(0);
});

test('a stored document is announced only once the manifest lists it', async () => {
  const { store, recorded } = setup(['document.stored']);
  const applicant = await followOn(new FakeUpstream(COLLECTED), { store, events: recorded.events });
  await applicant.skipTo(2 * DAY_MS);
  const release = store.hold();
  const ending = applicant.waitForEnd();
  await store.waitForCall();
  expect(applicant.upstream.count('openReport')).toBe(3);
  expect(await recorded.read(applicant.clientUserId)).toEqual([]);
  release();
  await ending;
  const events = await recorded.read(applicant.clientUserId);
  expect(events.map(({ data }) => data['sequence'])).toEqual([1, 2, 3]);
});

test('an unknown status leaves without its text', async () => {
  const { store, recorded } = setup(['applicant.stage-changed']);
  const upstream = new FakeUpstream([
    { afterMs: MINUTE_MS, status: 'Ada Lovelace called' },
    { afterMs: HOUR_MS, status: 'Engaged' },
  ]);
  const applicant = await followOn(upstream, { store, events: recorded.events });
  await applicant.skipTo(DAY_MS);
  expect(JSON.stringify(await recorded.read(applicant.clientUserId))).not.toContain('Lovelace');
});

test('a new run of the same round continues the sequence, and emits nothing twice', async () => {
  const { store, recorded } = setup();
  const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }];
  const applicant = await followOn(new FakeUpstream(script), { store, events: recorded.events, policy: BY_NOTICES });
  await applicant.sendNotices(script);
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3);
  await applicant.continueAsNew();
  await applicant.waitForEnd();
  const events = await recorded.read(applicant.clientUserId);
  expect(events.map(({ data }) => data['sequence'])).toEqual(events.map((_, index) => index + 1));
  const types = events.map(({ type }) => type);
  expect(types.filter((type) => type === 'applicant.started')).toHaveLength(1);
  expect(types.filter((type) => type === 'document.stored')).toHaveLength(3);
  expect(types.at(-1)).toBe('applicant.closed');
});

test('a cancel is emitted too, and the run ends once its events are recorded', async () => {
  const { store, recorded } = setup(['applicant.started', 'applicant.closed']);
  const applicant = await followOn(new FakeUpstream([]), { store, events: recorded.events });
  await applicant.waitForInvitation();
  await applicant.handle.cancel();
  await applicant.waitForEnd();
  const events = await recorded.read(applicant.clientUserId);
  expect(events.map(({ type }) => type)).toEqual(['applicant.started', 'applicant.closed']);
  expect(events[1]?.data).toMatchObject({ outcome: 'cancelled', reason: 'operator', documents: 0 });
});

test('a document that comes after the closing is emitted with a refresh', async () => {
  const { store, recorded } = setup();
  const [id, newer] = ['POL-CLOSED', '2026-02-01T00:00:00.000Z'];
  const startMs = await nowMs();
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports: [row('u-A', 'unity', 'A', newer)] }]);
  const { humanId } = upstream.addPerson(id, `${id}@example.org`, startMs);
  store.addManifest(id, {
    ...{ humanId, outcome: 'collected', wanted: { unity: ['pdf'] }, round: 2 },
    openedAt: new Date(startMs - DAY_MS).toISOString(),
    closedAt: new Date(startMs - HOUR_MS).toISOString(),
  });
  const workflow = { workflowType: REFRESH_REPORTS, workflowId: refreshWorkflowId(id) };
  const notice = { humanId, reportId: 'u-A', type: 'unity', updatedAt: newer };
  signalWithStart(workflow, reportNoticeSignal, notice, { upstream, store, events: recorded.events });
  await waitForResult(workflow.workflowId);
  expect((await recorded.read(id)).map(({ type, data }) => [type, data['round'], data['documents']])).toEqual([
    ['document.stored', 2, undefined],
    ['applicant.refreshed', 2, 1],
  ]);
});
