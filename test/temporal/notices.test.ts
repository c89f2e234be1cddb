import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { Outcome, Stage } from '../../src/domain/outcome';
import { DAY_MS } from '../../src/domain/policy';
import { createApplicantRuns, createNoticeSender, NoticeUndelivered } from '../../src/temporal/notices';
import { createRunDeletion } from '../../src/temporal/removal';
import { readStuckReason } from '../../src/temporal/run-health';
import { describeRun, readApplicantRun } from '../../src/temporal/runs';
import {
  applicantWorkflowId,
  COLLECT_RECORDS,
  mailboxWorkflowId,
  REFRESH_REPORTS,
  refreshWorkflowId,
} from '../../src/workflows/contract';
import { until } from '../support/condition';
import { DELETES_SOON, freePort, useTemporalServer } from '../support/temporal-server';

const LIMIT_MS = 10_000;

const server = useTemporalServer({ extraArgs: DELETES_SOON });

/** An applicant of its own for each test, whose runs no worker executes. */
function setup(options: { namespace?: string; codec?: PayloadCodec; refreshForMs?: number } = {}) {
  const { namespace = 'default', codec, refreshForMs = 30 * DAY_MS } = options;
  const client = new Client({
    connection: server().connection,
    namespace,
    ...(codec && { dataConverter: { payloadCodecs: [codec] } }),
  });
  const clientUserId = `POL-${randomUUID()}`;
  const taskQueue = `queue-${clientUserId}`;
  const humanId = randomUUID().replaceAll('-', '');
  const payload = { humanId, reportId: 'r-1', type: 'unity', updatedAt: '2026-01-30T21:20:54.316Z' };
  const report = { kind: 'report' as const, ...payload };
  const status = { kind: 'status' as const, clientUserId, humanId, status: 'Syncing', updatedAt: null };
  const sender = createNoticeSender({ client, taskQueue, refreshForMs });
  const signalsOf = async (workflowId: string) => {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    return (history.events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
  };
  const start = (id = clientUserId, attributes: { outcome?: Outcome; stage?: Stage } = {}) =>
    client.workflow.start(COLLECT_RECORDS, {
      workflowId: applicantWorkflowId(id),
      taskQueue,
      searchAttributes: {
        HumanId: [humanId],
        ...(attributes.outcome && { ApplicantOutcome: [attributes.outcome] }),
        ...(attributes.stage && { ApplicantStage: [attributes.stage] }),
      },
    });
  return {
    client,
    clientUserId,
    taskQueue,
    humanId,
    payload,
    report,
    status,
    sender,
    start,
    signalsOf,
    runs: createApplicantRuns({ client, taskQueue, refreshForMs }),
    sendReport: (requestId = 'request-1') => sender.send(report, clientUserId, requestId),
    async close(outcome: Outcome) {
      await start(clientUserId, { outcome });
      await completeNextRun(client, taskQueue);
    },
    async refresh() {
      const described = await client.workflow.getHandle(refreshWorkflowId(clientUserId)).describe();
      const signals = (await signalsOf(refreshWorkflowId(clientUserId))).length;
      return { type: described.type, taskQueue: described.taskQueue, signals };
    },
    payloadsOf: async (workflowId: string) =>
      (await signalsOf(workflowId)).map(({ input }) => defaultPayloadConverter.fromPayload(input?.payloads?.[0] ?? {})),
  };
}

/** Plays the worker of one workflow task: completes the run. */
async function completeNextRun(client: Client, taskQueue: string, result?: unknown): Promise<void> {
  const { namespace } = client.options;
  // The server rejects a long poll without a deadline.
  const task = await client.withDeadline(Date.now() + LIMIT_MS, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  const commandType = temporal.api.enums.v1.CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION;
  const completed = result === undefined ? {} : { result: { payloads: [defaultPayloadConverter.toPayload(result)] } };
  const commands = [{ commandType, completeWorkflowExecutionCommandAttributes: completed }];
  await client.workflowService.respondWorkflowTaskCompleted({ namespace, taskToken: task.taskToken, commands });
}

describe('a notice to an applicant', () => {
  test('reaches the open run once, however often it is sent', async () => {
    const { sender, start, status, clientUserId, humanId, signalsOf, payloadsOf } = setup();
    await start();
    for (const requestId of ['request-1', 'request-1', 'request-2']) {
      await expect(sender.send(status, null, requestId)).resolves.toBe('applicant');
    }
    const signals = await signalsOf(applicantWorkflowId(clientUserId));
    expect(signals.map((signal) => signal.signalName)).toEqual(['statusNotice', 'statusNotice']);
    const claim = { humanId, status: 'Syncing', updatedAt: null };
    expect((await payloadsOf(applicantWorkflowId(clientUserId)))[0]).toEqual(claim);
  });

  test('reaches no one if the applicant was never started, or its id is not an applicant id', async () => {
    const { sender, status, report } = setup();
    await expect(sender.send(status, null, 'r')).resolves.toBe('nowhere');
    await expect(sender.send(report, 'max@example.org', 'r')).resolves.toBe('nowhere');
  });

  test('is undelivered, not unknown, if the namespace is missing', async () => {
    const { sender, clientUserId, report } = setup({ namespace: 'missing' });
    const failure = sender.send(report, clientUserId, 'r');
    await expect(failure).rejects.toBeInstanceOf(NoticeUndelivered);
    await expect(failure).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(sender.send(report, null, 'r')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(sender.readHumanId(clientUserId)).rejects.toThrow();
  });

  test('is undelivered if no server answers', async () => {
    const lazy = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
    const { report } = setup();
    const deps = { client: new Client({ connection: lazy }), taskQueue: 'no-worker', refreshForMs: 60_000 };
    const failure = createNoticeSender(deps).send(report, 'POL-1', 'r', Date.now() + 500);
    await expect(failure).rejects.toMatchObject({ kind: 'unavailable' });
    await lazy.close();
  });

  test('is refused if the server rejects it', async () => {
    const { start, sendReport } = setup();
    await start();
    await expect(sendReport('r'.repeat(2_000))).rejects.toMatchObject({ kind: 'refused' });
  });

  test('is encoded by the codec, bound to the workflow that gets it', async () => {
    const contexts: unknown[] = [];
    const codec: PayloadCodec = {
      encode: async (payloads, context) => {
        contexts.push(context);
        const metadata = { encoding: Buffer.from('test/encrypted') };
        return payloads.map(() => ({ metadata, data: Buffer.from('encrypted') }));
      },
      decode: async (payloads) => payloads,
    };
    const { sender, start, clientUserId, humanId, report, signalsOf } = setup({ codec });
    await start();
    await sender.send(report, clientUserId, 'r');
    await sender.send(report, null, 'r');
    const workflowIds = [applicantWorkflowId(clientUserId), mailboxWorkflowId(humanId)];
    expect(contexts).toEqual(workflowIds.map((workflowId) => ({ type: 'workflow', namespace: 'default', workflowId })));
    for (const workflowId of workflowIds) {
      const [signal] = await signalsOf(workflowId);
      expect(Buffer.from(signal?.input?.payloads?.[0]?.data ?? []).toString()).toBe('encrypted');
    }
  });
});

describe('a report notice to a closed applicant', () => {
  test('starts the refresh, and a repeat counts once', async () => {
    const { close, sendReport, refresh, taskQueue } = setup();
    await close('collected');
    for (const requestId of ['request-1', 'request-1', 'request-2']) {
      await expect(sendReport(requestId)).resolves.toBe('refresh');
    }
    expect(await refresh()).toEqual({ type: REFRESH_REPORTS, taskQueue, signals: 2 });
  });

  test('counts once with the same notice that the ending run forwards', async () => {
    const { runs, close, sendReport, refresh, clientUserId, payload } = setup();
    await close('collected');
    await runs.deliverToRefresh(clientUserId, payload, 'request-1');
    await expect(sendReport('request-1')).resolves.toBe('refresh');
    expect(await refresh()).toMatchObject({ type: REFRESH_REPORTS, signals: 1 });
  });

  test('starts the refresh if Temporal no longer has the applicant, because the manifest may', async () => {
    const { sendReport, refresh } = setup();
    await expect(sendReport()).resolves.toBe('refresh');
    expect(await refresh()).toMatchObject({ signals: 1 });
  });

  // Only the manifest knows whether the person of a partial collection was withdrawn.
  test.each<[string, 'refresh' | 'nowhere', number, (applicant: ReturnType<typeof setup>) => Promise<unknown>]>([
    ['the outcome partial', 'refresh', 30 * DAY_MS, ({ close }) => close('partial')],
    ['the outcome declined', 'nowhere', 30 * DAY_MS, ({ close }) => close('declined')],
    ['the outcome failed', 'nowhere', 30 * DAY_MS, ({ close }) => close('failed')],
    ['the outcome expired', 'nowhere', 30 * DAY_MS, ({ close }) => close('expired')],
    ['the outcome cancelled', 'nowhere', 30 * DAY_MS, ({ close }) => close('cancelled')],
    ['a closing before REFRESH_FOR', 'nowhere', -DAY_MS, ({ close }) => close('collected')],
    ['a termination', 'nowhere', 30 * DAY_MS, async ({ start }) => (await start()).terminate()],
  ])('after %s goes to: %s', async (_end, receiver, refreshForMs, end) => {
    const applicant = setup({ refreshForMs });
    await end(applicant);
    await expect(applicant.sendReport()).resolves.toBe(receiver);
    if (receiver === 'nowhere') await expect(applicant.refresh()).rejects.toThrow();
  });
});

describe('the refresh that a closing schedules', () => {
  const SCHEDULE = { closedAtMs: Date.now(), afterMs: [DAY_MS] };
  const hasStarted = async ({ client, clientUserId }: ReturnType<typeof setup>) => {
    const { events } = await client.workflow.getHandle(refreshWorkflowId(clientUserId)).fetchHistory();
    return events?.some((event) => event.workflowTaskScheduledEventAttributes) === true;
  };

  test('waits for the first check without a task, and a repeat changes nothing', async () => {
    const applicant = setup();
    const { runs, client, clientUserId, refresh } = applicant;
    await applicant.close('collected');
    for (let time = 0; time < 2; time += 1) await runs.scheduleChecks(clientUserId, SCHEDULE, DAY_MS);
    expect(await refresh()).toMatchObject({ type: REFRESH_REPORTS, signals: 1 });
    expect(await hasStarted(applicant)).toBe(false);
    const description = await describeRun(client, { workflowId: refreshWorkflowId(clientUserId) });
    expect(description && (await readStuckReason(client, description))).toBeNull();
  });

  test.each<[string, (applicant: ReturnType<typeof setup>) => Promise<unknown>]>([
    ['a notice', ({ sendReport }) => sendReport()],
    [
      'the closing of a later round',
      ({ runs, clientUserId }) =>
        runs.scheduleChecks(clientUserId, { ...SCHEDULE, closedAtMs: SCHEDULE.closedAtMs + 1 }, DAY_MS),
    ],
  ])('starts at once on %s', async (_cause, act) => {
    const applicant = setup();
    await applicant.close('collected');
    await applicant.runs.scheduleChecks(applicant.clientUserId, SCHEDULE, DAY_MS);
    await act(applicant);
    expect(await hasStarted(applicant)).toBe(true);
    expect(await applicant.refresh()).toMatchObject({ signals: 2 });
  });

  test('is terminated and deleted by an erasure', async () => {
    const { runs, client, clientUserId } = setup();
    await runs.scheduleChecks(clientUserId, SCHEDULE, DAY_MS);
    const workflowId = refreshWorkflowId(clientUserId);
    expect(await createRunDeletion(client, () => {}).remove(workflowId, undefined)).toBe(1);
    expect(await describeRun(client, { workflowId })).toBeNull();
  });
});

describe('the mailbox of a person', () => {
  test('is started by the first notice, gets the second one, and drops a repeat', async () => {
    const { sender, report, humanId, client, taskQueue, signalsOf } = setup();
    await sender.send(report, null, 'request-1');
    await sender.send(report, null, 'request-1');
    await sender.send({ ...report, reportId: 'r-2' }, null, 'request-2');
    const described = await client.workflow.getHandle(mailboxWorkflowId(humanId)).describe();
    expect(described).toMatchObject({ type: 'deliverNotices', taskQueue });
    const signals = await signalsOf(mailboxWorkflowId(humanId));
    expect(signals.map((signal) => signal.signalName)).toEqual(['reportNotice', 'reportNotice']);
  });

  test('gets the request id, which it needs to forward the notice; an applicant does not', async () => {
    const { sender, start, clientUserId, humanId, payload, report, payloadsOf } = setup();
    await start();
    await sender.send(report, null, 'request-1');
    await sender.send({ ...report, requestId: 'request-1' }, clientUserId, 'request-1');
    expect(await payloadsOf(mailboxWorkflowId(humanId))).toEqual([{ ...payload, requestId: 'request-1' }]);
    expect(await payloadsOf(applicantWorkflowId(clientUserId))).toEqual([payload]);
  });

  test('opens again for a notice after its end', async () => {
    const { sender, report, humanId, client } = setup();
    await sender.send(report, null, 'request-1');
    const handle = client.workflow.getHandle(mailboxWorkflowId(humanId));
    const first = await handle.describe();
    await handle.terminate();
    await sender.send(report, null, 'request-2');
    const second = await handle.describe();
    expect(second.status.name).toBe('RUNNING');
    expect(second.runId).not.toBe(first.runId);
  });

  test('reveals the owner of its notices when it ends, without its result, which the webhook may not be able to read', async () => {
    const { client, start, report, humanId, clientUserId } = setup();
    await start();
    const taskQueue = `queue-${randomUUID()}`;
    const sender = createNoticeSender({ client, taskQueue, refreshForMs: 60_000 });
    await sender.send(report, null, 'request-1');
    const owner = sender.waitForMailboxOwner(humanId);
    await until('the applicant in the list', () => sender.findApplicant(humanId));
    await completeNextRun(client, taskQueue, 'unreadable');
    await expect(owner).resolves.toBe(clientUserId);
  });

  test('reveals no owner if it does not end in time', async () => {
    const { sender, report, humanId } = setup();
    await sender.send(report, null, 'request-1');
    await expect(sender.waitForMailboxOwner(humanId, Date.now() + 200)).resolves.toBeNull();
  });
});

describe('the run of an applicant', () => {
  test('has the humanId of its search attribute', async () => {
    const { sender, start, clientUserId, humanId } = setup();
    await start();
    await expect(sender.readHumanId(clientUserId)).resolves.toBe(humanId);
    await expect(sender.readHumanId('POL-never-started')).resolves.toBeNull();
  });

  test('is found by its humanId: the open one before a newer closed one', async () => {
    const { client, sender, start, clientUserId, humanId } = setup();
    await start();
    await (await start(`${clientUserId}-again`)).terminate();
    // Visibility indexes each event on its own, so the second run may be listed before the first.
    const count = async (status: string) =>
      (await client.workflow.count(`HumanId = "${humanId}" AND ExecutionStatus = "${status}"`)).count;
    await until('both', async () => (await count('Running')) === 1 && (await count('Terminated')) === 1);
    await expect(sender.findApplicant(humanId)).resolves.toBe(clientUserId);
  });

  test('is found by its humanId: the newest closed one if none is open', async () => {
    const { sender, start, clientUserId, humanId } = setup();
    await (await start()).terminate();
    await (await start(`${clientUserId}-again`)).terminate();
    const isNewest = async () => (await sender.findApplicant(humanId)) === `${clientUserId}-again`;
    await until('the newer run', isNewest);
  });

  test('is not found by an unknown humanId, and a text of another form makes no query', async () => {
    const { sender } = setup();
    await expect(sender.findApplicant('0'.repeat(32))).resolves.toBeNull();
    await expect(sender.findApplicant('x" OR WorkflowType != "')).resolves.toBeNull();
  });

  test('takes report notices while it is open and not in the stage closed', async () => {
    const [engaged, closing] = [setup(), setup()];
    await engaged.start(engaged.clientUserId, { stage: 'engaged' });
    await closing.start(closing.clientUserId, { outcome: 'collected', stage: 'closed' });
    const readOpenSince = ({ runs, clientUserId }: ReturnType<typeof setup>) => runs.openSinceMs(clientUserId);
    const since = await Promise.all([engaged, closing, setup()].map(readOpenSince));
    expect(since).toEqual([expect.any(Number), null, null]);
  });

  test('takes a notice that a refresh passes on while it is open, and a repeat counts once', async () => {
    const { runs, start, client, taskQueue, clientUserId, payload, payloadsOf } = setup();
    const deliver = (requestId: string) => runs.deliverToOpenRun(clientUserId, payload, requestId);
    await start();
    expect([await deliver('request-1'), await deliver('request-1')]).toEqual(['taken', 'taken']);
    expect(await payloadsOf(applicantWorkflowId(clientUserId))).toEqual([payload]);
    await completeNextRun(client, taskQueue);
    // A repeat would still be taken: the server checks the request id before the status.
    expect(await deliver('request-2')).toBe('closed-or-unknown');
  });

  test('is open, ended by itself, or terminated', async () => {
    const [open, forced, ended] = [setup(), setup(), setup()];
    await open.start();
    await (await forced.start()).terminate();
    await ended.close('collected');
    const read = ({ client, clientUserId }: ReturnType<typeof setup>) => readApplicantRun(client, clientUserId);
    expect(await Promise.all([open, forced, ended, setup()].map(read))).toMatchObject([
      { standing: 'open', closedAtMs: null },
      { standing: 'forced' },
      { standing: 'ended', outcome: 'collected', humanId: ended.humanId },
      null,
    ]);
  });
});
