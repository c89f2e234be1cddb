import type { FastifyInstance } from 'fastify';
import type { Log } from '../log';
import type { People } from '../people';
import type { Persona } from '../personas/catalogue';
import { createBody, lookupQuery, validated } from '../requests';
import type { Person } from '../state';
import type { Storyteller } from '../storyteller';
import type { Tokens } from '../tokens';

/** Which of its two forms the answer to an invitation takes. */
export type CreateAnswer = 'object' | 'array';

/** How many people one look-up answers with; the rest is behind `offset`. Upstream publishes no figure. */
const PAGE_SIZE = 50;

interface AdminDeps {
  readonly people: People;
  readonly tokens: Tokens;
  readonly storyteller: Storyteller;
  readonly log: Log;
  /** Who somebody lives as. */
  readonly cast: (clientUserId: string, email: string) => Persona;
  /** Null: each persona has its own. */
  readonly createAnswer: CreateAnswer | null;
  /** The address of the page of an invitation. */
  readonly inviteLink: (person: Person) => string;
}

/** The host of the people: invite, look up, read, delete. */
export function adminRoutes(
  app: FastifyInstance,
  { people, tokens, storyteller, log, cast, createAnswer, inviteLink }: AdminDeps,
): void {
  app.addHook('onRequest', async (request) => {
    tokens.require('client', request.headers.authorization);
  });

  app.post('/api/v1/users', async (request, reply) => {
    const body = validated(createBody, 'payload', request.body);
    const persona = cast(body.clientUserId, body.clientUserEmail);
    const person = people.invite(
      {
        clientUserId: body.clientUserId,
        clientUserEmail: body.clientUserEmail,
        firstName: body.firstName ?? null,
        lastName: body.lastName ?? null,
        dateOfBirth: body.dateOfBirth ?? null,
        suggestedSources: body.suggestedSources ?? null,
        autoInvite: body.autoInvite,
      },
      persona.name,
    );
    log('invited', { clientUserId: person.clientUserId, humanId: person.humanId, persona: persona.name });
    const answer = { ...shown(person), inviteLink: inviteLink(person) };
    // After the answer is written down: it tells of somebody Invited, whatever happens to them at once.
    storyteller.tell(person);
    if ((createAnswer ?? persona.createAnswer) === 'array') return reply.code(201).send([answer]);
    // The text with the single object knows no e-mail in it.
    return reply.code(202).send({ ...answer, clientUserEmail: undefined });
  });

  app.get('/api/v1/users', async (request) => {
    const { offset, ...wanted } = validated(lookupQuery, 'query', request.query);
    const everybody = wanted.clientUserId === undefined && wanted.humanId === undefined;
    const found = everybody ? people.page(offset, PAGE_SIZE) : people.find(wanted).slice(offset, offset + PAGE_SIZE);
    return found.map(shown);
  });

  app.get<{ Params: { humanId: string } }>('/api/v1/users/:humanId', async (request) =>
    shown(people.require(request.params.humanId)),
  );

  app.delete<{ Params: { humanId: string } }>('/api/v1/users/:humanId', async (request, reply) => {
    const person = people.require(request.params.humanId);
    storyteller.stop(person);
    people.remove(person);
    people.keep(person);
    log('deleted', { clientUserId: person.clientUserId, humanId: person.humanId });
    return reply.code(200).send();
  });
}

/** A person as the carrier sees them; what was never given is left out. */
function shown(person: Person) {
  const { clientUserId, clientUserEmail, humanId, status, createdAt, updatedAt } = person;
  const given = Object.entries({
    firstName: person.firstName,
    lastName: person.lastName,
    dateOfBirth: person.dateOfBirth,
    suggestedSources: person.suggestedSources,
  }).filter(([, value]) => value !== null);
  return { clientUserId, clientUserEmail, humanId, ...Object.fromEntries(given), createdAt, updatedAt, status };
}
