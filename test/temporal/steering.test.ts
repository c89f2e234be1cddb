import { type Client, WorkflowClient, type WorkflowClientInterceptor, type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { createSteering } from '../../src/temporal/steering';
import { COLLECT_RECORDS } from '../../src/workflows/contract';
import { useTemporalServer } from '../support/temporal-server';

const server = useTemporalServer();

const REQUEST = { reasonCode: 'other' } as const;
const { COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: CONTINUE } = temporal.api.enums.v1.CommandType;

/** The same client with one interceptor of its calls. */
function withInterceptor(client: Client, interceptor: WorkflowClientInterceptor): Client {
  const { connection, options } = client;
  const workflow = new WorkflowClient({ connection, namespace: options.namespace, interceptors: [interceptor] });
  return Object.create(client, { workflow: { value: workflow } }) as Client;
}

/** An applicant's run without a worker. */
async function start(clientUserId: string) {
  const { client } = server();
  const workflowId = `applicant-${clientUserId}`;
  const begin = () => client.workflow.start(COLLECT_RECORDS, { workflowId, taskQueue: clientUserId, args: [{}] });
  const handle = await begin();
  const startNextRound = async () => {
    await handle.terminate();
    await begin();
  };
  /** Of the newest run. */
  const newest = client.workflow.getHandle(workflowId);
  return { client, startNextRound, handle, newest };
}

/** What the history of the newest run has of a cancel. */
async function cancelsOf(handle: WorkflowHandle) {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => {
    if (event.workflowExecutionSignaledEventAttributes) return ['signal'];
    return event.workflowExecutionCancelRequestedEventAttributes ? ['request'] : [];
  });
}

test('the cancel request of a cancel does not reach a round that began after its signal', async () => {
  const { client, startNextRound, newest } = await start('POL-next-round');
  const steering = createSteering({
    client: withInterceptor(client, {
      async cancel(input, next) {
        await startNextRound();
        return next(input);
      },
    }),
  });
  expect(await steering.cancel('POL-next-round', REQUEST)).toBe('done');
  expect((await newest.describe()).status.name).toBe('RUNNING');
  expect(await cancelsOf(newest)).toEqual([]);
});

test('the signal of a cancel does not reach a round that began since, and then there is no request', async () => {
  const { client, startNextRound, newest } = await start('POL-late-signal');
  const steering = createSteering({
    client: withInterceptor(client, {
      async signal(input, next) {
        await startNextRound();
        return next(input);
      },
    }),
  });
  expect(await steering.cancel('POL-late-signal', REQUEST)).toBe('not-open');
  expect(await cancelsOf(newest)).toEqual([]);
});

test('an update does not reach a round that began since', async () => {
  const { client, startNextRound } = await start('POL-late-update');
  let sent = 0;
  const steering = createSteering({
    client: withInterceptor(client, {
      async startUpdate(input, next) {
        sent += 1;
        await startNextRound();
        return next(input);
      },
    }),
  });
  expect(await steering.finishNow('POL-late-update', REQUEST)).toBe('not-open');
  expect(sent).toBe(1);
});

test('a cancel reaches the run that continues the one it was meant for', async () => {
  const { client, handle, newest } = await start('POL-continued');
  let signals = 0;
  const steering = createSteering({
    client: withInterceptor(client, {
      async signal(input, next) {
        signals += 1;
        if (signals === 1) await continueAsNew(client, 'POL-continued');
        return next(input);
      },
    }),
  });
  expect(await steering.cancel('POL-continued', REQUEST)).toBe('done');
  expect((await newest.describe()).runId).not.toBe(handle.firstExecutionRunId);
  expect(await cancelsOf(newest)).toEqual(['signal', 'request']);
});

/** Plays the worker of the first workflow task. */
async function continueAsNew(client: Client, taskQueue: string): Promise<void> {
  const { namespace } = client.options;
  const { taskToken } = await client.withDeadline(Date.now() + 10_000, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
  );
  const continueAsNewWorkflowExecutionCommandAttributes = {
    workflowType: { name: COLLECT_RECORDS },
    taskQueue: { name: taskQueue },
  };
  const commands = [{ commandType: CONTINUE, continueAsNewWorkflowExecutionCommandAttributes }];
  await client.workflowService.respondWorkflowTaskCompleted({ taskToken, commands });
}
