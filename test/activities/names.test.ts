import { Registry } from 'prom-client';
import { createInternalActivities, createUpstreamActivities } from '../../src/activities';
import { createActivityMetrics } from '../../src/activities/metrics';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { manifestDeps, NO_RETENTION, NO_RUNS } from '../support/activity-deps';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';

test('the names of the activities stay, because histories and the tasks of other versions have them', () => {
  const deps = { ...manifestDeps(new FakeStore()), metrics: createActivityMetrics(new Registry()), runs: NO_RUNS };
  const sweepSource = { listApplicants: async () => ({ applicants: [], next: null }), observe: async () => null };
  const internal = {
    ...deps,
    noticeEncryption: NO_ENCRYPTION,
    sweepSource,
    policy: DEFAULT_POLICY,
    retention: NO_RETENTION,
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
    ...['passToRefresh', 'readClosedRound', 'readEarlierRound', 'recordManifest', 'recordRefresh'],
    ...['recordWithdrawal', 'setAside', 'tidySweep'],
  ]);
});
