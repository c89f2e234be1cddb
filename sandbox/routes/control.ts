import type { FastifyInstance } from 'fastify';
import { Refusal } from '../envelopes';
import { onlyFromThisMachine } from '../loopback';
import type { People } from '../people';
import { described, PERSONAS } from '../personas/catalogue';
import { controlStatusBody, validated } from '../requests';
import type { Person } from '../state';
import type { Storyteller } from '../storyteller';

/** What the real upstream does not have: a look behind the scenes and a hand on them, for whoever sits at this machine. */
export function controlRoutes(app: FastifyInstance, people: People, storyteller: Storyteller): void {
  onlyFromThisMachine(app);

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
