import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import { connectClient, createLazyClient, TemporalUnreachable } from '../../src/temporal/connection';
import { connectWorker } from '../../src/temporal/worker-connection';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';

let server: TemporalServer | undefined;
let testOver: AbortController;
beforeEach(() => {
  testOver = new AbortController();
});
afterEach(async () => {
  testOver.abort(new Error('the test is over'));
  await server?.stop();
  server = undefined;
});

async function setup(namespace = 'default') {
  const port = await freePort();
  const said: string[] = [];
  const say = (_: object, text: string) => void said.push(text);
  return {
    port,
    said,
    log: { info: say, warn: say, error: say },
    settings: { namespace, connection: { address: `127.0.0.1:${port}` } },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    testOver.signal.throwIfAborted();
    await sleep(20);
  }
}

test('a client and a worker wait for a server that starts later, and say so once', async () => {
  const { port, said, log, settings } = await setup();
  const client = connectClient(settings, { log, signal: testOver.signal });
  const worker: Promise<NativeConnection> = connectWorker(settings, { log, signal: testOver.signal });
  await until(() => said.length === 2);
  server = await startTemporalServer({ port });
  await (await client).workflowService.getSystemInfo({});
  await (await worker).close();
  await (await client).connection.close();
  expect(said).toEqual([
    ...Array<string>(2).fill(`Temporal at 127.0.0.1:${port}: waiting for it to answer`),
    ...Array<string>(2).fill('Temporal answers'),
  ]);
});

test('who does not want to wait for ever is told where nobody answered and what to do', async () => {
  const { port, log, settings } = await setup();
  const error = await connectClient(settings, { log, giveUpAfterMs: 1 }).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(TemporalUnreachable);
  expect((error as Error).message).toMatch(`a Temporal server at 127.0.0.1:${port}, none answered`);
  expect((error as Error).message).toMatch('set TEMPORAL_ADDRESS');
});

test('a namespace that is not there is waited for, and named', async () => {
  const { port, said, log, settings } = await setup('mistyped');
  server = await startTemporalServer({ port });
  const error = await connectClient(settings, { log, giveUpAfterMs: 1 }).catch((thrown: Error) => thrown);
  expect((error as Error).message).toMatch('expected the namespace "mistyped"');
  const waiting = connectClient(settings, { log, signal: testOver.signal }).catch((thrown: Error) => thrown);
  await until(() => said.length > 0);
  expect(said).toEqual([`Temporal at 127.0.0.1:${port}: waiting for its namespace "mistyped"`]);
  testOver.abort(new Error('stopped'));
  expect(await waiting).toEqual(new Error('stopped'));
});

test('a lazy client is there without a server, and finds one that comes', async () => {
  const { port, settings } = await setup();
  const client = createLazyClient(settings);
  const soon = () => client.withDeadline(Date.now() + 200, () => client.workflowService.getSystemInfo({}));
  await expect(soon()).rejects.toThrow();
  server = await startTemporalServer({ port });
  await client.withDeadline(Date.now() + 10_000, () => client.workflowService.getSystemInfo({}));
  await client.connection.close();
});
