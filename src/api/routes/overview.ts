import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { UseCases } from '../../use-cases/use-cases';
import { readActor } from '../caller';
import { answer, TAGS } from '../open-api';
import { attention, auditPage, summary, system } from '../schemas/overview';
import { auditQuery } from '../schemas/requests';

const tags = [TAGS.overview];

/** The state of all applicants, the system and the audit log. */
export const overviewRoutes: FastifyPluginAsyncZod<{ useCases: UseCases }> = async (app, { useCases }) => {
  app.get(
    '/summary',
    {
      schema: {
        operationId: 'showSummary',
        summary: 'Count applicants by stage, outcome, day and age',
        description: 'At most 5 seconds old.',
        tags,
        response: { 200: answer(summary, 'The counts.') },
        'x-problems': ['temporal-unavailable'],
      },
    },
    async () => useCases.summary(),
  );

  app.get(
    '/attention',
    {
      schema: {
        operationId: 'listAttention',
        summary: 'List what needs a person',
        description: 'Applicants with needs that are not snoozed, findings of the sweep, and quarantined notices.',
        tags,
        response: { 200: answer(attention, 'The items.') },
        'x-problems': ['temporal-unavailable', 'store-unavailable'],
      },
    },
    async () => useCases.attention(),
  );

  app.get(
    '/system',
    {
      schema: {
        operationId: 'showSystem',
        summary: 'Check the system',
        description: 'Workers and backlog by queue, Temporal, Human API, store, spool and versions.',
        tags,
        response: { 200: answer(system, 'The checks.') },
        'x-problems': ['temporal-unavailable', 'store-unavailable'],
      },
    },
    async () => useCases.system(),
  );

  app.get(
    '/audit',
    {
      schema: {
        operationId: 'listAudit',
        summary: 'List acts of the audit log',
        description: 'By applicant, by actor or all, newest first. The reading is recorded too.',
        tags,
        querystring: auditQuery,
        response: { 200: answer(auditPage, 'A page.') },
        'x-problems': ['store-unavailable', 'audit-unavailable'],
      },
    },
    async (request) => {
      const { cursor, ...query } = request.query;
      return useCases.audit({ ...query, cursor: cursor ?? null }, readActor(request));
    },
  );
};
