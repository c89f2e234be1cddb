import { BlockList } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ErrorAnswer } from './error-answer';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Answers 404 to requests of other machines on all routes of this scope. */
export function requireLoopback(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const family = request.ip.includes(':') ? 'ipv6' : 'ipv4';
    if (!LOOPBACK.check(request.ip, family)) throw new ErrorAnswer(404, 'Not found.');
  });
}
