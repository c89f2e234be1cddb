import { BlockList } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Refusal } from '../envelopes';
import type { People } from '../people';
import { described, PERSONAS } from '../personas/catalogue';
import { controlStatusBody, validated } from '../requests';
import type { Person } from '../state';
import type { Storyteller } from '../storyteller';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** What the real upstream does not have: a look behind the scenes and a hand on them, for whoever sits at this machine. */
export function controlRoutes(app: FastifyInstance, people: People, storyteller: Storyteller): void {
  app.addHook('onRequest', async (request) => {
    const family = request.ip.includes(':') ? 'ipv6' : 'ipv4';
    if (!LOOPBACK.check(request.ip, family)) throw new Refusal(404, 'There is nothing here.');
  });

  app.get('/personas', async () => PERSONAS.map(described));

  app.get('/people', async () => people.everybody().map(overview));

  app.post<{ Params: { clientUserId: string } }>('/people/:clientUserId/status', async (request) => {
    const { value, notify } = validated(controlStatusBody, 'payload', request.body);
    const [person] = people.find({ clientUserId: request.params.clientUserId });
    if (!person) throw new Refusal(404, 'There is no user with this clientUserId.');
    storyteller.override(person, value, notify);
    return overview(person);
  });
}

/** A person without anything personal. */
function overview({ clientUserId, humanId, persona, status, deletedAt, updatedAt, reports, notices }: Person) {
  return {
    clientUserId,
    humanId,
    persona,
    status,
    deleted: deletedAt !== null,
    updatedAt,
    reports: reports.length,
    notices,
  };
}
