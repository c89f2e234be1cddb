import { z } from 'zod';
import { REFUSALS } from '../../domain/steering';
import type { ApplicantPage, ApplicantView, StartedApplicant } from '../../use-cases/views';
import { applicantExample } from './applicant-example';
import {
  codedText,
  count,
  coverage,
  degradation,
  instant,
  need,
  nextCursor,
  openEnum,
  outcome,
  reason,
  stage,
} from './values';

const round = z.object({
  round: count,
  outcome: outcome.nullable(),
  reason: reason.nullable(),
  openedAt: instant.nullable(),
  closedAt: instant.nullable(),
});

const pendingCall = z.object({
  call: z.string().meta({ description: 'The call to Human API or the store that fails and is retried.' }),
  attempt: count,
  failure: z.string().nullable().meta({ description: 'The class of the last failure, never its message.' }),
  since: instant.nullable(),
  nextAttemptAt: instant.nullable(),
});

const action = z.object({
  allowed: z.boolean(),
  why: openEnum(REFUSALS, 'Why it is not allowed; null if it is.').nullable(),
});

export const actions = z
  .object({ cancel: action, checkNow: action, finishNow: action, deadline: action, retry: action })
  .meta({ id: 'Actions', description: 'What may be done now.' });

const failure = z
  .object({
    class: openEnum(['conflict', 'invalid', 'undeliverable', 'upstream-error']),
    fields: z.array(z.string()).meta({ description: 'The names of the details that Human API rejected.' }),
    upstreamRequestId: z.string().nullable(),
  })
  .meta({ description: 'Why the invitation or the collection failed.' });

const documents = z.object({
  stored: count,
  superseded: count,
  missing: z.object({ notOffered: count, notListed: count, missing: count, failed: count }),
});

const applicantFields = {
  clientUserId: z.string(),
  humanId: z.string().nullable().meta({ description: "Human API's id of the person; null before the invitation." }),
  round: count.nullable().meta({ description: 'Starts with 1; a start with `again` begins the next one.' }),
  runId: z.string().nullable().meta({ description: "Temporal's id of the run." }),
  open: z.boolean(),
  stage: stage.nullable(),
  stageSince: instant.nullable(),
  status: z.string().nullable().meta({ description: "Human API's status of the person." }),
  outcome: outcome.nullable(),
  reason: reason.nullable(),
  openedAt: instant.nullable().meta({ description: 'The time of the start; once the person is invited, that time.' }),
  closedAt: instant.nullable(),
  waitingFor: codedText.nullable().meta({ description: 'What the applicant waits for.' }),
  waitingUntil: instant.nullable(),
  deadline: z
    .object({ at: instant, kind: openEnum(['invitation', 'applicant']) })
    .nullable()
    .meta({ description: 'When the round ends if nothing happens before.' }),
  nextCheckAt: instant.nullable(),
  nextStep: codedText.nullable().meta({ description: 'What a person should do next, in one sentence.' }),
  needs: z.array(need),
  snoozedUntil: instant.nullable(),
  failure: failure.nullable(),
  hold: z
    .object({ reasonCode: z.string(), since: instant.nullable() })
    .nullable()
    .meta({ description: 'A legal hold, which prevents the erasure.' }),
  rounds: z.array(round).nullable(),
  pendingCalls: z.array(pendingCall).nullable().meta({ description: 'Null in a list.' }),
  documents: documents.nullable(),
  actions: actions.nullable(),
  authorizationReference: z.string().nullable(),
  asOf: instant,
  source: openEnum(['temporal', 'manifest']),
  degraded: z.array(degradation),
};

export const applicant = z.object(applicantFields).meta({
  id: 'Applicant',
  description: 'An applicant. Every field is present; null is unknown.',
  examples: [applicantExample],
}) satisfies z.ZodType<ApplicantView>;

export const startedApplicant = z
  .object({ ...applicantFields, result: openEnum(['started', 'running', 'closed']) })
  .meta({
    id: 'StartedApplicant',
    description: 'The applicant, and what the start found.',
    examples: [{ ...applicantExample, result: 'started' }],
  }) satisfies z.ZodType<ApplicantView & Pick<StartedApplicant, 'result'>>;

export const applicantPage = z
  .object({
    items: z.array(applicant).meta({
      description:
        "`pendingCalls` and `actions` are null. In Temporal's order: open ones by start, then closed ones, newest first.",
    }),
    nextCursor,
    asOf: instant,
    coverage,
  })
  .meta({
    id: 'ApplicantPage',
    examples: [
      {
        items: [{ ...applicantExample, pendingCalls: null, actions: null }],
        nextCursor: null,
        asOf: applicantExample.asOf,
        coverage: { since: '2025-12-31T21:20:54.316Z' },
      },
    ],
  }) satisfies z.ZodType<ApplicantPage>;
