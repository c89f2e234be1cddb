import { DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { T0, truthOf } from '../domain/model/upstream';
import { NO_FAULTS, type SimulationCase, type SimulationResult, simulate } from './applicant';
import { WorkflowCode } from './workflow-code';

const code = new WorkflowCode(['recordManifest']);

const CLINIC = { id: 'o1', name: 'First Clinic' };
const REPORT = { id: 'r1', type: 'unity', organization: CLINIC, offered: ['json', 'pdf'] as const };

function testCase(
  statuses: readonly [afterMs: number, status: string][],
  fault: 'none' | 'unavailable',
): SimulationCase {
  const reportAtMs = T0 + HOUR_MS;
  const changes = statuses.map(([afterMs, status]) => ({ atMs: T0 + afterMs, status, updatedAtMs: T0 + afterMs }));
  const truth = truthOf(changes, [{ ...REPORT, versionsAtMs: [reportAtMs], fault }]);
  const report = { atMs: reportAtMs + MINUTE_MS, reportId: 'r1', updatedAt: null };
  return { ...NO_FAULTS, truth, deliveries: [...changes, report] };
}

/** The reference applicant: three status notices, one provider, three documents. */
const REFERENCE = testCase(
  [
    [0, 'Invited'],
    [HOUR_MS / 2, 'Engaged'],
    [HOUR_MS, 'Syncing'],
    [2 * HOUR_MS, 'All Synced'],
  ],
  'none',
);

function expectCancelled({ closed, upstream, manifest }: SimulationResult, status = 'CANCELLED'): void {
  expect(closed.status).toBe(status);
  expect(upstream.remaining()).toEqual([]);
  expect(manifest).toMatchObject({ outcome: 'cancelled', reason: 'operator' });
}

test('a cancel at any time of the reference applicant withdraws the person, unless the applicant is closed', async () => {
  const { closed, upstream } = await simulate(code, REFERENCE, DEFAULT_POLICY, T0 + 3 * HOUR_MS);
  expect(closed).toMatchObject({ result: { outcome: 'collected' } });
  const moments = upstream.calls.flatMap(({ atMs }) => [-400, -100, 0, 50, 300, 800].map((ms) => atMs + ms));
  for (const cancelAtMs of [...new Set(moments)].filter((atMs) => atMs < closed.atMs - 1_000)) {
    expectCancelled(await simulate(code, { ...REFERENCE, cancelAtMs }, DEFAULT_POLICY, T0 + 4 * HOUR_MS));
  }
});

test.each([
  ['request', 'CANCELLED'],
  ['signal', 'COMPLETED'],
  ['both', 'COMPLETED'],
] as const)(
  'a cancel by %s at any event of the reference history: until the conclusion the applicant is cancelled; a signal always withdraws the person',
  async (cancelBy, status) => {
    const { history } = await simulate(code, REFERENCE, DEFAULT_POLICY, T0 + 3 * HOUR_MS);
    expect(history.at(-1)).toBe('WorkflowExecutionClosed');
    const cancelled: boolean[] = [];
    for (let cancelAtEvent = 1; cancelAtEvent <= history.length; cancelAtEvent += 1) {
      const result = await simulate(code, { ...REFERENCE, cancelAtEvent, cancelBy }, DEFAULT_POLICY, T0 + 4 * HOUR_MS);
      cancelled.push(result.manifest?.outcome === 'cancelled');
      if (cancelled.at(-1)) expectCancelled(result, status);
      else
        expect(result).toMatchObject({
          closed: { result: { outcome: 'collected' } },
          manifest: { outcome: 'collected' },
        });
      // The server takes the last task's answer, which ends the run, and its events as one.
      if (cancelBy !== 'request' && cancelAtEvent <= history.lastIndexOf('WorkflowTaskCompleted'))
        expect(result.upstream.remaining()).toEqual([]);
    }
    const concluded = history.length - cancelled.lastIndexOf(true) - 1;
    expect(cancelled).toEqual(history.map((_, at) => at < history.length - concluded));
    // The task that concludes, the write of the manifest, the task after it, the close.
    expect(concluded).toBeLessThanOrEqual(10);
  },
);

test('a cancel with the answer of the read that confirms a decline still cancels the applicant', async () => {
  const statuses: [number, string][] = [
    [0, 'Invited'],
    [HOUR_MS, 'Declined'],
  ];
  const declining = testCase(statuses, 'none');
  const { history, upstream } = await simulate(code, declining, DEFAULT_POLICY, T0 + 2 * HOUR_MS);
  expect(upstream.calls.map(({ route }) => route)).toEqual(['findPeople', 'invite', 'readStatus', 'withdraw']);
  const answers = history.flatMap((event, at) => (event === 'ActivityTaskCompleted' ? [at + 1] : []));
  const cancelled: boolean[] = [];
  for (const cancelAtEvent of answers) {
    const result = await simulate(code, { ...declining, cancelAtEvent }, DEFAULT_POLICY, T0 + 2 * HOUR_MS);
    cancelled.push(result.closed.status === 'CANCELLED');
    if (cancelled.at(-1)) expectCancelled(result);
  }
  // The manifest, the invitation and the read; then the withdrawal and the closing manifest.
  expect(cancelled).toEqual([true, true, true, false, false]);
});

test('a declined applicant does not wait for an unavailable document', async () => {
  const declinedMs = HOUR_MS + 20 * MINUTE_MS;
  const declining = testCase(
    [
      [0, 'Invited'],
      [HOUR_MS, 'Syncing'],
      [declinedMs, 'Declined'],
    ],
    'unavailable',
  );
  const { closed, upstream } = await simulate(code, declining, DEFAULT_POLICY, T0 + 10 * HOUR_MS);
  expect(closed).toMatchObject({ status: 'COMPLETED', result: { outcome: 'declined' } });
  expect(closed.atMs).toBeLessThan(T0 + declinedMs + MINUTE_MS);
  expect(upstream.remaining()).toEqual([]);
});
