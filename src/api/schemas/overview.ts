import { z } from 'zod';
import { OUTCOMES, STAGES } from '../../domain/outcome';
import type { AttentionView, AuditPage, SummaryView, SystemView } from '../../use-cases/views';
import { count, coverage, degradation, instant, nextCursor, openEnum } from './values';

const zeros = <const Names extends readonly string[]>(names: Names) =>
  Object.fromEntries(names.map((name) => [name, 0]));
const asOf = '2026-02-06T21:20:54.316Z';

export const summary = z
  .object({
    stages: z.record(z.enum(STAGES), count).meta({ description: 'Applicants by stage. Stages may be added.' }),
    outcomes: z.record(z.enum(OUTCOMES), count).meta({
      description: 'Closed applicants by outcome. A run that was ended by force counts as closed, and has no outcome.',
    }),
    days: z
      .array(z.object({ date: z.string().meta({ format: 'date' }), opened: count, closed: count }))
      .meta({ description: 'The last 30 days in UTC, oldest first.' }),
    ages: z
      .array(z.object({ atMostDays: count.nullable(), count }))
      .meta({ description: 'Open applicants by the age of their round; null: older than all others.' }),
    coverage,
    asOf: instant,
  })
  .meta({
    id: 'Summary',
    examples: [
      {
        stages: { ...zeros(STAGES), invited: 1 },
        outcomes: zeros(OUTCOMES),
        days: [{ date: '2026-02-06', opened: 1, closed: 0 }],
        ages: [{ atMostDays: 7, count: 1 }],
        coverage: { since: '2026-01-07T21:20:54.316Z' },
        asOf,
      },
    ],
  }) satisfies z.ZodType<SummaryView>;

export const attention = z
  .object({
    items: z.array(
      z.object({
        clientUserId: z.string().nullable().meta({ description: 'Null: the item is about no applicant.' }),
        need: z.string().meta({ description: 'A need of an applicant, a finding of the sweep, spool or quarantine.' }),
        since: instant.nullable(),
        text: z.string(),
        action: z.string().nullable().meta({ description: 'The action or the command that repairs it.' }),
      }),
    ),
    asOf: instant,
    degraded: z.array(degradation),
  })
  .meta({
    id: 'Attention',
    examples: [
      {
        items: [
          {
            clientUserId: 'POL-40001',
            need: 'quiet',
            since: asOf,
            text: 'Nothing has happened for longer than usual. Remind the person of the invitation.',
            action: 'GET /api/v1/applicants/POL-40001/invitation',
          },
        ],
        asOf,
        degraded: [],
      },
    ],
  }) satisfies z.ZodType<AttentionView>;

export const system = z
  .object({
    version: z.string(),
    checks: z.array(
      z.object({
        check: z.string(),
        ok: z.boolean().nullable().meta({ description: 'Null: not checked.' }),
        text: z.string(),
        action: z.string().nullable().meta({ description: 'What to do; null if it is ok.' }),
      }),
    ),
    workers: z.array(
      z.object({
        queue: z.string(),
        pollers: count,
        backlog: count.nullable().meta({ description: 'Tasks that wait; null: unknown.' }),
      }),
    ),
    asOf: instant,
  })
  .meta({
    id: 'System',
    examples: [
      {
        version: '0.3.0',
        checks: [{ check: 'temporal', ok: true, text: 'Temporal answers.', action: null }],
        workers: [{ queue: 'chartway', pollers: 2, backlog: 0 }],
        asOf,
      },
    ],
  }) satisfies z.ZodType<SystemView>;

export const auditPage = z
  .object({
    items: z
      .array(
        z.object({
          at: instant,
          who: z.string().meta({ description: 'The name of an API key, cli:<user> or a process.' }),
          did: z.string(),
          clientUserId: z.string().nullable(),
          documentId: z.string().nullable(),
          authorizationReference: z.string().nullable(),
          onBehalfOf: z.string().nullable().meta({ description: "A user of the caller's system, as it claimed." }),
          detail: z.string().nullable(),
          source: openEnum(['audit', 'manifest']),
        }),
      )
      .meta({ description: 'Newest first.' }),
    nextCursor,
    asOf: instant,
  })
  .meta({
    id: 'AuditPage',
    examples: [
      {
        items: [
          {
            at: '2026-01-30T21:20:51.004Z',
            who: 'intake-system',
            did: 'start',
            clientUserId: 'POL-40001',
            documentId: null,
            authorizationReference: 'AUTH-7731',
            onBehalfOf: 'agent-12',
            detail: null,
            source: 'audit',
          },
        ],
        nextCursor: null,
        asOf,
      },
    ],
  }) satisfies z.ZodType<AuditPage>;
