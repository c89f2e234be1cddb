import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { ReportNotice } from '../../src/domain/notices';
import type { Outcome, Stage } from '../../src/domain/outcome';
import { DAY_MS } from '../../src/domain/policy';
import { createApplicantRuns, createNoticeSender } from '../../src/temporal/notices';
import { createRemoval } from '../../src/temporal/removal';
import { readStuckReason } from '../../src/temporal/run-health';
import { describeRun, readApplicantRun } from '../../src/temporal/runs';
import { applicantWorkflowId, COLLECT_RECORDS, REFRESH_REPORTS, refreshWorkflowId } from '../../src/workflows/contract';
import { DELETES_SOON, startTemporalServer, type TemporalServer } from '../support/temporal-server';

let server: TemporalServer;
let connection: Connection;

beforeAll(async () => {
  server = await startTemporalServer({
    searchAttributes: { HumanId: 'Keyword', ApplicantOutcome: 'Keyword', ApplicantStage: 'Keyword' },
    extraArgs: DELETES_SOON,
  });
  connection = await Connection.connect({ address: server.address });
}, 40_000);

afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

/** An applicant of a test's own, as a run that this test ends; nobody works on a refresh. */
function setup({ refreshForMs = 30 * DAY_MS }: { refreshForMs?: number } = {}) {
  const client = new Client({ connection, namespace: server.namespace });
  const clientUserId = `POL-${randomUUID()}`;
  const taskQueue = `queue-${clientUserId}`;
  const report: ReportNotice = {
    humanId: randomUUID().replaceAll('-', ''),
    reportId: 'r-1',
    type: 'unity',
    updatedAt: '2026-01-30T21:20:54.316Z',
  };
  const sender = createNoticeSender({ client, taskQueue, refreshForMs });
  const start = (outcome?: Outcome, stage?: Stage) =>
    client.workflow.start(COLLECT_RECORDS, {
      workflowId: applicantWorkflowId(clientUserId),
      taskQueue,
      searchAttributes: {
        ...(outcome && { ApplicantOutcome: [outcome] }),
        ...(stage && { ApplicantStage: [stage] }),
      },
    });
  return {
    client,
    clientUserId,
    report,
    start,
    runs: createApplicantRuns({ client, taskQueue, refreshForMs }),
    deliver: (requestId = 'request-1') => sender.send({ kind: 'report', ...report }, clientUserId, requestId),
    async close(outcome: Outcome) {
      await start(outcome);
      await completeNextRun(client, taskQueue);
    },
    async refresh() {
      const handle = client.workflow.getHandle(refreshWorkflowId(clientUserId));
      const [described, history] = [await handle.describe(), await handle.fetchHistory()];
      const signals = (history.events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes);
      return { type: described.type, taskQueue: described.taskQueue, signals: signals.length };
    },
  };
}

test('a report after the closing goes to the refresh, started by the first notice, and a repeat counts once', async () => {
  const { close, deliver, refresh, clientUserId } = setup();
  await close('collected');
  await expect(deliver()).resolves.toBe('refresh');
  await expect(deliver()).resolves.toBe('refresh');
  await expect(deliver('request-2')).resolves.toBe('refresh');
  expect(await refresh()).toEqual({ type: REFRESH_REPORTS, taskQueue: `queue-${clientUserId}`, signals: 2 });
});

test('a partial collection is refreshed too, for only the manifest knows whether the person was withdrawn', async () => {
  const { close, deliver } = setup();
  await close('partial');
  await expect(deliver()).resolves.toBe('refresh');
});

test.each<Outcome>(['declined', 'failed', 'expired', 'cancelled'])(
  'a report after "%s" goes nowhere',
  async (outcome) => {
    const { close, deliver, refresh } = setup();
    await close(outcome);
    await expect(deliver()).resolves.toBe('nowhere');
    await expect(refresh()).rejects.toThrow();
  },
);

test('a report long after the closing goes nowhere', async () => {
  const { close, deliver } = setup({ refreshForMs: -DAY_MS });
  await close('collected');
  await expect(deliver()).resolves.toBe('nowhere');
});

test('what Temporal has forgotten the manifest may know: the refresh is started to ask it', async () => {
  const { deliver, refresh } = setup();
  await expect(deliver()).resolves.toBe('refresh');
  expect(await refresh()).toMatchObject({ signals: 1 });
});

test('a report of an applicant that was terminated goes nowhere', async () => {
  const { start, deliver } = setup();
  await (await start()).terminate();
  await expect(deliver()).resolves.toBe('nowhere');
});

test('an id that no applicant of ours could have starts nothing', async () => {
  const { client, report } = setup();
  const sender = createNoticeSender({ client, taskQueue: 'nobody', refreshForMs: DAY_MS });
  await expect(sender.send({ kind: 'report', ...report }, 'max@example.org', 'r')).resolves.toBe('nowhere');
});

test('what an ending run passes on counts once with the repeat that the webhook delivers', async () => {
  const { runs, close, deliver, refresh, clientUserId, report } = setup();
  await close('collected');
  await runs.passToRefresh(clientUserId, report, 'request-1');
  await expect(deliver('request-1')).resolves.toBe('refresh');
  expect(await refresh()).toMatchObject({ type: REFRESH_REPORTS, signals: 1 });
});

describe('the refresh that a closing schedules', () => {
  const SCHEDULE = { closedAtMs: Date.now(), afterMs: [DAY_MS] };
  const begins = async ({ client, clientUserId }: ReturnType<typeof setup>) => {
    const { events } = await client.workflow.getHandle(refreshWorkflowId(clientUserId)).fetchHistory();
    return events?.some((event) => event.workflowTaskScheduledEventAttributes) === true;
  };

  test('waits at no cost for the first check, and a repeat changes nothing', async () => {
    const applicant = setup();
    const { runs, client, clientUserId, refresh } = applicant;
    await applicant.close('collected');
    for (let time = 0; time < 2; time += 1) await runs.scheduleChecks(clientUserId, SCHEDULE, DAY_MS);
    expect(await refresh()).toMatchObject({ type: REFRESH_REPORTS, signals: 1 });
    expect(await begins(applicant)).toBe(false);
    const described = await describeRun(client, { workflowId: refreshWorkflowId(clientUserId) });
    expect(described && (await readStuckReason(client, described))).toBeNull();
  });

  test.each<[string, (applicant: ReturnType<typeof setup>) => Promise<unknown>]>([
    ['a notice', ({ deliver }) => deliver()],
    [
      'the closing of a later round',
      ({ runs, clientUserId }) =>
        runs.scheduleChecks(clientUserId, { ...SCHEDULE, closedAtMs: SCHEDULE.closedAtMs + 1 }, DAY_MS),
    ],
  ])('is woken by %s', async (_what, wake) => {
    const applicant = setup();
    await applicant.close('collected');
    await applicant.runs.scheduleChecks(applicant.clientUserId, SCHEDULE, DAY_MS);
    await wake(applicant);
    expect(await begins(applicant)).toBe(true);
    expect(await applicant.refresh()).toMatchObject({ signals: 2 });
  });

  test('ends by force at once where it is erased', async () => {
    const { runs, client, clientUserId } = setup();
    await runs.scheduleChecks(clientUserId, SCHEDULE, DAY_MS);
    const workflowId = refreshWorkflowId(clientUserId);
    const removal = createRemoval(client, () => {});
    expect(await removal.remove(workflowId, undefined)).toBe(1);
    expect(await describeRun(client, { workflowId })).toBeNull();
  }, 60_000);
});

test('an open run takes report notices until it shows that it is closed', async () => {
  const [following, ending] = [setup(), setup()];
  await following.start(undefined, 'engaged');
  await ending.start('collected', 'closed');
  const takes = ({ runs, clientUserId }: ReturnType<typeof setup>) => runs.takesNoticesSinceMs(clientUserId);
  expect(await Promise.all([following, ending, setup()].map(takes))).toEqual([expect.any(Number), null, null]);
});

test('a run tells how it stands: open, ended by itself, or ended by force', async () => {
  const [open, forced, ended] = [setup(), setup(), setup()];
  await open.start();
  await (await forced.start()).terminate();
  await ended.close('collected');
  const standing = async ({ client, clientUserId }: ReturnType<typeof setup>) =>
    (await readApplicantRun(client, clientUserId))?.standing;
  expect(await Promise.all([open, forced, ended].map(standing))).toEqual(['open', 'forced', 'ended']);
  expect(await readApplicantRun(open.client, 'POL-never-started')).toBeNull();
  expect(await readApplicantRun(ended.client, ended.clientUserId)).toMatchObject({
    outcome: 'collected',
    humanId: null,
  });
});

/** Plays the worker of one workflow task: completes the run. */
async function completeNextRun(client: Client, taskQueue: string): Promise<void> {
  const { namespace } = client.options;
  // The server refuses a long poll without a deadline.
  const task = await client.withDeadline(Date.now() + 10_000, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  const commandType = temporal.api.enums.v1.CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION;
  const commands = [{ commandType, completeWorkflowExecutionCommandAttributes: {} }];
  await client.workflowService.respondWorkflowTaskCompleted({ namespace, taskToken: task.taskToken, commands });
}
