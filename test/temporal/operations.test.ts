import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { createLazyClient } from '../../src/temporal/connection';
import { createOperations } from '../../src/temporal/operations';
import { listenOnLoopback } from '../support/loopback';

const { WorkflowExecutionStatus: Status } = temporal.api.enums.v1;

/** A client that starts a run, finds it in this status, and records the calls that have no deadline. Null: the run is gone. */
function setup(status: number | null) {
  const unlimited: string[] = [];
  let hasDeadline = false;
  const answer = async <T>(call: string, result: T): Promise<T> => {
    if (!hasDeadline) unlimited.push(call);
    return result;
  };
  const workflowExecutionInfo = {
    status,
    type: { name: 'sweep' },
    taskQueue: 'queue',
    execution: { runId: 'r' },
    closeTime: { seconds: 1 },
  };
  const notFound = Object.assign(new Error('gone'), { code: 5, details: 'gone', metadata: { get: () => [] } });
  const client = {
    options: { namespace: 'default' },
    withDeadline: (_: number, call: () => Promise<unknown>) => {
      hasDeadline = true;
      return call().finally(() => {
        hasDeadline = false;
      });
    },
    workflow: {
      start: () => answer('start', { firstExecutionRunId: 'r' }),
      getHandle: () => ({ result: () => answer('result', { people: 7 }) }),
    },
    workflowService: {
      describeWorkflowExecution: () =>
        status === null ? Promise.reject(notFound) : answer('describe', { workflowExecutionInfo }),
    },
  } as unknown as Client;
  return { operations: createOperations({ client, taskQueue: 'queue' }), unlimited };
}

test('each call of an operation has a deadline', async () => {
  const { operations, unlimited } = setup(Status.WORKFLOW_EXECUTION_STATUS_COMPLETED);
  expect(await operations.sweep()).toEqual({ people: 7 });
  expect(unlimited).toEqual([]);
});

test.each([
  [Status.WORKFLOW_EXECUTION_STATUS_FAILED, 'it failed'],
  [Status.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, 'it timed out'],
  [Status.WORKFLOW_EXECUTION_STATUS_CANCELED, 'it was cancelled'],
  [Status.WORKFLOW_EXECUTION_STATUS_TERMINATED, 'it was terminated'],
  [null, 'it was deleted'],
])('a run that ends with the status %s is reported: %s', async (status, why) => {
  const sweep = setup(status).operations.sweep();
  await expect(sweep).rejects.toThrow(`sweep-queue does not finish: ${why}. Check`);
});

test('a server that does not answer does not delay the end of an operation that is aborted', async () => {
  const server = createServer();
  const connected = once(server, 'connection');
  const port = await listenOnLoopback(server);
  const client = createLazyClient({ namespace: 'default', connection: { address: `127.0.0.1:${port}` } });
  const stopping = new AbortController();
  const ended = createOperations({ client, taskQueue: 'queue' }).sweep({ signal: stopping.signal });
  await Promise.race([connected, ended]);
  stopping.abort(new Error('stopped'));
  await expect(ended).rejects.toThrow('stopped');
  await client.connection.close();
  server.close();
});
