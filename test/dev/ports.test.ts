import { once } from 'node:events';
import { createServer } from 'node:net';
import { choosePorts } from '../../src/dev/ports';
import { freePort } from '../support/temporal-server';

async function taken() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP port');
  return { port: address.port, free: () => new Promise((resolve) => server.close(resolve)) };
}

test('a free port is taken as wanted', async () => {
  const port = await freePort();
  expect(await choosePorts({ webhook: port })).toEqual({ webhook: { number: port, wanted: port } });
});

test('a taken port is replaced by a free one, and both numbers are told', async () => {
  const { port, free } = await taken();
  const { webhook } = await choosePorts({ webhook: port });
  expect(webhook.wanted).toBe(port);
  expect(webhook.number).not.toBe(port);
  expect(webhook.number).toBeGreaterThan(0);
  await free();
});

test('no two get the same port', async () => {
  const port = await freePort();
  const { one, two } = await choosePorts({ one: port, two: port });
  expect(one.number).toBe(port);
  expect(two.number).not.toBe(port);
});
