import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../envelopes';
import type { People } from '../people';
import { render } from '../records/render';
import { CONTENT_TYPES, offers } from '../report-types';
import { rawQuery, validated } from '../requests';
import type { Person, Report } from '../state';
import { type Tokens, unauthorized } from '../tokens';

/** The host of the medical data: the token says whose. */
export function dataRoutes(app: FastifyInstance, people: People, tokens: Tokens): void {
  app.get('/v1/human/medical/reports', async (request) => owner(request).reports.map(listed));

  app.get<{ Params: { id: string } }>('/v1/human/medical/reports/:id/raw', async (request, reply) => {
    const person = owner(request);
    const { format } = validated(rawQuery, 'query', request.query);
    const report = person.reports.find(({ id }) => id === request.params.id);
    if (!report) throw new Refusal(404, 'There is no report with this id.');
    if (!offers(report.type, format)) throw new Refusal(415, `A ${report.type} report is not to be had as ${format}.`);
    const { length, body } = await render(person, report, format);
    return reply.header('content-type', CONTENT_TYPES[format]).header('content-length', length).send(body);
  });

  function owner(request: FastifyRequest): Person {
    const { humanId } = tokens.require('access', request.headers.authorization);
    const [person] = people.find({ humanId: humanId ?? '' });
    // Deleting a person takes the tokens along.
    if (!person) throw unauthorized();
    return person;
  }
}

function listed({ id, createdAt, updatedAt, type, organization }: Report) {
  return {
    id,
    createdAt,
    updatedAt,
    name: type,
    ...(organization && {
      organization: {
        id: organization.id,
        name: organization.name,
        href: `https://api.humanapi.co/v1/human/organizations/${organization.id}`,
      },
    }),
  };
}
