import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { normalizeDetails } from '../../temporal/details';
import type { ListQuery, UseCases } from '../../use-cases/use-cases';
import { BASE } from '../access';
import { readActor } from '../caller';
import { isUnchanged, quoteEtag, readIfMatch } from '../etags';
import { answer, TAGS } from '../open-api';
import { OUTAGES } from '../problem';
import { applicant, applicantPage, startedApplicant } from '../schemas/applicant';
import { details, invitation } from '../schemas/contact';
import { applicantParams } from '../schemas/parameters';
import { ifMatchHeader, ifNoneMatchHeader, listQuery, startBody } from '../schemas/requests';
import { timeline } from '../schemas/timeline';

const tags = [TAGS.applicants];

/** Starts, lists and shows applicants. */
export const applicantRoutes: FastifyPluginAsyncZod<{ useCases: UseCases }> = async (app, { useCases }) => {
  app.post(
    '/applicants',
    {
      schema: {
        operationId: 'startApplicant',
        summary: 'Start an applicant',
        description:
          'Invites the person through Human API. If you repeat it with the same details, the answer is the existing applicant, also after it has closed.',
        tags,
        headers: ifMatchHeader,
        body: startBody,
        response: {
          200: answer(startedApplicant, 'The applicant was started before: `running` or `closed`.'),
          201: answer(startedApplicant, 'The applicant was started.'),
        },
        'x-headers': { 200: ['ETag'], 201: ['ETag', 'Location'] },
        'x-problems': ['details-conflict', 'not-now', 'precondition-failed', 'precondition-required', ...OUTAGES],
      },
    },
    async (request, reply) => {
      const { autoInvite, again, reports, authorizationReference, ...fields } = request.body;
      const started = await useCases.start(
        {
          details: normalizeDetails(fields),
          autoInvite,
          reports,
          authorizationReference,
          again,
          ifMatch: readIfMatch(request.headers),
        },
        readActor(request),
      );
      const { clientUserId } = started.applicant;
      if (started.result === 'started') reply.code(201).header('Location', `${BASE}/applicants/${clientUserId}`);
      reply.header('ETag', quoteEtag(started.etag));
      return { ...started.applicant, result: started.result };
    },
  );

  app.get(
    '/applicants',
    {
      schema: {
        operationId: 'listApplicants',
        summary: 'List applicants',
        description:
          'One item per clientUserId, its newest round, in the order of Temporal: open applicants by their start, then closed ones, newest first. A page may have fewer items than `limit`, or none. An applicant that closes while a client pages through appears again later, so none is missed.',
        tags,
        querystring: listQuery,
        response: { 200: answer(applicantPage, 'A page.') },
        'x-headers': { 200: ['Link'] },
        'x-problems': ['temporal-unavailable', 'store-unavailable'],
      },
    },
    async (request, reply) => {
      const page = await useCases.list(toListQuery(request.query));
      if (page.nextCursor !== null) reply.header('Link', `<${nextPage(request, page.nextCursor)}>; rel="next"`);
      return page;
    },
  );

  app.get(
    '/applicants/:clientUserId',
    {
      schema: {
        operationId: 'showApplicant',
        summary: 'Show an applicant',
        description: 'Without a worker, `degraded` has no-worker. Long after the closing, `source` is manifest.',
        tags,
        params: applicantParams,
        headers: ifNoneMatchHeader,
        response: {
          200: answer(applicant, 'The applicant.'),
          304: answer(applicant.nullable(), 'The applicant has the ETag of If-None-Match.'),
        },
        'x-headers': { 200: ['ETag'], 304: ['ETag'] },
        'x-problems': ['not-found', 'temporal-unavailable', 'store-unavailable'],
      },
    },
    async (request, reply) => {
      const { applicant, etag } = await useCases.show(request.params.clientUserId);
      reply.header('ETag', quoteEtag(etag));
      // Without Temporal, another round may be open that the tag does not show.
      const isCurrent = !applicant.degraded.includes('temporal-unavailable');
      return isCurrent && isUnchanged(request.headers, etag) ? reply.code(304).send() : applicant;
    },
  );

  app.get(
    '/applicants/:clientUserId/timeline',
    {
      schema: {
        operationId: 'showTimeline',
        summary: 'Show the timeline of an applicant',
        tags,
        params: applicantParams,
        response: { 200: answer(timeline, 'The timeline.') },
        'x-problems': ['not-found', 'temporal-unavailable', 'no-worker', 'store-unavailable'],
      },
    },
    async ({ params }) => useCases.timeline(params.clientUserId),
  );

  app.get(
    '/applicants/:clientUserId/details',
    {
      schema: {
        operationId: 'showDetails',
        summary: 'Show the personal details of an applicant',
        description: 'The only route that returns them. Recorded in the audit log.',
        tags,
        params: applicantParams,
        response: { 200: answer(details, 'The details of the start.') },
        'x-problems': ['not-found', 'temporal-unavailable', 'store-unavailable', 'audit-unavailable'],
      },
    },
    async (request) => useCases.details(request.params.clientUserId, readActor(request)),
  );

  app.get(
    '/applicants/:clientUserId/invitation',
    {
      schema: {
        operationId: 'showInvitation',
        summary: 'Show the invitation link of an applicant',
        description:
          'Human API returns the link when it creates the person, so an adopted or closed applicant has none (404). Recorded in the audit log.',
        tags,
        params: applicantParams,
        response: { 200: answer(invitation, 'The link.') },
        'x-problems': ['not-found', 'not-now', ...OUTAGES],
      },
    },
    async (request) => useCases.invitation(request.params.clientUserId, readActor(request)),
  );
};

function toListQuery(query: z.output<typeof listQuery>): ListQuery {
  return {
    prefix: query.prefix,
    humanId: query.humanId,
    stage: query.stage,
    outcome: query.outcome,
    needs: query.need,
    open: query.open,
    openedAfterMs: query.openedAfter,
    openedBeforeMs: query.openedBefore,
    closedAfterMs: query.closedAfter,
    closedBeforeMs: query.closedBefore,
    stageSinceAfterMs: query.stageSinceAfter,
    stageSinceBeforeMs: query.stageSinceBefore,
    dueBeforeMs: query.dueBefore,
    limit: query.limit,
    cursor: query.cursor ?? null,
  };
}

/** The same list with another cursor, as a path. */
function nextPage({ url }: FastifyRequest, nextCursor: string): string {
  const query = new URLSearchParams(url.split('?', 2)[1]);
  query.set('cursor', nextCursor);
  return `${BASE}/applicants?${query}`;
}
