import { z } from 'zod';
import { TIMELINE_KINDS, TIMELINE_SOURCES } from '../../domain/timeline';
import type { DetailsView, InvitationView, TimelineView } from '../../use-cases/views';
import { count, degradation, instant, openEnum } from './values';

export const timeline = z
  .object({
    items: z
      .array(
        z.object({
          at: instant,
          kind: openEnum(TIMELINE_KINDS),
          source: openEnum(TIMELINE_SOURCES, 'What caused it.'),
          text: z.string(),
          data: z.record(z.string(), z.union([z.string(), z.number()])).nullable(),
        }),
      )
      .meta({ description: 'Newest first, at most 200.' }),
    omitted: count.meta({ description: 'How many events after the first one were dropped.' }),
    degraded: z.array(degradation),
  })
  .meta({
    id: 'Timeline',
    examples: [
      {
        items: [
          {
            at: '2026-01-30T21:20:51.004Z',
            kind: 'started',
            source: 'start',
            text: 'The applicant was started.',
            data: null,
          },
        ],
        omitted: 0,
        degraded: [],
      },
    ],
  }) satisfies z.ZodType<TimelineView>;

export const details = z
  .object({
    clientUserId: z.string(),
    clientUserEmail: z.string(),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    dateOfBirth: z.string().nullable(),
    suggestedSources: z.array(z.string()),
  })
  .meta({
    id: 'Details',
    description: 'The personal details of a start. No other answer has them.',
    examples: [
      {
        clientUserId: 'POL-20417',
        clientUserEmail: 'ada@example.org',
        firstName: 'Ada',
        lastName: 'Lovelace',
        dateOfBirth: '1968-02-13',
        suggestedSources: [],
      },
    ],
  }) satisfies z.ZodType<DetailsView>;

export const invitation = z.object({ inviteLink: z.string() }).meta({
  id: 'Invitation',
  examples: [{ inviteLink: 'https://hapi.example.org/invite/x' }],
}) satisfies z.ZodType<InvitationView>;
