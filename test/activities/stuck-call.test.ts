import { createPersonActivities } from '../../src/activities/person';
import { createReportActivities } from '../../src/activities/reports';
import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { StoreUnavailable } from '../../src/report-store/errors';
import { BadDocument, RateLimited, Undecided } from '../../src/upstream/errors';
import { FakeStore } from '../support/fake-store';
import { DOWN, FakeUpstream, facts, provider, row } from '../support/fake-upstream';
import { runAttempts, START_MS } from './attempts';

const WATCH = { humanId: 'h-POL-1-0', status: 'Invited', delaysMs: [HOUR_MS], failureReportMs: null };
const DOWNLOAD = { clientUserId: 'POL-1', report: row('u-p', 'unity', 'p'), format: 'json', newest: null } as const;

function setup() {
  const upstream = new FakeUpstream([{ afterMs: 0, reports: provider('p') }]);
  upstream.addPerson('POL-1', 'pol-1@example.org', 0);
  return { upstream, ...createPersonActivities({ upstream }) };
}

/** What the failures of attempts report, with the time of each after the first attempt. */
function reports({ failures, delaysMs }: { failures: readonly object[]; delaysMs: readonly number[] }) {
  let atMs = 0;
  return failures.flatMap((failure, at) => {
    const report = 'stuckSinceMs' in failure ? [{ atMs, sinceMs: failure.stuckSinceMs }] : [];
    atMs += delaysMs[at] ?? 0;
    return report;
  });
}

test.each([
  ['unavailable', DOWN],
  ['rate limited', new RateLimited(facts(429), 20_000)],
  ['undecided', new Undecided(facts(404), 'scripted')],
])(
  'a call that stays %s for five minutes is reported once, with the time of its first failure',
  async (_how, error) => {
    const { upstream, watchStatus } = setup();
    upstream.faults.push({ route: 'readStatus', error });
    const [report, ...others] = reports(await runAttempts(watchStatus, WATCH, 40));
    expect([report?.sinceMs, others]).toEqual([START_MS, []]);
    expect(report?.atMs).toBeGreaterThanOrEqual(5 * MINUTE_MS);
    expect(report?.atMs).toBeLessThan(6.5 * MINUTE_MS);
  },
);

test('a poll reports the end of an outage once, and a later outage again', async () => {
  const { upstream, watchStatus } = setup();
  const failing = { route: 'readStatus', error: DOWN } as const;
  upstream.faults.push({ ...failing, times: 15 });
  const first = await runAttempts(watchStatus, WATCH, 18);
  expect(reports(first).map(({ sinceMs }) => sinceMs === null)).toEqual([false, true]);
  upstream.faults.push({ ...failing, times: 15 });
  const { heartbeatDetails } = first;
  const second = await runAttempts(watchStatus, WATCH, 18, { from: { attempt: 19, heartbeatDetails } });
  expect(reports(second).map(({ sinceMs }) => sinceMs === null)).toEqual([false, true]);
});

test('a quiet poll and a short outage are not reported', async () => {
  const { upstream, watchStatus } = setup();
  upstream.faults.push({ route: 'readStatus', error: DOWN, times: 5 });
  expect(reports(await runAttempts(watchStatus, WATCH, 30))).toEqual([]);
});

test('a download that the store rejects is reported', async () => {
  const { upstream } = setup();
  const reportStore = new FakeStore();
  reportStore.save = async () => {
    throw new StoreUnavailable('ENOSPC', 'write');
  };
  const { fetchDocument } = createReportActivities({ upstream, reportStore });
  expect(reports(await runAttempts(fetchDocument, DOWNLOAD, 40))).toHaveLength(1);
});

test('a broken document is not an outage', async () => {
  const { upstream } = setup();
  upstream.faults.push({ route: 'openReport', error: new BadDocument(facts(200), 'cut') });
  const { fetchDocument } = createReportActivities({ upstream, reportStore: new FakeStore() });
  const { result, ...attempts } = await runAttempts(fetchDocument, DOWNLOAD, 40);
  expect([result?.kind, reports(attempts)]).toEqual(['broken', []]);
});
