import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ErrorAnswer } from '../error-answer';
import type { People } from '../people';
import { render } from '../records/render';
import { CONTENT_TYPES, hasFormat } from '../report-types';
import { rawQuery, validate } from '../requests';
import type { Person, Report } from '../state';
import { type Tokens, unauthorized } from '../tokens';

/** The data host: the access token identifies the person. */
export function dataRoutes(app: FastifyInstance, people: People, tokens: Tokens): void {
  app.get('/v1/human/medical/reports', async (request) => tokenOwner(request).reports.map(toListedReport));

  app.get<{ Params: { id: string } }>('/v1/human/medical/reports/:id/raw', async (request, reply) => {
    const person = tokenOwner(request);
    const { format } = validate(rawQuery, 'query', request.query);
    const report = person.reports.find(({ id }) => id === request.params.id);
    if (!report) throw new ErrorAnswer(404, 'No report has this id.');
    if (!hasFormat(report.type, format))
      throw new ErrorAnswer(415, `A ${report.type} report is not available as ${format}.`);
    const { length, body } = await render(person, report, format);
    return reply.header('content-type', CONTENT_TYPES[format]).header('content-length', length).send(body);
  });

  function tokenOwner(request: FastifyRequest): Person {
    const { humanId } = tokens.require('access', request.headers.authorization);
    const [person] = people.find({ humanId: humanId ?? '' });
    // The tokens of a deleted person are invalid.
    if (!person) throw unauthorized();
    return person;
  }
}

function toListedReport({ id, createdAt, updatedAt, type, organization }: Report) {
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
