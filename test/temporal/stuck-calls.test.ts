import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { StoreUnavailable } from '../../src/report-store/errors';
import { reportStuckCalls } from '../../src/temporal/stuck-calls';
import { type ApplicantState, COLLECT_RECORDS } from '../../src/workflows/contract';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { DOWN, FakeUpstream } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { useTimeSkipping } from '../support/time-skipping';

const { followOn, nowMs, server } = useTimeSkipping();

const hasStuckCall = ({ stuckCalls }: ApplicantState) => Object.keys(stuckCalls).length > 0;

async function countSignals(applicant: ApplicantUnderTest): Promise<number> {
  const { events } = await applicant.handle.fetchHistory();
  return events?.filter(({ workflowExecutionSignaledEventAttributes: signal }) => signal).length ?? 0;
}

test('an activity that fails for five minutes signals its applicant once, and its answer ends the stuck call', async () => {
  const upstream = new FakeUpstream([]);
  const startMs = await nowMs();
  upstream.faults.push({ route: 'findPeople', error: DOWN, when: (atMs) => atMs < startMs + HOUR_MS / 2 });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  const stuck = await applicant.skipUntil(hasStuckCall, 20 * SECOND_MS);
  const afterMs = (await nowMs()) - startMs;
  expect(afterMs).toBeGreaterThan(5 * MINUTE_MS);
  expect(afterMs).toBeLessThan(8 * MINUTE_MS);
  const [call, ...others] = Object.values(stuck.stuckCalls);
  expect([call?.call, others]).toEqual(['invite', []]);
  expect(Math.abs((call?.sinceMs ?? 0) - startMs)).toBeLessThan(10 * SECOND_MS);
  await applicant.skip(15 * MINUTE_MS);
  expect(await countSignals(applicant)).toBe(1);
  const invited = await applicant.skipUntil(({ humanId }) => humanId !== null);
  expect(invited.stuckCalls).toEqual({});
});

test('an activity on the store, which has no heartbeats, signals its applicant too', async () => {
  const startMs = await nowMs();
  const store = new FakeStore();
  const { readManifest } = store;
  store.readManifest = async (clientUserId) => {
    if ((await nowMs()) < startMs + HOUR_MS / 2) throw new StoreUnavailable('EIO', 'open');
    return readManifest(clientUserId);
  };
  const applicant = await followOn(new FakeUpstream([]), { policy: BY_NOTICES, store });
  const stuck = await applicant.skipUntil(hasStuckCall, 20 * SECOND_MS);
  expect(Object.values(stuck.stuckCalls)).toMatchObject([{ call: 'readEarlierRound' }]);
  expect((await nowMs()) - startMs).toBeGreaterThan(5 * MINUTE_MS);
  const { stuckCalls, timeline } = await applicant.skipUntil(({ humanId }) => humanId !== null);
  expect(stuckCalls).toEqual({});
  // A server drops the repeats of the signal by their request id; this one does not, so the workflow ignores them.
  expect(timeline.entries.filter(({ kind }) => kind === 'call-stuck')).toMatchObject([{ source: 'worker' }]);
});

describe('an activity without heartbeats', () => {
  const START_MS = Date.UTC(2026, 0, 1);

  /** The signals of failing attempts of one activity. Each has its attempt number and when it was scheduled, in ms after the start. */
  async function signalsOf(attempts: readonly (readonly [attempt: number, scheduledMs: number])[], error: Error) {
    const signals: { signalName: string; requestId: string }[] = [];
    const workflowService = {
      signalWorkflowExecution: async (request: (typeof signals)[number]) => signals.push(request),
    };
    const client = Object.create(server().client, {
      workflowService: { value: workflowService },
      withDeadline: { value: (_untilMs: number, call: () => unknown) => call() },
    });
    const intercept = reportStuckCalls({ client, taskQueue: 'stuck' });
    let heartbeatDetails: unknown;
    for (const [attempt, scheduledMs] of attempts) {
      const info = {
        attempt,
        activityId: '7',
        activityType: 'recordManifest',
        workflowType: COLLECT_RECORDS,
        workflowExecution: { workflowId: 'applicant-POL-1', runId: 'run' },
        scheduledTimestampMs: START_MS,
        currentAttemptScheduledTimestampMs: START_MS + scheduledMs,
        heartbeatDetails,
      };
      const heartbeat = (details: unknown) => {
        heartbeatDetails = details;
      };
      const context = { info, cancellationSignal: new AbortController().signal, heartbeat };
      const { inbound } = intercept(context as unknown as Parameters<typeof intercept>[0]);
      const run = inbound?.execute?.({ args: [], headers: {} }, () => Promise.reject(error));
      await expect(run).rejects.toBe(error);
    }
    return signals.map(({ signalName, requestId }) => [signalName, requestId]);
  }

  test('is stuck five minutes after its first retry, without the time in the queue before its first attempt', async () => {
    const down = new Error('down');
    expect(
      await signalsOf(
        [
          [1, HOUR_MS],
          [2, HOUR_MS + SECOND_MS],
          [3, HOUR_MS + MINUTE_MS],
        ],
        down,
      ),
    ).toEqual([]);
    const signals = await signalsOf(
      [
        [1, 0],
        [2, SECOND_MS],
        [9, 5 * MINUTE_MS + SECOND_MS],
        [10, HOUR_MS],
      ],
      down,
    );
    const requestId = `run 7 ${START_MS + SECOND_MS}`;
    expect(signals).toEqual([
      ['callStuck', requestId],
      ['callStuck', requestId],
    ]);
  });

  test('sends one signal for each recovery, although a reset restarts the attempt numbers', async () => {
    const recovered = Object.assign(new Error('nothing yet'), { stuckSinceMs: null });
    const signals = await signalsOf(
      [
        [30, HOUR_MS],
        [30, 2 * HOUR_MS],
      ],
      recovered,
    );
    expect(signals.map(([signalName]) => signalName)).toEqual(['callRecovered', 'callRecovered']);
    expect(new Set(signals.map(([, requestId]) => requestId)).size).toBe(2);
  });
});
