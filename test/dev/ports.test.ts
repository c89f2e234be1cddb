import { createServer } from 'node:http';
import { choosePorts } from '../../src/dev/ports';
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
