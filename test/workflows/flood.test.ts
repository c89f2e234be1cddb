import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { DAY_MS, DEFAULT_POLICY, type Policy, SECOND_MS } from '../../src/domain/policy';
import { reportNoticeSignal, stateQuery, statusNoticeSignal } from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { type Change, row } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { FakePeople } from './fake-people';
import { RealServer } from './real-server';

const TASK_QUEUE = 'flood';
/** Two hand-overs and more; `npm run test:chaos` sends ten thousand. */
const SIGNALS = Number(process.env['FLOOD_SIGNALS'] ?? 5_000);
/** Signals of one run that a Temporal server takes, by default. */
const SERVERS_LIMIT = 10_000;
const ROUNDS = 5;
const AT_ONCE = 40;
const OTHERS = 5;
/** They take three seconds, most of it their window; on a busy machine, and with all the rest going on, some more. */
const OTHERS_TIMEOUT_MS = 60_000;
/** gRPC's numbers (grpc.io, "Status codes"). */
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_RESOURCE_EXHAUSTED = 8;
const STEP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 300_000;

const POLICY: Policy = {
  ...BY_NOTICES,
  settleMs: { ...DEFAULT_POLICY.settleMs, allSynced: 5 * SECOND_MS, someSynced: DAY_MS },
  wanted: { ccdraw: ['pdf'] },
};

let server: RealServer;
beforeAll(async () => {
  server = await RealServer.start();
}, STEP_TIMEOUT_MS);
afterAll(() => server?.stop(), STEP_TIMEOUT_MS);

/** Sends until the server has it: while a run hands over it turns signals away, for longer than the client tries again on a busy machine. */
async function taken(send: () => Promise<unknown>): Promise<void> {
  await until('the signal to be taken', STEP_TIMEOUT_MS, () =>
    send().then(
      () => true,
      (error: unknown) => {
        const { code } = (error instanceof Error && error.cause ? error.cause : error) as { code?: number };
        if (code === GRPC_RESOURCE_EXHAUSTED) return false;
        throw error;
      },
    ),
  );
}

/** One applicant, what is true of it, and everything that is said of it. */
async function setup() {
  const [humanApi, store] = [new FakePeople(), new FakeStore()];
  await server.startWorkers({ taskQueue: TASK_QUEUE, humanApi, store });
  const script: Change[] = [];
  const upstream = humanApi.add('POL-1', script);
  const applicant = await server.startApplicant(TASK_QUEUE, 'POL-1', POLICY);
  const person = await until('an invitation', STEP_TIMEOUT_MS, () => upstream.people[0]);
  const { humanId, invitedAtMs } = person;
  const said = { distinct: 0, ignored: 0 };
  /** As the webhook sends it: what comes again under the same id the server drops, and what is not taken is sent again. */
  const signal = (name: string, notice: unknown, requestId: string = randomUUID()) =>
    taken(() =>
      server.client.workflowService.signalWorkflowExecution({
        ...{ namespace: 'default', workflowExecution: { workflowId: applicant.workflowId } },
        ...{ signalName: name, requestId, input: { payloads: [defaultPayloadConverter.toPayload(notice)] } },
      }),
    );
  const now = () => new Date().toISOString();
  const kinds: readonly ((at: number) => Promise<unknown>)[] = [
    (at) =>
      ignored(
        taken(() => applicant.signal(statusNoticeSignal, { humanId: `h-${at}`, status: 'Declined', updatedAt: now() })),
      ),
    (at) =>
      ignored(signal(reportNoticeSignal.name, { humanId: `h-${at}`, reportId: 'r', type: null, updatedAt: null })),
    () => ignored(signal(statusNoticeSignal.name, null)),
    (at) => ignored(signal(reportNoticeSignal.name, { humanId, reportId: at, updatedAt: {} })),
    // True, and told already: it changes nothing.
    () => taken(() => applicant.signal(statusNoticeSignal, { humanId, status: 'Invited', updatedAt: at(0) })),
    () => signal(statusNoticeSignal.name, { humanId, status: 'Declined', updatedAt: '2099-01-01T00:00:00Z' }),
    (n) => signal(reportNoticeSignal.name, { humanId, reportId: `forged-${n}`, type: 'unity', updatedAt: null }),
    async () => {
      const requestId = randomUUID();
      const notice = { humanId, status: 'Engaged', updatedAt: at(1) };
      await signal(statusNoticeSignal.name, notice, requestId);
      await signal(statusNoticeSignal.name, notice, requestId);
    },
  ];
  function at(afterMs: number): string {
    return new Date(invitedAtMs + afterMs).toISOString();
  }
  async function ignored(sent: Promise<unknown>): Promise<void> {
    said.ignored += 1;
    await sent;
  }
  return {
    ...{ applicant, humanApi, upstream, store, said },
    /** So many signals of every kind, a few dozen at once. */
    async flood(count: number): Promise<void> {
      for (let sent = 0; sent < count; sent += AT_ONCE) {
        await Promise.all(
          Array.from({ length: Math.min(AT_ONCE, count - sent) }, (_, n) => kinds[n % kinds.length]?.(sent + n)),
        );
      }
      said.distinct += count;
    },
    /** Something that is true from now on, and told once. */
    async tell(status: string | null, reportId: string): Promise<void> {
      const afterMs = Date.now() - invitedAtMs;
      const report = row(reportId, 'ccdraw', reportId, at(afterMs));
      script.push({ afterMs, reports: [report], ...(status !== null && { status }) });
      await signal(reportNoticeSignal.name, { humanId, reportId, type: 'ccdraw', updatedAt: at(afterMs) });
      said.distinct += 1;
      if (status === null) return;
      await taken(() => applicant.signal(statusNoticeSignal, { humanId, status, updatedAt: at(afterMs) }));
      said.distinct += 1;
    },
  };
}

/** Applicants on the same worker, from the invitation to their reports; resolves to how they ended. */
async function liveOthers(humanApi: FakePeople): Promise<unknown[]> {
  const policy = { ...POLICY, pollMs: { ...POLICY.pollMs, invited: SECOND_MS } };
  const settled = { ...policy, settleMs: { ...policy.settleMs, allSynced: SECOND_MS } };
  const others = Array.from({ length: OTHERS }, async (_, at) => {
    humanApi.add(`OTHER-${at}`, [{ afterMs: SECOND_MS, status: 'All Synced', reports: [row('r', 'ccdraw', 'A')] }]);
    return (await server.startApplicant(TASK_QUEUE, `OTHER-${at}`, settled)).result();
  });
  return Promise.all(others);
}

/** A query waits behind the signals, and is given up after ten seconds: on a busy machine there is more to wait for. */
function notAnswered(error: unknown): null {
  const { code } = (error instanceof Error && error.cause ? error.cause : error) as { code?: number };
  if (code === GRPC_DEADLINE_EXCEEDED) return null;
  throw error;
}

/** How many signals each run of an applicant took, first run first. */
async function signalsOfRuns({ workflowId }: Handle): Promise<number[]> {
  const runs: number[] = [];
  let runId = (await server.client.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.firstRunId;
  while (runId) {
    const { events } = await server.client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push(events?.filter((event) => event.workflowExecutionSignaledEventAttributes).length ?? 0);
    const { workflowExecutionContinuedAsNewEventAttributes: next } = events?.at(-1) ?? {};
    runId = next?.newExecutionRunId;
  }
  return runs;
}

test(
  `${SIGNALS} signals to one applicant, junk, forgeries and the truth among them, lose nothing of it and hold up nobody else`,
  async () => {
    const { applicant, humanApi, upstream, store, said, flood, tell } = await setup();
    let others: { endings: unknown[]; tookMs: number } | null = null;
    let waiting: Promise<void> = Promise.resolve();
    for (let round = 0; round < ROUNDS; round += 1) {
      await flood(SIGNALS / ROUNDS / 2);
      // In the thick of it, when every run is about to end.
      await tell(round === 1 ? 'Syncing' : null, `r-${round}`);
      await flood(SIGNALS / ROUNDS / 2);
      if (round !== 0) continue;
      const fromMs = performance.now();
      waiting = liveOthers(humanApi).then((endings) => {
        others = { endings, tookMs: performance.now() - fromMs };
      });
    }
    await waiting;
    expect(others).toMatchObject({ endings: Array(OTHERS).fill({ outcome: 'collected', documents: 1 }) });
    expect((others as unknown as { tookMs: number }).tookMs).toBeLessThan(OTHERS_TIMEOUT_MS);
    // Every signal was taken once, by the one run or the other.
    await until('every signal to be heard', STEP_TIMEOUT_MS, async () => {
      const state = await applicant.query(stateQuery).catch(notAnswered);
      return state !== null && state.ignoredNotices >= said.ignored;
    });
    expect(await applicant.query(stateQuery)).toMatchObject({ ignoredNotices: said.ignored, status: 'Syncing' });
    await tell('All Synced', 'r-last');
    expect(await applicant.result()).toEqual({ outcome: 'collected', reason: null, documents: ROUNDS + 1 });
    const runs = await signalsOfRuns(applicant);
    // A repeat is dropped within a run: one that came just after a hand-over is there twice.
    const taken = runs.reduce((sum, count) => sum + count);
    expect(taken).toBeGreaterThanOrEqual(said.distinct);
    expect(taken).toBeLessThanOrEqual(said.distinct + AT_ONCE * runs.length);
    // A run that signals stream into hands over when it gets round to it, well before the server's own limit.
    expect(runs.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...runs)).toBeLessThan(SERVERS_LIMIT);
    expect(upstream.count('invite')).toBe(1);
    expect(upstream.people).toMatchObject([{ deleted: false }]);
    expect(
      store.manifests
        .get('POL-1')
        ?.documents.map(({ reportId }) => reportId)
        .sort(),
    ).toEqual([...Array.from({ length: ROUNDS }, (_, round) => `r-${round}`), 'r-last']);
  },
  TEST_TIMEOUT_MS,
);
