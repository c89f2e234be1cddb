import { NativeConnection, Worker } from '@temporalio/worker';
import { until } from '../support/condition';
import { installRuntime } from '../support/runtime';
import { useTemporalServer } from '../support/temporal-server';
import { ACTOR, setup } from './fixture';

const server = useTemporalServer();

test('an update that an old worker does not have is not done, and the audit log records that', async () => {
  const { address } = server();
  const { start, useCases, clientUserId, taskQueue, acts, handle } = setup(server());
  installRuntime();
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = require.resolve('./workflow-without-updates');
  const worker = await Worker.create({ connection, taskQueue, workflowsPath });
  await worker.runUntil(async () => {
    await start();
    await until('the first task', async () => (await handle.describe()).historyLength > 3);
    const finishing = useCases.finishNow(clientUserId, { reasonCode: 'other' }, ACTOR);
    await expect(finishing).rejects.toMatchObject({ kind: 'unavailable', what: 'worker', done: 'nothing' });
    await handle.terminate();
  });
  await connection.close();
  expect(acts.at(-1)).toMatchObject({ did: 'not-done', detail: 'finish-now: unavailable' });
});
