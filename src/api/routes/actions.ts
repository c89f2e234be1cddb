import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { UseCases } from '../../use-cases/use-cases';
import type { ApplicantView, SteeredApplicant } from '../../use-cases/views';
import { readActor } from '../caller';
import { quoteEtag } from '../etags';
import { answer, TAGS } from '../open-api';
import { OUTAGES, type Slug } from '../problem';
import { applicant } from '../schemas/applicant';
import { applicantParams } from '../schemas/parameters';
import { cancelBody, deadlineBody, emptyBody, reasonBody, snoozeBody } from '../schemas/requests';

const PROBLEMS_OF_ACTIONS: readonly Slug[] = ['not-found', 'not-now', ...OUTAGES];
const ACCEPTED = {
  tags: [TAGS.actions],
  params: applicantParams,
  response: {
    200: answer(applicant, 'It was done before.'),
    202: answer(applicant, 'Accepted. The applicant may not show it yet.'),
  },
  'x-headers': { 200: ['ETag'], 202: ['ETag'] },
  'x-problems': PROBLEMS_OF_ACTIONS,
};
const DONE = {
  tags: [TAGS.actions],
  params: applicantParams,
  response: { 200: answer(applicant, 'Done.') },
  'x-headers': { 200: ['ETag'] },
  'x-problems': PROBLEMS_OF_ACTIONS,
};

/** Steers an applicant. Each act is recorded in the audit log first, and answered with the applicant. */
export const actionRoutes: FastifyPluginAsyncZod<{ useCases: UseCases }> = async (app, { useCases }) => {
  app.post(
    '/applicants/:clientUserId/cancel',
    {
      schema: {
        operationId: 'cancelApplicant',
        summary: 'Cancel an applicant',
        description: 'Withdraws the person from Human API and downloads nothing more. Also accepted without a worker.',
        body: cancelBody,
        ...ACCEPTED,
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      return sendAccepted(reply, await useCases.cancel(params.clientUserId, body, readActor(request)));
    },
  );

  app.post(
    '/applicants/:clientUserId/check-now',
    {
      schema: {
        operationId: 'checkApplicant',
        summary: 'Read the status and the list of reports now',
        body: emptyBody,
        ...ACCEPTED,
      },
    },
    async (request, reply) =>
      sendAccepted(reply, await useCases.checkNow(request.params.clientUserId, readActor(request))),
  );

  app.post(
    '/applicants/:clientUserId/finish-now',
    {
      schema: {
        operationId: 'finishApplicant',
        summary: 'Finish an applicant with the reports that are listed now',
        description: 'Downloads what is listed now, withdraws the person, and closes as collected or partial.',
        body: reasonBody,
        ...ACCEPTED,
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      return sendAccepted(reply, await useCases.finishNow(params.clientUserId, body, readActor(request)));
    },
  );

  app.post(
    '/applicants/:clientUserId/withdraw',
    {
      schema: {
        operationId: 'withdrawApplicant',
        summary: 'Withdraw the person of a closed applicant',
        description: 'Deletes the person at Human API, and stops refreshes.',
        body: reasonBody,
        ...ACCEPTED,
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      return sendAccepted(reply, await useCases.withdraw(params.clientUserId, body, readActor(request)));
    },
  );

  app.post(
    '/applicants/:clientUserId/snooze',
    {
      schema: {
        operationId: 'snoozeApplicant',
        summary: 'Hide an applicant from the attention list until a time',
        description: 'Its `needs` stay.',
        body: snoozeBody,
        ...DONE,
      },
    },
    async (request, reply) => {
      const { until: untilMs, ...rest } = request.body;
      const snoozed = await useCases.snooze(request.params.clientUserId, { untilMs, ...rest }, readActor(request));
      return sendApplicant(reply, snoozed);
    },
  );

  app.put(
    '/applicants/:clientUserId/deadline',
    {
      schema: {
        operationId: 'setDeadline',
        summary: 'Set the deadline of an applicant',
        description:
          'The time is absolute, so a repeat changes nothing. 422 if it is in the past or more than a year ahead.',
        body: deadlineBody,
        ...DONE,
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      return sendApplicant(
        reply,
        await useCases.setDeadline(params.clientUserId, { atMs: body.at }, readActor(request)),
      );
    },
  );

  app.post(
    '/applicants/:clientUserId/retry',
    {
      schema: {
        operationId: 'retryCall',
        summary: 'Retry the failing call now',
        description: 'A call that waits for its next attempt runs now. 409 if none waits.',
        body: emptyBody,
        ...ACCEPTED,
      },
    },
    async (request, reply) =>
      sendAccepted(reply, await useCases.retry(request.params.clientUserId, readActor(request))),
  );
};

function sendAccepted(reply: FastifyReply, steered: SteeredApplicant): ApplicantView {
  reply.code(steered.done === 'already' ? 200 : 202);
  return sendApplicant(reply, steered);
}

function sendApplicant(reply: FastifyReply, { applicant, etag }: SteeredApplicant): ApplicantView {
  reply.header('ETag', quoteEtag(etag));
  return applicant;
}
