import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { until } from '../support/condition';
import { TASK_QUEUE, useInstallation } from '../support/installation';
import { startProcess } from '../support/processes';
import { DELETES_SOON, freePort } from '../support/temporal-server';

const installation = useInstallation({
  speed: 20_000,
  notices: 'sent',
  store: 'none',
  logLevel: 'error',
  temporalArguments: DELETES_SOON,
  policy: { SETTLE_ALL_SYNCED: '1s', REFRESH_FOR: '1s' },
});

function readiness(port: number): Promise<number | null> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status,
    () => null,
  );
}

async function untilReadiness(port: number, status: number): Promise<void> {
  await until(`/readyz to answer ${status}`, async () => (await readiness(port)) === status);
}

async function pollers(): Promise<number> {
  const answer = await installation().client.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: 1,
  });
  return answer.pollers?.length ?? 0;
}

/** Deletes a closed run, as Temporal does at the end of its retention. */
async function deleteRun(workflowId: string): Promise<void> {
  const { client } = installation();
  await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId } });
  await until('the run to be deleted', () =>
    client.workflow
      .getHandle(workflowId)
      .describe()
      .then(
        () => false,
        () => true,
      ),
  );
}

const invitations = () => installation().proxy.calls.filter((call) => call === 'POST /admin/api/v1/users').length;

test('without a store, worker and api are not ready and print the command, and no one is invited; an unmounted store invites no one twice', async () => {
  const [workerPort, apiPort] = [await freePort(), await freePort()];
  const starting = installation().startWorker({ METRICS_PORT: String(workerPort) });
  const api = startProcess('api', installation().folder, {
    TEMPORAL_ADDRESS: installation().temporal.address,
    REPORT_STORE: installation().reports,
    LOG_LEVEL: 'error',
    API_PORT: '0',
    METRICS_PORT: String(apiPort),
  });
  await untilReadiness(workerPort, 503);
  await untilReadiness(apiPort, 503);
  const applicant = { clientUserId: 'POL-1', as: 'eager' };
  await installation().startSamples([applicant]);
  await expect(readdir(installation().reports)).rejects.toThrow('ENOENT');
  expect(await pollers()).toBe(0);
  expect(installation().proxy.calls).toEqual([]);

  expect((await installation().runCommand('store', 'init')).lines).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  const worker = await starting;
  for (const process of [worker, await api]) expect(process.output()).toContain('chartway -- store init');
  await untilReadiness(workerPort, 200);
  await untilReadiness(apiPort, 200);
  const result = await installation().waitForEnd('POL-1');
  expect(result.outcome).toBe('collected');
  expect(invitations()).toBe(1);

  await rename(installation().reports, `${installation().reports}.disk`);
  await mkdir(installation().reports);
  await deleteRun('applicant-POL-1');
  await installation().startSamples([applicant]);
  await untilReadiness(workerPort, 503);
  await until('an activity to fail without the store', async () => {
    const run = installation().client.workflow.getHandle('applicant-POL-1');
    const { raw } = await run.describe();
    return raw.pendingActivities?.some(({ attempt }) => (attempt ?? 0) > 1);
  });
  expect(await readdir(installation().reports)).toEqual([]);
  await rm(installation().reports, { recursive: true });
  await rename(`${installation().reports}.disk`, installation().reports);
  expect(await installation().waitForEnd('POL-1')).toEqual(result);
  expect(invitations()).toBe(1);
});
