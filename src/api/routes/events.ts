import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { UseCases } from '../../use-cases/use-cases';
import { readActor } from '../caller';
import { answer, TAGS } from '../open-api';
import { OUTAGES, type Slug } from '../problem';
import {
  deliveriesQuery,
  deliveryPage,
  endpoint,
  endpointParams,
  endpoints,
  endpointTest,
  event,
  eventParams,
  events,
  recoverBody,
  resendQuery,
} from '../schemas/events';
import { applicantParams } from '../schemas/parameters';
import { emptyBody } from '../schemas/requests';

const tags = [TAGS.events];
const PROBLEMS_OF_ACTS: readonly Slug[] = ['not-found', ...OUTAGES];

/** The outbound events, their deliveries, and the endpoints that get them. */
export const eventRoutes: FastifyPluginAsyncZod<{ useCases: UseCases }> = async (app, { useCases }) => {
  app.get(
    '/applicants/:clientUserId/events',
    {
      schema: {
        operationId: 'listEvents',
        summary: 'List the outbound events of an applicant',
        description: 'The newest first, with their deliveries. Needs no worker.',
        tags,
        params: applicantParams,
        response: { 200: answer(events, 'The events.') },
        'x-problems': ['not-found', 'temporal-unavailable', 'store-unavailable'],
      },
    },
    async (request) => useCases.events(request.params.clientUserId),
  );

  app.get(
    '/deliveries',
    {
      schema: {
        operationId: 'listDeliveries',
        summary: 'List deliveries of events',
        description:
          'A page has the deliveries of up to `limit` applicants and batches, the newest activity first. Without clientUserId, delivered events are listed as long as Temporal keeps their deliveries.',
        tags,
        querystring: deliveriesQuery,
        response: { 200: answer(deliveryPage, 'A page.') },
        'x-problems': ['temporal-unavailable', 'store-unavailable'],
      },
    },
    async (request) => {
      const { cursor, ...query } = request.query;
      return useCases.deliveries({ ...query, cursor: cursor ?? null });
    },
  );

  app.post(
    '/events/:eventId/resend',
    {
      schema: {
        operationId: 'resendEvent',
        summary: 'Send an event again',
        description: 'With the same id and the same bytes, to every endpoint or to one.',
        tags,
        params: eventParams,
        querystring: resendQuery,
        body: emptyBody,
        response: { 202: answer(event, 'Accepted.') },
        'x-problems': PROBLEMS_OF_ACTS,
      },
    },
    async (request, reply) => {
      reply.code(202);
      return useCases.resend(request.params.eventId, request.query.endpoint ?? null, readActor(request));
    },
  );

  app.get(
    '/endpoints',
    {
      schema: {
        operationId: 'listEndpoints',
        summary: 'List the endpoints of EVENTS_URL',
        tags,
        response: { 200: answer(endpoints, 'The endpoints.') },
        'x-problems': ['store-unavailable'],
      },
    },
    async () => useCases.endpoints(),
  );

  app.post(
    '/endpoints/:name/pause',
    {
      schema: {
        operationId: 'pauseEndpoint',
        summary: 'Pause an endpoint',
        description: 'Events wait until it is resumed, and are not given up.',
        tags,
        params: endpointParams,
        body: emptyBody,
        response: { 200: answer(endpoint, 'The endpoint is paused.') },
        'x-problems': PROBLEMS_OF_ACTS,
      },
    },
    async (request) => useCases.pauseEndpoint(request.params.name, readActor(request)),
  );

  app.post(
    '/endpoints/:name/resume',
    {
      schema: {
        operationId: 'resumeEndpoint',
        summary: 'Resume an endpoint',
        description: 'One that was paused, that stopped with 410, or that fails. Events that wait are sent now.',
        tags,
        params: endpointParams,
        body: emptyBody,
        response: { 200: answer(endpoint, 'The endpoint is active.') },
        'x-problems': PROBLEMS_OF_ACTS,
      },
    },
    async (request) => useCases.resumeEndpoint(request.params.name, readActor(request)),
  );

  app.post(
    '/endpoints/:name/test',
    {
      schema: {
        operationId: 'testEndpoint',
        summary: 'Send a test event',
        description:
          'A signed event of the type `endpoint.test`, sent at once. The answer shows what the receiver did.',
        tags,
        params: endpointParams,
        body: emptyBody,
        response: { 200: answer(endpointTest, 'What the receiver answered.') },
        'x-problems': ['not-found', 'audit-unavailable'],
      },
    },
    async (request) => useCases.testEndpoint(request.params.name, readActor(request)),
  );

  app.post(
    '/endpoints/:name/recover',
    {
      schema: {
        operationId: 'recoverEndpoint',
        summary: 'Send what was not delivered',
        description:
          'Events of the period that were refused, given up, or made before the endpoint was configured. Delivered ones are not sent again.',
        tags,
        params: endpointParams,
        body: recoverBody,
        response: { 202: answer(endpoint, 'Accepted.') },
        'x-problems': PROBLEMS_OF_ACTS,
      },
    },
    async (request, reply) => {
      const { since: sinceMs, until: untilMs = Date.now() } = request.body;
      reply.code(202);
      return useCases.recoverEndpoint(request.params.name, { sinceMs, untilMs }, readActor(request));
    },
  );
};
