import { Registry } from 'prom-client';
import { createInternalActivities, createUpstreamActivities } from '../../src/activities';
import { createActivityMetrics } from '../../src/activities/metrics';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { openEndpoints } from '../../src/events/endpoints';
import { openEventLogs } from '../../src/events/event-logs';
import { manifestDeps, NO_BATCHES, NO_RETENTION, NO_RUNS } from '../support/activity-deps';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';

test('the names of the activities stay, because histories and the tasks of other versions have them', () => {
  const store = new FakeStore();
  const deps = { ...manifestDeps(store), metrics: createActivityMetrics(new Registry()), runs: NO_RUNS };
  const sweepSource = { listApplicants: async () => ({ applicants: [], next: null }), observe: async () => null };
  const internal = {
    ...deps,
    noticeEncryption: NO_ENCRYPTION,
    sweepSource,
    policy: DEFAULT_POLICY,
    retention: NO_RETENTION,
    logs: openEventLogs(store.shelf, NO_ENCRYPTION),
    endpoints: openEndpoints(store.shelf),
    deliveries: {
      request: async () => {},
      wake: async () => false,
      listRunning: async () => ({ subjects: [], next: null }),
    },
    batches: NO_BATCHES,
  };
  expect(Object.keys(createUpstreamActivities({ ...deps, upstream: new FakeUpstream(), timeoutMs: 0 })).sort()).toEqual(
    [
      ...['awaitTurn', 'fetchDocument', 'findInvited', 'findKnownPeople', 'findPeople', 'invite', 'isThere'],
      ...['listPeople', 'listReports', 'lookUp', 'readClientUserId', 'readStatus', 'watchReports', 'watchStatus'],
      'withdraw',
    ],
  );
  expect(Object.keys(createInternalActivities(internal)).sort()).toEqual([
    ...['beginSweep', 'checkPart', 'compareShard', 'countRetention', 'eraseDue', 'findApplicant', 'finishSweep'],
    ...['isApplicantOpen', 'isRetentionOn', 'listApplicants', 'listDue', 'passNotice', 'passToApplicant'],
    ...[
      'passToRefresh',
      'probeEndpoint',
      'processSegment',
      'readClosedRound',
      'readEarlierRound',
      'readEndpoint',
      'recordEvents',
    ],
    ...['recordManifest', 'recordRefresh', 'recordWithdrawal', 'recoverEvents', 'setAside', 'tidySweep'],
    'wakeDeliveries',
  ]);
});
