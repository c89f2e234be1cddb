import { createReportActivities, type ListReportsInput } from '../../src/activities/reports';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import {
  AccessDenied,
  BadDocument,
  NotOffered,
  RateLimited,
  Unavailable,
  UnenvelopedFormat,
} from '../../src/upstream/errors';
import { FakeStore } from '../support/fake-store';
import { DOWN, FakeUpstream, facts, row } from '../support/fake-upstream';
import { runAttempts } from './attempts';

const INPUT: ListReportsInput = {
  clientUserId: 'POL-1',
  wanted: { unity: ['pdf'] },
  concluding: true,
  patienceMs: null,
  refusedPatienceMs: HOUR_MS,
};
const MAX_ATTEMPTS = 200;
const DENIED = new AccessDenied(facts(403));

type ListOptions = Parameters<typeof runAttempts>[3] & { readonly maxAttempts?: number };

/** An upstream whose faults happen in this order, each `times` times. */
function setup(route: 'listReports' | 'openReport', ...faults: (readonly [error: Error, times?: number])[]) {
  const upstream = new FakeUpstream([{ afterMs: 0, status: 'All Synced', reports: [row('r1', 'unity', 'A')] }]);
  for (const [error, times = Infinity] of faults) upstream.faults.push({ route, error, times });
  upstream.addPerson('POL-1', 'ann@example.org', 0);
  const { listReports, fetchDocument } = createReportActivities({ upstream, reportStore: new FakeStore() });
  const report = { id: 'r1', type: 'unity', organization: null, updatedAt: null };
  return {
    upstream,
    list: (input = INPUT, { maxAttempts = MAX_ATTEMPTS, ...options }: ListOptions = {}) =>
      runAttempts(listReports, input, maxAttempts, options),
    fetch: (patience: { refusedPatienceMs?: number } = {}, maxAttempts = MAX_ATTEMPTS) => {
      const input = { clientUserId: 'POL-1', report, format: 'pdf', newest: null, ...patience } as const;
      return runAttempts(fetchDocument, input, maxAttempts);
    },
  };
}

describe('a denied access that contradicts what is known', () => {
  it('is retried with back-off for the patience; then our credentials are proven, and it counts', async () => {
    const { upstream, list } = setup('listReports', [DENIED]);
    const { result, waitedMs } = await list();
    expect(result).toMatchObject({ kind: 'refused' });
    expect(waitedMs).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
    expect(waitedMs).toBeLessThan(HOUR_MS + 6 * MINUTE_MS);
    expect(upstream.calls.map(({ route }) => route).at(-1)).toBe('proveCredentials');
    expect(upstream.count('proveCredentials')).toBe(1);
  });

  it('does not count if the access is granted within the patience', async () => {
    const { upstream, list } = setup('listReports', [DENIED, 20]);
    expect((await list()).result).toMatchObject({ kind: 'listed', reports: [{ id: 'r1' }] });
    expect(upstream.count('listReports')).toBe(21);
  });

  it('never counts while our credentials are wrong', async () => {
    const { upstream, list } = setup('listReports', [DENIED]);
    upstream.faults.push({ route: 'proveCredentials', error: new Unavailable(facts(401), 'scripted') });
    expect((await list()).result).toBeNull();
    expect(upstream.count('proveCredentials')).toBeGreaterThan(0);
    upstream.faults.length = 0;
    expect((await list()).result).toMatchObject({ kind: 'listed' });
  });

  it('uses up no patience in the queue', async () => {
    const { list } = setup('listReports', [DENIED]);
    const { waitedMs } = await list(INPUT, { queuedForMs: () => HOUR_MS });
    expect(waitedMs).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
  });

  it('does not count an outage in between', async () => {
    const { list } = setup('listReports', [DENIED, 10], [DOWN, 10], [DENIED]);
    const { failures, delaysMs } = await list();
    const deniedMs = delaysMs.filter((_, at) => failures[at]?.type !== 'Unavailable').reduce((sum, ms) => sum + ms, 0);
    expect(deniedMs).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
  });

  it('counts on after the death of a worker', async () => {
    const { list } = setup('listReports', [DENIED]);
    const { heartbeatDetails } = await list(INPUT, { maxAttempts: 20 });
    const { waitedMs } = await list(INPUT, { from: { attempt: 22, heartbeatDetails } });
    expect(waitedMs).toBeLessThan(HOUR_MS);
  });
});

test.each<[string, Partial<ListReportsInput>, string]>([
  ['is not final while we wait', { concluding: false }, 'not-yet'],
  ['is accepted at once if it contradicts nothing', { refusedPatienceMs: 0 }, 'refused'],
])('a denied access %s', async (_what, more, kind) => {
  const { upstream, list } = setup('listReports', [DENIED]);
  expect((await list({ ...INPUT, ...more })).result).toMatchObject({ kind });
  expect(upstream.count('listReports')).toBe(1);
});

describe('a download', () => {
  it.each([
    [5 * MINUTE_MS, 5 * MINUTE_MS],
    [9 * HOUR_MS, HOUR_MS],
  ])(
    'whose access is denied is retried for the patience of %d ms, at most an hour',
    async (refusedPatienceMs, forMs) => {
      const { result, waitedMs } = await setup('openReport', [DENIED]).fetch({ refusedPatienceMs });
      expect(result).toEqual({ kind: 'unavailable', detail: 'Human API denied access' });
      expect(Math.abs(waitedMs - forMs)).toBeLessThan(6 * MINUTE_MS);
    },
  );

  it('of an earlier version is tried five times if access is denied', async () => {
    const { upstream, fetch } = setup('openReport', [DENIED]);
    expect((await fetch()).result).toMatchObject({ kind: 'unavailable' });
    expect(upstream.count('openReport')).toBe(5);
  });

  it.each([
    ['unavailable', DOWN],
    ['rate limited', new RateLimited(facts(503), 10 * MINUTE_MS)],
  ])('that stays %s is given up after an hour', async (_how, error) => {
    const { result, waitedMs } = await setup('openReport', [error]).fetch();
    expect(result).toEqual({ kind: 'unavailable', detail: error.summary });
    expect(waitedMs).toBeGreaterThanOrEqual(HOUR_MS - SECOND_MS);
    expect(waitedMs).toBeLessThan(HOUR_MS + 6 * MINUTE_MS);
  });

  it("takes the upstream's own 400 as the answer", async () => {
    const { fetch } = setup('openReport', [new NotOffered(facts(400))]);
    expect((await fetch({}, 1)).result).toEqual({ kind: 'not-offered' });
  });

  const GATEWAY = new UnenvelopedFormat({ ...facts(400), requestId: '1f0c3b1d-2a4f-4788-990a-010203040506' });

  it("retries a gateway's 400", async () => {
    expect((await setup('openReport', [GATEWAY, 5]).fetch({}, 6)).result).toMatchObject({ kind: 'stored' });
  });

  it("gives up on a gateway's 400 after five minutes, including an outage in between", async () => {
    const { fetch } = setup('openReport', [GATEWAY, 6], [DOWN, 2], [GATEWAY]);
    const { result, waitedMs } = await fetch({}, 20);
    // As the manifest shows it: without the request id.
    expect(result).toEqual({ kind: 'unenveloped', detail: GATEWAY.summary });
    expect(waitedMs).toBeGreaterThanOrEqual(5 * MINUTE_MS);
    expect(waitedMs).toBeLessThan(7 * MINUTE_MS);
  });

  it('starts the five minutes again after a broken document', async () => {
    const { fetch } = setup('openReport', [GATEWAY, 9], [new BadDocument(facts(200), 'scripted'), 1], [GATEWAY, 2]);
    expect((await fetch({}, 20)).result).toMatchObject({ kind: 'stored' });
  });
});
