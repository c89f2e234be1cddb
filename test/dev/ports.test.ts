import { createServer } from 'node:http';
import { choosePorts, metricsPort } from '../../src/dev/ports';
import { drain, listen } from '../../src/process/listening';
import { freePort } from '../support/temporal-server';

test('a free port is used as wanted, and two names get different ports', async () => {
  const port = await freePort();
  const { worker, webhook } = await choosePorts({ worker: port, webhook: port });
  expect(worker).toBe(port);
  expect(webhook).not.toBe(port);
});

test('a free port replaces a taken one', async () => {
  const server = createServer();
  const port = Number(new URL(await listen(server, { host: '127.0.0.1', port: 0 })).port);
  const { webhook } = await choosePorts({ webhook: port });
  expect(webhook).not.toBe(port);
  expect(webhook).toBeGreaterThan(0);
  await drain(server);
});

test.each([
  [9464, [9464, 9465, 9466]],
  [0, [0, 0, 0]],
  [null, [0, 0, 0]],
])('with METRICS_PORT %j the processes get the metrics ports %j', (first, ports) => {
  expect([0, 1, 2].map((index) => metricsPort(first, index))).toEqual(ports);
});
