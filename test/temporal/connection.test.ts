import type { NativeConnection } from '@temporalio/worker';
import { connectClient, createLazyClient, TemporalUnreachable } from '../../src/temporal/connection';
import { connectWorker } from '../../src/temporal/workers';
import { until } from '../support/condition';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';

let server: TemporalServer | undefined;
let testEnd: AbortController;
beforeEach(() => {
  testEnd = new AbortController();
});
afterEach(async () => {
  testEnd.abort(new Error('the test has ended'));
  await server?.stop();
  server = undefined;
});

async function setup(namespace = 'default') {
  const port = await freePort();
  const messages: string[] = [];
  const write = (_: object, text: string) => void messages.push(text);
  return {
    port,
    messages,
    log: { info: write, warn: write, error: write },
    settings: { namespace, connection: { address: `127.0.0.1:${port}` } },
  };
}

test('a client and a worker wait for a server that starts later, and log it once; a wrong namespace is named', async () => {
  const { port, messages, log, settings } = await setup();
  const lazy = createLazyClient(settings);
  const callWithin = (timeoutMs: number) =>
    lazy.withDeadline(Date.now() + timeoutMs, () => lazy.workflowService.getSystemInfo({}));
  await expect(callWithin(200)).rejects.toThrow();

  const client = connectClient(settings, { log, signal: testEnd.signal });
  const worker: Promise<NativeConnection> = connectWorker(settings, { log, signal: testEnd.signal });
  await until('both to wait', () => messages.length === 2);
  server = await startTemporalServer({ port });
  await (await client).workflowService.getSystemInfo({});
  await (await worker).close();
  await (await client).connection.close();
  expect(messages).toEqual([
    ...Array<string>(2).fill(`waiting for Temporal at 127.0.0.1:${port} to answer`),
    ...Array<string>(2).fill('Temporal answers'),
  ]);
  // The lazy client finds the server too.
  await callWithin(10_000);
  await lazy.connection.close();

  messages.length = 0;
  const mistyped = { ...settings, namespace: 'mistyped' };
  const error = await connectClient(mistyped, { log, giveUpAfterMs: 1 }).catch((thrown: Error) => thrown);
  expect((error as Error).message).toMatch('"mistyped"');
  messages.length = 0;
  const waiting = connectClient(mistyped, { log, signal: testEnd.signal }).catch((thrown: Error) => thrown);
  await until('a message', () => messages.length > 0);
  expect(messages).toEqual([`waiting for the namespace "mistyped" of Temporal at 127.0.0.1:${port}`]);
  testEnd.abort(new Error('stopped'));
  expect(await waiting).toEqual(new Error('stopped'));
});

test('with a limit, a client reports the address that did not answer, and what to do', async () => {
  const { port, log, settings } = await setup();
  const error = await connectClient(settings, { log, giveUpAfterMs: 1 }).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(TemporalUnreachable);
  expect((error as Error).message).toMatch(`127.0.0.1:${port}`);
  expect((error as Error).message).toMatch('TEMPORAL_ADDRESS');
});
