import { BlockList } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Refusal } from './envelopes';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Hides all routes of that scope from everybody but whoever sits at this machine. */
export function onlyFromThisMachine(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const family = request.ip.includes(':') ? 'ipv6' : 'ipv4';
    if (!LOOPBACK.check(request.ip, family)) throw new Refusal(404, 'There is nothing here.');
  });
}
