import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { DAY_MS, DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { reportNoticeSignal, stateQuery, statusNoticeSignal } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, row } from '../support/fake-upstream';
import { BY_NOTICES, fastPolls } from '../support/policies';
import { FakePeople } from './fake-people';
import { useRealServer } from './real-server';

const server = useRealServer();

const TASK_QUEUE = 'flood';
/** More than one run takes; `npm run test:chaos` sends ten thousand. */
const SIGNALS = Number(process.env['FLOOD_SIGNALS'] ?? 2_600);
/** The signals of a run that a Temporal server takes by default. */
const SERVER_LIMIT = 10_000;
const ROUNDS = 2;
const CONCURRENCY = 40;
const OTHERS = 5;
/** gRPC's numbers (grpc.io, "Status codes"). */
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_RESOURCE_EXHAUSTED = 8;

const POLICY: Policy = {
  ...BY_NOTICES,
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: 5 * SECOND_MS, someSynced: DAY_MS },
  wanted: { ccdraw: ['pdf'] },
};

function grpcCodeOf(error: unknown): number | undefined {
  return ((error instanceof Error && error.cause ? error.cause : error) as { code?: number }).code;
}

/** Sends until the server accepts it: during continue-as-new the server rejects signals for longer than the client retries. */
async function sendUntilReceived(send: () => Promise<unknown>): Promise<void> {
  await until('the signal to be received', () =>
    send().then(
      () => true,
      (error: unknown) => {
        if (grpcCodeOf(error) === GRPC_RESOURCE_EXHAUSTED) return false;
        throw error;
      },
    ),
  );
}

/** One applicant. `counts`: its signals without repeats, and how many of them it must ignore. */
async function setup() {
  const [upstream, store] = [new FakePeople(), new FakeStore()];
  await server().startWorkers({ taskQueue: TASK_QUEUE, upstream, store });
  const script: Change[] = [];
  const personUpstream = upstream.add('POL-1', script);
  const applicant = await server().startApplicant(TASK_QUEUE, 'POL-1', POLICY);
  const { humanId, invitedAtMs } = await until('an invitation', () => personUpstream.people[0]);
  const counts = { distinct: 0, ignored: 0 };
  const at = (afterMs: number) => new Date(invitedAtMs + afterMs).toISOString();
  /** As the webhook sends it: the server drops a repeat under the same id. */
  const signal = (name: string, notice: unknown, requestId: string = randomUUID()) =>
    sendUntilReceived(() =>
      server().client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: applicant.workflowId },
        signalName: name,
        requestId,
        input: { payloads: [defaultPayloadConverter.toPayload(notice)] },
      }),
    );
  const ignored = (name: string, notice: unknown) => {
    counts.ignored += 1;
    return signal(name, notice);
  };
  const [status, report] = [statusNoticeSignal.name, reportNoticeSignal.name];
  const kinds: readonly ((index: number) => Promise<unknown>)[] = [
    (index) => ignored(status, { humanId: `h-${index}`, status: 'Declined', updatedAt: at(0) }),
    (index) => ignored(report, { humanId: `h-${index}`, reportId: 'r', type: null, updatedAt: null }),
    () => ignored(status, null),
    (index) => ignored(report, { humanId, reportId: index, updatedAt: {} }),
    // Known already.
    () => signal(status, { humanId, status: 'Invited', updatedAt: at(0) }),
    () => signal(status, { humanId, status: 'Declined', updatedAt: '2099-01-01T00:00:00Z' }),
    (index) => signal(report, { humanId, reportId: `forged-${index}`, type: 'unity', updatedAt: null }),
    async () => {
      const requestId = randomUUID();
      for (let repeat = 0; repeat < 2; repeat += 1)
        await signal(status, { humanId, status: 'Engaged', updatedAt: at(1) }, requestId);
    },
  ];
  return {
    applicant,
    upstream,
    personUpstream,
    store,
    counts,
    /** Sends this number of signals of every kind. */
    async flood(count: number): Promise<void> {
      for (let sent = 0; sent < count; sent += CONCURRENCY) {
        const length = Math.min(CONCURRENCY, count - sent);
        await Promise.all(Array.from({ length }, (_, index) => kinds[index % kinds.length]?.(sent + index)));
      }
      counts.distinct += count;
    },
    /** Changes upstream and sends a notice of each change. */
    async change(newStatus: string, reportId: string): Promise<void> {
      const afterMs = Date.now() - invitedAtMs;
      script.push({ afterMs, status: newStatus, reports: [row(reportId, 'ccdraw', reportId, at(afterMs))] });
      await signal(report, { humanId, reportId, type: 'ccdraw', updatedAt: at(afterMs) });
      await signal(status, { humanId, status: newStatus, updatedAt: at(afterMs) });
      counts.distinct += 2;
    },
    /** The number of signals of each run. */
    async countByRun(): Promise<number[]> {
      const runs: number[] = [];
      const { workflow } = server().client;
      const { raw } = await workflow.getHandle(applicant.workflowId).describe();
      for (let runId = raw.workflowExecutionInfo?.firstRunId; runId; ) {
        const { events } = await workflow.getHandle(applicant.workflowId, runId).fetchHistory();
        runs.push(events?.filter((event) => event.workflowExecutionSignaledEventAttributes).length ?? 0);
        runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
      }
      return runs;
    },
  };
}

/** Runs other applicants on the same worker to their ends. */
function runOthers(upstream: FakePeople): Promise<unknown[]> {
  const policy = { ...fastPolls(SECOND_MS), settleMs: { ...POLICY.settleMs, allSynced: SECOND_MS } };
  const others = Array.from({ length: OTHERS }, async (_, index) => {
    const id = `OTHER-${index}`;
    upstream.add(id, [{ afterMs: SECOND_MS, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] }]);
    const input = { ...policy, wanted: POLICY.wanted };
    return (await server().startApplicant(TASK_QUEUE, id, input)).result();
  });
  return Promise.all(others);
}

/** A query waits behind the signals and times out after ten seconds. */
function nullIfTimedOut(error: unknown): null {
  if (grpcCodeOf(error) === GRPC_DEADLINE_EXCEEDED) return null;
  throw error;
}

test(`${SIGNALS} invalid, forged and true signals to one applicant lose no true one and delay no other applicant`, async () => {
  const { applicant, upstream, personUpstream, store, counts, flood, change, countByRun } = await setup();
  let others: Promise<unknown[]> = Promise.resolve([]);
  for (let round = 0; round < ROUNDS; round += 1) {
    await flood(SIGNALS / ROUNDS / 2);
    await change('Syncing', `r-${round}`);
    await flood(SIGNALS / ROUNDS / 2);
    if (round === 0) others = runOthers(upstream);
  }
  expect(await others).toEqual(Array(OTHERS).fill({ outcome: 'collected', reason: null, documents: 1 }));
  await until('all signals to be handled', async () => {
    const state = await applicant.query(stateQuery).catch(nullIfTimedOut);
    return state !== null && state.ignoredNotices >= counts.ignored;
  });
  expect(await applicant.query(stateQuery)).toMatchObject({ ignoredNotices: counts.ignored, status: 'Syncing' });
  await change('All Synced', 'r-last');
  expect(await applicant.result()).toEqual({ outcome: 'collected', reason: null, documents: ROUNDS + 1 });
  const runs = await countByRun();
  const received = runs.reduce((sum, count) => sum + count);
  expect(received).toBeGreaterThanOrEqual(counts.distinct);
  // The server drops a repeat within a run only.
  expect(received).toBeLessThanOrEqual(counts.distinct + CONCURRENCY * runs.length);
  expect(runs.length).toBeGreaterThanOrEqual(2);
  expect(Math.max(...runs)).toBeLessThan(SERVER_LIMIT);
  expect([personUpstream.count('invite'), personUpstream.count('withdraw')]).toEqual([1, 0]);
  const reportIds = store.manifests.get('POL-1')?.documents.map(({ reportId }) => reportId);
  expect(reportIds?.sort()).toEqual([...Array.from({ length: ROUNDS }, (_, round) => `r-${round}`), 'r-last']);
});
