import { temporal } from '@temporalio/proto';
import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { useTimeSkipping } from '../support/time-skipping';

// What a real history contains; the simulated server keeps only the types of the events.
const { follow, followOn } = useTimeSkipping();

const REFERENCE: readonly Change[] = [
  { afterMs: 3 * HOUR_MS - 2, status: 'Engaged' },
  { afterMs: 3 * HOUR_MS - 1, status: 'Syncing' },
  { afterMs: 3 * HOUR_MS, status: 'All Synced', reports: provider('A') },
];

test('a read that confirms the claimed status starts no timer while the list is in flight', async () => {
  const upstream = new FakeUpstream(REFERENCE);
  const { listReports } = upstream;
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  // The last list is answered after the last read.
  upstream.listReports = async (clientUserId) => {
    const isLast = upstream.count('listReports') > 0;
    if (isLast) await until('the read', async () => (await applicant.state()).facts?.read.status === 'All Synced');
    return listReports(clientUserId);
  };
  await applicant.sendNotices(REFERENCE);
  expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  const { events } = await applicant.handle.fetchHistory();
  const timers = (events ?? []).flatMap(
    ({ timerStartedEventAttributes: timer }) => timer?.startToFireTimeout?.seconds ?? [],
  );
  expect(timers.map(Number)).not.toContain(60);
});

test('only the start and the invitation contain personal data, and no event contains a path of the store', async () => {
  const personal = /maxine|mustermann|1971-\d\d-\d\d/i;
  const details = {
    clientUserId: 'POL-history',
    clientUserEmail: 'maxine@example.org',
    firstName: 'Maxine',
    lastName: 'Mustermann',
    dateOfBirth: '1971-02-03',
  };
  const store = new FakeStore();
  const write = store.updateManifest;
  let isDenied = true;
  store.updateManifest = async (change) => {
    if (isDenied) throw Object.assign(new Error('/a/path/of/a/person'), { code: 'EACCES' });
    return write(change);
  };
  const options = { clientUserId: details.clientUserId, store, policy: BY_NOTICES };
  const applicant = await follow(REFERENCE, { ...options, input: { details, detailsDigest: 'digest' } });
  await applicant.sendNotices(REFERENCE);
  await applicant.skip(MINUTE_MS);
  const { raw } = await applicant.handle.describe();
  const { events } = await applicant.handle.fetchHistory();
  const visible = JSON.stringify([events, raw.pendingActivities]);
  expect(visible).toContain('the report store failed');
  expect(visible).not.toContain('/a/path');
  isDenied = false;
  await applicant.waitForEnd();
  const { events: all = [] } = await applicant.handle.fetchHistory();
  const withPersonalData = (all ?? []).filter((event) =>
    personal.test(Buffer.from(temporal.api.history.v1.HistoryEvent.encode(event).finish()).toString('utf8')),
  );
  const names = withPersonalData.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
  expect(names).toEqual([undefined, 'invite']);
});
