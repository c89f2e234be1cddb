import { z } from 'zod';
import { TIMELINE_KINDS, TIMELINE_SOURCES } from '../../domain/timeline';
import type { TimelineView } from '../../use-cases/views';
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
