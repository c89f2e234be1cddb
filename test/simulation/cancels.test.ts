import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { T0, type Truth } from '../domain/model/upstream';
import { type Lived, live, type Story } from './applicant';
import { WorkflowCode } from './workflow-code';

const code = new WorkflowCode(['recordManifest']);

const CLINIC = { id: 'o1', name: 'First Clinic' };
const REPORT = { id: 'r1', type: 'unity', organization: CLINIC, offered: ['json', 'pdf'] as const };
const UNTROUBLED = {
  ...{ cancelAtMs: null, deaths: [], forgetAfterTasks: null, suggestAfter: null, failing: 0, commitMs: 0, skewMs: 0 },
  seed: 1,
} as const;

function story(statuses: readonly [afterMs: number, status: string][], fault: 'none' | 'unavailable'): Story {
  const told = statuses.map(([afterMs, status]) => ({ atMs: T0 + afterMs, status, updatedAtMs: T0 + afterMs }));
  const reportAtMs = T0 + HOUR_MS;
  const truth: Truth = {
    ...{ statuses: told, goneAtMs: null, outages: [], lagMs: 0, dated: true },
    reports: [{ ...REPORT, versionsAtMs: [reportAtMs], fault }],
  };
  const report = { atMs: reportAtMs + MINUTE_MS, reportId: 'r1', updatedAt: null };
  return { ...UNTROUBLED, truth, deliveries: [...told, report] };
}

/** The reference applicant: three status notices, one provider, three documents. */
const WHOLE = story(
  [
    [0, 'Invited'],
    [HOUR_MS / 2, 'Engaged'],
    [HOUR_MS, 'Syncing'],
    [2 * HOUR_MS, 'All Synced'],
  ],
  'none',
);

function expectCancelled({ closed, upstream, manifest }: Lived): void {
  expect(closed.status).toBe('CANCELLED');
  expect(upstream.left()).toEqual([]);
  expect(manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
}

test('a cancel at any moment of a whole life withdraws the person, unless the applicant had closed', async () => {
  const { closed, upstream } = await live(code, WHOLE, DEFAULT_POLICY, T0 + 3 * HOUR_MS);
  expect(closed).toMatchObject({ result: { outcome: 'collected' } });
  const moments = upstream.calls.flatMap(({ atMs }) => [-400, -100, 0, 50, 300, 800].map((ms) => atMs + ms));
  for (const cancelAtMs of [...new Set(moments)].filter((atMs) => atMs < closed.atMs - 1_000)) {
    expectCancelled(await live(code, { ...WHOLE, cancelAtMs }, DEFAULT_POLICY, T0 + 4 * HOUR_MS));
  }
});

test('a cancel at every event of the reference history withdraws the person, until the manifest is being closed', async () => {
  const { history } = await live(code, WHOLE, DEFAULT_POLICY, T0 + 3 * HOUR_MS);
  expect(history.at(-1)).toBe('WorkflowExecutionClosed');
  const cancelled: boolean[] = [];
  for (let cancelAtEvent = 1; cancelAtEvent <= history.length; cancelAtEvent += 1) {
    const lived = await live(code, { ...WHOLE, cancelAtEvent }, DEFAULT_POLICY, T0 + 4 * HOUR_MS);
    cancelled.push(lived.closed.status === 'CANCELLED');
    if (cancelled.at(-1)) expectCancelled(lived);
    else
      expect(lived).toMatchObject({ closed: { result: { outcome: 'collected' } }, manifest: { outcome: 'collected' } });
  }
  const concluded = history.length - cancelled.lastIndexOf(true) - 1;
  expect(cancelled).toEqual(history.map((_, at) => at < history.length - concluded));
  // From the task that concludes: what it asks for, the writing of the manifest, the task after it, the end.
  expect(concluded).toBeLessThanOrEqual(10);
});

test('a person who declines does not wait for a document that is not to be had', async () => {
  const declinedMs = HOUR_MS + 20 * MINUTE_MS;
  const declining = story(
    [
      [0, 'Invited'],
      [HOUR_MS, 'Syncing'],
      [declinedMs, 'Declined'],
    ],
    'unavailable',
  );
  const { closed, upstream } = await live(code, declining, DEFAULT_POLICY, T0 + 10 * HOUR_MS);
  expect(closed).toMatchObject({ status: 'COMPLETED', result: { outcome: 'declined' } });
  expect(closed.atMs).toBeLessThan(T0 + declinedMs + MINUTE_MS);
  expect(upstream.left()).toEqual([]);
});
