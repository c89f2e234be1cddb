import { createReportActivities } from '../../src/activities/reports';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';
import { NotOffered } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { T0, type Truth } from '../domain/model/upstream';
import { FakeStore } from '../support/fake-store';
import { facts } from '../support/fake-upstream';
import { NO_FAULTS, simulate } from './applicant';
import type { Activities } from './attempts';
import { WorkflowCode } from './workflow-code';

/** Temporal rejects 2 MB, including the overhead of a codec. */
const MAX_PAYLOAD_BYTES = 1_500_000;

const code = new WorkflowCode(['recordManifest']);

const TRUTH: Truth = {
  statuses: [
    { atMs: T0, status: 'Invited' },
    { atMs: T0 + HOUR_MS, status: 'All Synced' },
  ],
  ...{ goneAtMs: null, reports: [], outages: [], lagMs: 0, dated: true },
};

/** The real list and fetch activities over an upstream with these reports. `largest`: the largest argument or result of an activity. */
function setup(rows: readonly ListedReport[], isOffered: (format: string) => boolean = () => true) {
  const sizes = { largest: 0, documents: 0 };
  const upstream = {
    listReports: async () => rows,
    openReport: async (_clientUserId: string, reportId: string, format: string) => {
      if (!isOffered(format)) throw new NotOffered(facts(415));
      const bytes = Buffer.from(`${reportId}.${format}`);
      sizes.documents += 1;
      return {
        contentType: 'text/plain',
        contentLength: bytes.length,
        stream: oneChunk(bytes),
        discard: async () => {},
      };
    },
  } as unknown as Upstream;
  const measure = (activities: Activities): Activities =>
    Object.fromEntries(
      Object.entries(activities).map(([name, run]) => [
        name,
        async (...args: never[]) => {
          const result = await run(...args);
          const bytes = [...args, result ?? null].map((value) => Buffer.byteLength(JSON.stringify(value)));
          sizes.largest = Math.max(sizes.largest, ...bytes);
          return result;
        },
      ]),
    );
  const activities = createReportActivities({
    upstream,
    reportStore: new FakeStore(),
  }) as unknown as Activities;
  return { sizes, wrap: (others: Activities) => measure({ ...others, ...activities }) };
}

const clinic = { id: '5b1daf3f079c652eaf41fd23', name: 'Starfleet Medical' };
const unity = (index: number): ListedReport => ({
  ...{ id: `5b1daf3f079c652e${String(index).padStart(8, '0')}`, type: 'unity', organization: clinic },
  ...{ updatedAt: new Date(T0 + index).toISOString() },
});
const many = (count: number) => Array.from({ length: count }, (_, index) => unity(index));
const policy = { ...DEFAULT_POLICY, wanted: { unity: ['json', 'pdf'] } } as const;

test('2,900 reports, more than one answer lists, are collected in parts over several runs, and an unavailable format counts as answered', async () => {
  const { sizes, wrap } = setup(many(2_900), (format) => format === 'pdf');
  const testCase = { ...NO_FAULTS, truth: TRUTH, deliveries: [], suggestAfter: 500 };
  const { closed, manifest } = await simulate(code, testCase, policy, T0 + 3 * DAY_MS, wrap);
  expect(closed).toMatchObject({
    status: 'COMPLETED',
    result: { outcome: 'collected', reason: null, documents: 2_900 },
  });
  expect([manifest?.documents.length, sizes.documents]).toEqual([2_900, 2_900]);
  expect(closed.runs).toBeGreaterThan(1);
  expect(Math.max(sizes.largest, closed.carriedBytes)).toBeLessThan(MAX_PAYLOAD_BYTES);
});

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
