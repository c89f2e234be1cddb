import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { createNoticeSender, NoticeUndelivered } from '../../src/temporal/notices';
import { applicantWorkflowId, COLLECT_RECORDS, mailboxWorkflowId } from '../../src/workflows/contract';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';

let server: TemporalServer;
let connection: Connection;

beforeAll(async () => {
  server = await startTemporalServer({ searchAttributes: { HumanId: 'Keyword' } });
  connection = await Connection.connect({ address: server.address });
}, 40_000);

afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

/** Applicants of a test's own, as runs that no worker works on. */
function setup(options: { namespace?: string; codec?: PayloadCodec } = {}) {
  const client = new Client({
    connection,
    namespace: options.namespace ?? server.namespace,
    ...(options.codec ? { dataConverter: { payloadCodecs: [options.codec] } } : {}),
  });
  const clientUserId = `POL-${randomUUID()}`;
  const humanId = randomUUID().replaceAll('-', '');
  const named = { humanId, reportId: 'r-1', type: 'unity', updatedAt: '2026-01-30T21:20:54.316Z' };
  const report = { kind: 'report' as const, ...named };
  return {
    client,
    clientUserId,
    humanId,
    named,
    report,
    sender: createNoticeSender({ client, taskQueue: 'nobody', refreshForMs: 60_000 }),
    start: (id = clientUserId) =>
      client.workflow.start(COLLECT_RECORDS, {
        workflowId: applicantWorkflowId(id),
        taskQueue: 'nobody',
        searchAttributes: { HumanId: [humanId] },
      }),
    signalsOf: async (workflowId: string) => {
      const history = await client.workflow.getHandle(workflowId).fetchHistory();
      return (history.events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
    },
  };
}

async function until<T>(condition: () => Promise<T | null>): Promise<T> {
  for (const deadlineMs = Date.now() + 10_000; ; ) {
    const value = await condition();
    if (value !== null) return value;
    if (Date.now() > deadlineMs) throw new Error('expected the condition to come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a notice for an applicant', () => {
  test('reaches the open run once, however often it is repeated', async () => {
    const { sender, start, clientUserId, humanId, signalsOf } = setup();
    await start();
    const claim = { humanId, status: 'Syncing', updatedAt: '2026-01-30T21:20:54.316Z' };
    const notice = { kind: 'status' as const, clientUserId, ...claim };
    await expect(sender.send(notice, null, 'request-1')).resolves.toBe('applicant');
    await expect(sender.send(notice, null, 'request-1')).resolves.toBe('applicant');
    await expect(sender.send(notice, null, 'request-2')).resolves.toBe('applicant');
    const signals = await signalsOf(applicantWorkflowId(clientUserId));
    expect(signals.map((signal) => signal.signalName)).toEqual(['statusNotice', 'statusNotice']);
    expect(defaultPayloadConverter.fromPayload(signals[0]?.input?.payloads?.[0] ?? {})).toEqual(claim);
  });

  test('has nowhere to go where no such applicant was ever started', async () => {
    const { sender, clientUserId, humanId } = setup();
    const notice = { kind: 'status' as const, clientUserId, humanId, status: 'Syncing', updatedAt: null };
    await expect(sender.send(notice, null, 'r')).resolves.toBe('nowhere');
  });

  test('has nowhere to go once the applicant is closed', async () => {
    const { sender, start, clientUserId, report } = setup();
    await (await start()).terminate();
    await expect(sender.send(report, clientUserId, 'r')).resolves.toBe('nowhere');
  });

  test('is undelivered, not unknown, where the namespace is missing', async () => {
    const { sender, clientUserId, report } = setup({ namespace: 'nowhere' });
    const failure = sender.send(report, clientUserId, 'r');
    await expect(failure).rejects.toBeInstanceOf(NoticeUndelivered);
    await expect(failure).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(sender.send(report, null, 'r')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(sender.readHumanId(clientUserId)).rejects.toThrow();
  });

  test('is undelivered where nothing answers at the address', async () => {
    const lazy = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
    const { report } = setup();
    const sender = createNoticeSender({
      client: new Client({ connection: lazy }),
      taskQueue: 'nobody',
      refreshForMs: 60_000,
    });
    await expect(sender.send(report, 'POL-1', 'r', Date.now() + 500)).rejects.toMatchObject({
      kind: 'unavailable',
    });
    await lazy.close();
  });

  test('is refused where the server will never take it as it is', async () => {
    const { sender, start, clientUserId, report } = setup();
    await start();
    const tooLong = 'r'.repeat(2_000);
    await expect(sender.send(report, clientUserId, tooLong)).rejects.toMatchObject({ kind: 'refused' });
  });

  test('passes through the codec, bound to the workflow that it goes to', async () => {
    const seen: unknown[] = [];
    const codec: PayloadCodec = {
      encode: async (payloads, context) => {
        seen.push(context);
        return payloads.map(() => ({
          metadata: { encoding: Buffer.from('test/sealed') },
          data: Buffer.from('sealed'),
        }));
      },
      decode: async (payloads) => payloads,
    };
    const { sender, start, clientUserId, humanId, report, signalsOf } = setup({ codec });
    await start();
    await sender.send(report, clientUserId, 'r');
    await sender.send(report, null, 'r');
    expect(seen).toEqual([
      { type: 'workflow', namespace: 'default', workflowId: applicantWorkflowId(clientUserId) },
      { type: 'workflow', namespace: 'default', workflowId: mailboxWorkflowId(humanId) },
    ]);
    for (const workflowId of [applicantWorkflowId(clientUserId), mailboxWorkflowId(humanId)]) {
      const [signal] = await signalsOf(workflowId);
      expect(Buffer.from(signal?.input?.payloads?.[0]?.data ?? []).toString()).toBe('sealed');
    }
  });
});

describe('the mailbox of a person', () => {
  test('is started by the first notice, takes the second and drops a repeat', async () => {
    const { sender, report, humanId, client, signalsOf } = setup();
    await sender.send(report, null, 'request-1');
    await sender.send(report, null, 'request-1');
    await sender.send({ ...report, reportId: 'r-2' }, null, 'request-2');
    const described = await client.workflow.getHandle(mailboxWorkflowId(humanId)).describe();
    expect(described.type).toBe('deliverNotices');
    expect(described.taskQueue).toBe('nobody');
    const signals = await signalsOf(mailboxWorkflowId(humanId));
    expect(signals.map((signal) => signal.signalName)).toEqual(['reportNotice', 'reportNotice']);
  });

  test('is given the request id, under which it passes the notice on; an applicant is not', async () => {
    const { sender, start, clientUserId, humanId, named, report, signalsOf } = setup();
    await start();
    await sender.send(report, null, 'request-1');
    await sender.send({ ...report, requestId: 'request-1' }, clientUserId, 'request-1');
    const told = async (workflowId: string) => {
      const [signal] = await signalsOf(workflowId);
      return defaultPayloadConverter.fromPayload(signal?.input?.payloads?.[0] ?? {});
    };
    expect(await told(mailboxWorkflowId(humanId))).toEqual({ ...named, requestId: 'request-1' });
    expect(await told(applicantWorkflowId(clientUserId))).toEqual(named);
  });

  test('opens again for a notice that comes after it closed', async () => {
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

  test('tells whose notices it held when it ends, whatever its result: a webhook may not be able to read it', async () => {
    const { client, start, report, humanId, clientUserId } = setup();
    await start();
    const taskQueue = `queue-${randomUUID()}`;
    const sender = createNoticeSender({ client, taskQueue, refreshForMs: 60_000 });
    await sender.send(report, null, 'request-1');
    const owner = sender.waitForMailboxOwner(humanId);
    await until(() => sender.findApplicant(humanId));
    await completeNextRun(client, taskQueue, 'unreadable');
    await expect(owner).resolves.toBe(clientUserId);
  });

  test('that does not end in time tells nothing', async () => {
    const { sender, report, humanId } = setup();
    await sender.send(report, null, 'request-1');
    await expect(sender.waitForMailboxOwner(humanId, Date.now() + 200)).resolves.toBeNull();
  });
});

describe('looking an applicant up', () => {
  test('the applicant itself says which humanId it has', async () => {
    const { sender, start, clientUserId, humanId } = setup();
    await start();
    await expect(sender.readHumanId(clientUserId)).resolves.toBe(humanId);
    await expect(sender.readHumanId('POL-never-started')).resolves.toBeNull();
  });

  test('by humanId finds the open run before a newer closed one', async () => {
    const { client, sender, start, clientUserId, humanId } = setup();
    await start();
    await (await start(`${clientUserId}-again`)).terminate();
    // Visibility indexes each event on its own, so the second run may show before the first.
    const shown = (status: string) =>
      client.workflow.count(`HumanId = "${humanId}" AND ExecutionStatus = "${status}"`).then(({ count }) => count);
    await until(async () => ((await shown('Running')) === 1 && (await shown('Terminated')) === 1 ? true : null));
    await expect(sender.findApplicant(humanId)).resolves.toBe(clientUserId);
  });

  test('by humanId finds the newest closed run where none is open', async () => {
    const { sender, start, clientUserId, humanId } = setup();
    const older = await start();
    await older.terminate();
    const newer = await start(`${clientUserId}-again`);
    await newer.terminate();
    await expect(
      until(async () => ((await sender.findApplicant(humanId)) === `${clientUserId}-again` ? true : null)),
    ).resolves.toBe(true);
  });

  test('by humanId finds nobody where nobody has it, and asks nothing for what is no humanId', async () => {
    const { sender } = setup();
    await expect(sender.findApplicant('0'.repeat(32))).resolves.toBeNull();
    await expect(sender.findApplicant('x" OR WorkflowType != "')).resolves.toBeNull();
  });
});

/** Plays the worker of one workflow task: completes the run with `result`. */
async function completeNextRun(client: Client, taskQueue: string, result: unknown): Promise<void> {
  const { namespace } = client.options;
  // The server refuses a long poll without a deadline.
  const task = await client.withDeadline(Date.now() + 10_000, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  await client.workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken: task.taskToken,
    commands: [
      {
        commandType: temporal.api.enums.v1.CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        completeWorkflowExecutionCommandAttributes: {
          result: { payloads: [defaultPayloadConverter.toPayload(result)] },
        },
      },
    ],
  });
}
