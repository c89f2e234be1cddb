import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { StoreUnavailable } from '../../src/report-store/errors';
import { Unavailable } from '../../src/upstream/errors';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { useTimeSkipping } from '../support/time-skipping';

const { followOn, nowMs } = useTimeSkipping();

const DOWN = new Unavailable(facts(503), 'scripted');

async function countSignals(applicant: Awaited<ReturnType<typeof followOn>>): Promise<number> {
  const { events } = await applicant.handle.fetchHistory();
  return events?.filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal).length ?? 0;
}

test('an activity that fails for five minutes signals its applicant once, and its answer ends it', async () => {
  const upstream = new FakeUpstream([]);
  const startMs = await nowMs();
  upstream.faults.push({ route: 'findPeople', error: DOWN, when: (atMs) => atMs < startMs + HOUR_MS / 2 });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  const stuck = await applicant.skipUntil(({ stuckCalls }) => Object.keys(stuckCalls).length > 0, 20 * SECOND_MS);
  const afterMs = (await nowMs()) - startMs;
  expect(Object.values(stuck.stuckCalls)).toMatchObject([{ call: 'invite' }]);
  expect(Math.abs((Object.values(stuck.stuckCalls)[0]?.sinceMs ?? 0) - startMs)).toBeLessThan(10 * SECOND_MS);
  expect([afterMs > 5 * MINUTE_MS, afterMs < 8 * MINUTE_MS]).toEqual([true, true]);
  await applicant.skip(15 * MINUTE_MS);
  expect(await countSignals(applicant)).toBe(1);
  const invited = await applicant.skipUntil(({ humanId }) => humanId !== null);
  expect(invited.stuckCalls).toEqual({});
});

test('so does an activity on the store, which has no heartbeats', async () => {
  const startMs = await nowMs();
  const store = new FakeStore();
  const { readManifest } = store;
  store.readManifest = async (clientUserId) => {
    if ((await nowMs()) < startMs + HOUR_MS / 2) throw new StoreUnavailable('EIO', 'open');
    return readManifest(clientUserId);
  };
  const applicant = await followOn(new FakeUpstream([]), { policy: BY_NOTICES, store });
  const stuck = await applicant.skipUntil(({ stuckCalls }) => Object.keys(stuckCalls).length > 0, 20 * SECOND_MS);
  expect(Object.values(stuck.stuckCalls)).toMatchObject([{ call: 'readEarlierRound' }]);
  expect((await nowMs()) - startMs).toBeGreaterThan(5 * MINUTE_MS);
  const { stuckCalls, timeline } = await applicant.skipUntil(({ humanId }) => humanId !== null);
  expect(stuckCalls).toEqual({});
  // A server drops the repeats of the signal by their request id; this one does not, so the workflow ignores them.
  expect(timeline.entries.filter(({ kind }) => kind === 'call-stuck')).toMatchObject([{ source: 'worker' }]);
});
