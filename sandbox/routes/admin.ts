import type { FastifyInstance } from 'fastify';
import type { Log } from '../log';
import type { People } from '../people';
import type { Persona } from '../personas/catalogue';
import { createBody, lookupQuery, validate } from '../requests';
import type { ScriptRunner } from '../script-runner';
import type { Person } from '../state';
import type { Tokens } from '../tokens';

/** The form of the answer to an invitation. */
export type CreateAnswer = 'object' | 'array';

/** The page size of a look-up with `offset`. Upstream publishes no figure. */
const PAGE_SIZE = 50;

interface AdminDeps {
  readonly people: People;
  readonly tokens: Tokens;
  readonly scriptRunner: ScriptRunner;
  readonly log: Log;
  readonly personaFor: (clientUserId: string, email: string) => Persona;
  /** Null: the form of the persona. */
  readonly createAnswer: CreateAnswer | null;
  readonly inviteLink: (person: Person) => string;
}

/** The admin host: invite, look up, read and delete people. */
export function adminRoutes(
  app: FastifyInstance,
  { people, tokens, scriptRunner, log, personaFor, createAnswer, inviteLink }: AdminDeps,
): void {
  app.addHook('onRequest', async (request) => {
    tokens.require('client', request.headers.authorization);
  });

  app.post('/api/v1/users', async (request, reply) => {
    const body = validate(createBody, 'payload', request.body);
    const persona = personaFor(body.clientUserId, body.clientUserEmail);
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
    const answer = { ...toUser(person), inviteLink: inviteLink(person) };
    // Runs after the answer was created, so that the answer always contains the status Invited.
    scriptRunner.resume(person);
    if ((createAnswer ?? persona.createAnswer) === 'array') return reply.code(201).send([answer]);
    // The vendor's text with the single object has no e-mail.
    return reply.code(202).send({ ...answer, clientUserEmail: undefined });
  });

  app.get('/api/v1/users', async (request) => {
    const { offset, ...filter } = validate(lookupQuery, 'query', request.query);
    const isFiltered = filter.clientUserId !== undefined || filter.humanId !== undefined;
    const page = isFiltered ? people.find(filter).slice(offset, offset + PAGE_SIZE) : people.page(offset, PAGE_SIZE);
    return page.map(toUser);
  });

  app.get<{ Params: { humanId: string } }>('/api/v1/users/:humanId', async (request) =>
    toUser(people.require(request.params.humanId)),
  );

  app.delete<{ Params: { humanId: string } }>('/api/v1/users/:humanId', async (request, reply) => {
    const person = people.require(request.params.humanId);
    scriptRunner.stop(person);
    people.remove(person);
    people.save(person);
    log('deleted', { clientUserId: person.clientUserId, humanId: person.humanId });
    return reply.code(200).send();
  });
}

/** A person as the carrier sees them, without details that were not given. */
function toUser(person: Person) {
  const { clientUserId, clientUserEmail, humanId, status, createdAt, updatedAt } = person;
  const details = Object.entries({
    firstName: person.firstName,
    lastName: person.lastName,
    dateOfBirth: person.dateOfBirth,
    suggestedSources: person.suggestedSources,
  }).filter(([, value]) => value !== null);
  return { clientUserId, clientUserEmail, humanId, ...Object.fromEntries(details), createdAt, updatedAt, status };
}
