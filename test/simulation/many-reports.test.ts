import { createReportActivities } from '../../src/activities/reports';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS } from '../../src/domain/policy';
import type { ListedReport } from '../../src/domain/reports';
import { NotOffered } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { T0, type Truth } from '../domain/model/upstream';
import { FakeStore } from '../support/fake-store';
import { facts } from '../support/fake-upstream';
import { live, type Story } from './applicant';
import type { Activities } from './attempts';
import { WorkflowCode } from './workflow-code';

/** Temporal refuses 2 MB; a codec and the frame need some of it. */
const PAYLOAD_MOST_BYTES = 1_500_000;
const TIMEOUT_MS = 120_000;

const code = new WorkflowCode(['recordManifest']);

const TRUTH: Truth = {
  statuses: [
    { atMs: T0, status: 'Invited' },
    { atMs: T0 + HOUR_MS, status: 'All Synced' },
  ],
  ...{ goneAtMs: null, reports: [], outages: [], lagMs: 0, dated: true },
};

const STORY: Story = {
  truth: TRUTH,
  ...{ deliveries: [], cancelAtMs: null, deaths: [], forgetAfterTasks: null, suggestAfter: null },
  ...{ failing: 0, commitMs: 0, skewMs: 0, seed: 1 },
};

/** The real list and fetch over an upstream of so many reports; `largest` is the largest payload that any activity took or returned. */
function setup(rows: readonly ListedReport[], isOffered: (format: string) => boolean = () => true) {
  const sizes = { largest: 0, documents: 0 };
  const humanApi = {
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
  const measured = (activities: Activities): Activities =>
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
    upstream: humanApi,
    reportStore: new FakeStore(),
  }) as unknown as Activities;
  return { sizes, between: (others: Activities) => measured({ ...others, ...activities }) };
}

const clinic = { id: '5b1daf3f079c652eaf41fd23', name: 'Starfleet Medical' };
const unity = (at: number): ListedReport => ({
  ...{ id: `5b1daf3f079c652e${String(at).padStart(8, '0')}`, type: 'unity', organization: clinic },
  ...{ updatedAt: new Date(T0 + at).toISOString() },
});
const many = (count: number) => Array.from({ length: count }, (_, at) => unity(at));
const policy = { ...DEFAULT_POLICY, wanted: { unity: ['json', 'pdf'] } } as const;

test(
  'an applicant with 2,000 wanted reports is collected, however often the server has the run continued as new',
  async () => {
    const { sizes, between } = setup(many(2_000));
    const { closed, manifest } = await live(code, { ...STORY, suggestAfter: 500 }, policy, T0 + 3 * DAY_MS, between);
    expect(closed).toMatchObject({
      status: 'COMPLETED',
      result: { outcome: 'collected', reason: null, documents: 4_000 },
    });
    expect([manifest?.documents.length, manifest?.missing.length, sizes.documents]).toEqual([4_000, 0, 4_000]);
    expect(closed.runs).toBeGreaterThan(1);
    expect(Math.max(sizes.largest, closed.carriedBytes)).toBeLessThan(PAYLOAD_MOST_BYTES);
  },
  TIMEOUT_MS,
);

test(
  'a list too long for one answer is collected part by part, and what a format is not offered in counts as answered',
  async () => {
    const { sizes, between } = setup(many(2_900), (format) => format === 'pdf');
    const { closed, manifest } = await live(code, { ...STORY, suggestAfter: 500 }, policy, T0 + 3 * DAY_MS, between);
    expect(closed).toMatchObject({
      status: 'COMPLETED',
      result: { outcome: 'collected', reason: null, documents: 2_900 },
    });
    expect([manifest?.documents.length, sizes.documents]).toEqual([2_900, 2_900]);
    expect(Math.max(sizes.largest, closed.carriedBytes)).toBeLessThan(PAYLOAD_MOST_BYTES);
  },
  TIMEOUT_MS,
);

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
