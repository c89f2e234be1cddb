import { createReportActivities } from '../../src/activities/reports';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from '../../src/domain/policy';
import { T0, truthOf } from '../domain/model/upstream';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import { CLIENT_USER_ID, NO_FAULTS, simulate } from './applicant';
import type { Activities } from './attempts';
import { WorkflowCode } from './workflow-code';

/** Temporal rejects 2 MB, including the overhead of a codec. */
const MAX_PAYLOAD_BYTES = 1_500_000;

const code = new WorkflowCode(['recordManifest']);

const TRUTH = truthOf([
  { atMs: T0, status: 'Invited' },
  { atMs: T0 + HOUR_MS, status: 'All Synced' },
]);
const CLINIC = { id: '5b1daf3f079c652eaf41fd23', name: 'Starfleet Medical' };
const POLICY = { ...DEFAULT_POLICY, wanted: { unity: ['json', 'pdf'] } } as const;

/** Replaces the activities for reports by those of this upstream. `largest`: the size of the largest argument or result of an activity. */
function setup(upstream: FakeUpstream) {
  const sizes = { largest: 0 };
  const reportActivities = createReportActivities({ upstream, reportStore: new FakeStore() });
  const wrap = (others: Activities): Activities =>
    Object.fromEntries(
      Object.entries({ ...others, ...(reportActivities as unknown as Activities) }).map(([name, run]) => [
        name,
        async (...args: never[]) => {
          const result = await run(...args);
          const bytes = [...args, result ?? null].map((value) => Buffer.byteLength(JSON.stringify(value)));
          sizes.largest = Math.max(sizes.largest, ...bytes);
          return result;
        },
      ]),
    );
  return { sizes, wrap };
}

test('2,900 reports, more than one answer lists, are collected in parts over several runs, and an unavailable format counts as answered', async () => {
  const reports = Array.from({ length: 2_900 }, (_, index) => ({
    id: `5b1daf3f079c652e${String(index).padStart(8, '0')}`,
    type: 'unity',
    organization: CLINIC,
    updatedAt: new Date(T0 + index).toISOString(),
  }));
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports }]);
  upstream.addPerson(CLIENT_USER_ID, 'pol-1@example.org', T0);
  upstream.notOffered = ['unity:json'];
  const { sizes, wrap } = setup(upstream);
  const testCase = { ...NO_FAULTS, truth: TRUTH, deliveries: [], suggestAfter: 500 };
  const { closed, manifest } = await simulate(code, testCase, POLICY, T0 + 3 * DAY_MS, wrap);
  expect(closed).toMatchObject({
    status: 'COMPLETED',
    result: { outcome: 'collected', reason: null, documents: 2_900 },
  });
  const opened = upstream.callsTo('openReport').filter(({ target }) => target.endsWith('.pdf'));
  expect([manifest?.documents.length, opened.length]).toEqual([2_900, 2_900]);
  expect(closed.runs).toBeGreaterThan(1);
  expect(Math.max(sizes.largest, closed.carriedBytes)).toBeLessThan(MAX_PAYLOAD_BYTES);
});
