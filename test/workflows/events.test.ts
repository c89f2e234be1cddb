import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import { recordEventsIn } from '../support/event-recorder';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';

const { followOn } = useSimulation();

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
