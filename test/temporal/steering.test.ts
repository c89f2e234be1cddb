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
  return { client, begin, handle: await begin() };
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
  const { client, begin, handle } = await start('POL-next-round');
  const steering = createSteering({
    client: withInterceptor(client, {
      async cancel(input, next) {
        await handle.terminate();
        await begin();
        return next(input);
      },
    }),
  });
  expect(await steering.cancel('POL-next-round', REQUEST)).toBe('done');
  const nextRound = client.workflow.getHandle('applicant-POL-next-round');
  expect((await nextRound.describe()).status.name).toBe('RUNNING');
  expect(await cancelsOf(nextRound)).toEqual([]);
  await nextRound.terminate();
});

test('the signal of a cancel does not reach a round that began since, and then there is no request', async () => {
  const { client, begin, handle } = await start('POL-late-signal');
  const steering = createSteering({
    client: withInterceptor(client, {
      async signal(input, next) {
        await handle.terminate();
        await begin();
        return next(input);
      },
    }),
  });
  expect(await steering.cancel('POL-late-signal', REQUEST)).toBe('not-open');
  const nextRound = client.workflow.getHandle('applicant-POL-late-signal');
  expect(await cancelsOf(nextRound)).toEqual([]);
  await nextRound.terminate();
});

test('an update does not reach a round that began since', async () => {
  const { client, begin, handle } = await start('POL-late-update');
  let asked = 0;
  const steering = createSteering({
    client: withInterceptor(client, {
      async startUpdate(input, next) {
        asked += 1;
        await handle.terminate();
        await begin();
        return next(input);
      },
    }),
  });
  expect(await steering.finishNow('POL-late-update', REQUEST)).toBe('not-open');
  expect(asked).toBe(1);
  await client.workflow.getHandle('applicant-POL-late-update').terminate();
});

test('a cancel reaches the run that continues the one it was meant for', async () => {
  const { client, handle } = await start('POL-continued');
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
  const continued = client.workflow.getHandle('applicant-POL-continued');
  expect((await continued.describe()).runId).not.toBe(handle.firstExecutionRunId);
  expect(await cancelsOf(continued)).toEqual(['signal', 'request']);
  await continued.terminate();
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
