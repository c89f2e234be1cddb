import { Client, Connection } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { Gauge, Registry } from 'prom-client';
import {
  connectClient,
  createLazyClient,
  describeOldServer,
  TemporalUnreachable,
  warnIfServerOld,
} from '../../src/temporal/connection';
import { grpcProxy } from '../../src/temporal/grpc-proxy';
import { serveDuePollMetric } from '../../src/temporal/task-queues';
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

test('without Temporal, the age of the oldest due poll is NaN, and the other metrics are served', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const registry = new Registry();
  new Gauge({ name: 'other', help: 'another one', registers: [registry] });
  serveDuePollMetric(registry, { client: new Client({ connection }), taskQueue: 'no-worker' });
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toEqual(expect.arrayContaining(['other 0', 'chartway_oldest_due_poll_age_seconds Nan']));
  await connection.close();
});

test.each(['0.30.0', '1.20.4', '1.24.2', '1.30.2', 'v1.9'])('a server %s is too old', (version) => {
  expect(describeOldServer(version)).toContain(
    `${version.replace('v', '').split('.').slice(0, 2).join('.')}; 1.31 or newer`,
  );
});

test.each(['1.31.2', '1.32.0', '1.31.0-151.2', '2.0.0', '', 'unknown', undefined])(
  'a server %s causes no warning',
  (version) => {
    expect(describeOldServer(version)).toBeNull();
  },
);

test('a worker warns once, and a server without a version causes no warning', async () => {
  const logged: string[] = [];
  const warnFor = (getSystemInfo: () => Promise<unknown>) => {
    const withDeadline = (_: number, call: () => Promise<unknown>) => call();
    const log = { warn: (_: object, text: string) => void logged.push(text) };
    return warnIfServerOld({ withDeadline, workflowService: { getSystemInfo } } as never, log);
  };
  await warnFor(async () => ({ serverVersion: '1.24.2' }));
  await warnFor(() => Promise.reject(new Error('not allowed')));
  expect(logged).toEqual([expect.stringContaining('the Temporal server has version 1.24')]);
});

const PROXY = 'http://proxy.example:3128';
const VIA = { type: 'http-connect', targetHost: 'proxy.example:3128' };
const LOGIN = { username: 'u', password: 'p@ss' };
const CLOUD = 'cloud.example:7233';

test.each<[string, string, Record<string, string>, object | undefined]>([
  ['no proxy set', CLOUD, {}, undefined],
  ['https_proxy', CLOUD, { https_proxy: PROXY }, VIA],
  ['only http_proxy', CLOUD, { http_proxy: PROXY }, VIA],
  ['grpc_proxy before the others', CLOUD, { grpc_proxy: PROXY, https_proxy: 'http://other.example' }, VIA],
  ['a proxy without a port', CLOUD, { https_proxy: 'http://p.example' }, { ...VIA, targetHost: 'p.example:80' }],
  ['a login', CLOUD, { https_proxy: 'http://u:p%40ss@proxy.example:3128' }, { ...VIA, basicAuth: LOGIN }],
  ['loopback by name', 'localhost:7233', { https_proxy: PROXY }, undefined],
  ['loopback by address', '127.0.0.2:7233', { https_proxy: PROXY }, undefined],
  ['loopback in IPv6', '[::1]:7233', { https_proxy: PROXY }, undefined],
  [
    'the end of the name in no_proxy',
    'a.cloud.example:7233',
    { https_proxy: PROXY, no_proxy: 'x,cloud.example' },
    undefined,
  ],
  ['another name in no_proxy', CLOUD, { https_proxy: PROXY, no_proxy: 'other.example' }, VIA],
  ['its network in no_proxy', '10.1.2.3:7233', { https_proxy: PROXY, no_proxy: '10.0.0.0/8' }, undefined],
  ['another network in no_proxy', '11.1.2.3:7233', { https_proxy: PROXY, no_proxy: '10.0.0.0/8' }, VIA],
  ['a proxy that is not a URL', CLOUD, { https_proxy: 'proxy' }, undefined],
])('a worker with %s uses the same proxy as the other processes', (_condition, address, env, proxy) => {
  expect(grpcProxy(address, env)).toEqual(proxy);
});
