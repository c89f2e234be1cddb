import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/event-log';
import { EVENT_TYPES } from '../../domain/events';
import { ENDPOINT_STATES } from '../../events/endpoints';
import type {
  DeliveryPage,
  EndpointsView,
  EndpointTestView,
  EndpointView,
  EventsView,
  EventView,
} from '../../use-cases/views';
import { clientUserId, instantMs, limit, pageCursor } from './parameters';
import { count, degradation, instant, nextCursor, openEnum } from './values';

const AT = '2026-01-30T21:20:54.316Z';
const EVENT_ID = 'evt_aUE9MLTQwMDAx_4_5f0c1e2d';
const ENDPOINT = 'a1b2c3d4e5f6';

const eventType = openEnum(EVENT_TYPES, 'The type of an event.').meta({ id: 'EventType' });
const deliveryState = openEnum(DELIVERY_STATES, 'The state of a delivery.').meta({ id: 'DeliveryState' });
const endpointName = z.string().meta({ description: 'The name of the endpoint.' });

const attempt = z.object({
  at: instant,
  status: z.int().nullable().meta({ description: 'The HTTP status; null without an answer.' }),
  failure: z.string().nullable().meta({ description: 'Why there was no success, as a code; null: success.' }),
  durationMs: count,
  trigger: openEnum(['schedule', 'probe', 'resend', 'recover'], 'What caused the try.'),
});

const delivery = {
  endpoint: endpointName,
  state: deliveryState,
  attempts: z.array(attempt).meta({ description: 'The last 20, oldest first.' }),
  nextAttemptAt: instant.nullable(),
};
const deliveryExample = {
  endpoint: ENDPOINT,
  state: 'delivered' as const,
  attempts: [{ at: AT, status: 204, failure: null, durationMs: 31, trigger: 'schedule' as const }],
  nextAttemptAt: null,
};

const eventExample = {
  id: EVENT_ID,
  type: 'applicant.stage-changed' as const,
  timestamp: AT,
  sequence: 4,
  data: {
    clientUserId: 'POL-40001',
    round: 1,
    sequence: 4,
    stage: 'syncing',
    previous: 'engaged',
    status: 'Syncing',
  },
  deliveries: [deliveryExample],
};

export const event = z
  .object({
    id: z.string(),
    type: eventType,
    timestamp: instant,
    sequence: count,
    data: z.record(z.string(), z.unknown()).meta({ description: 'As in the body of the event.' }),
    deliveries: z.array(z.object(delivery)),
  })
  .meta({ id: 'Event', examples: [eventExample] }) satisfies z.ZodType<EventView>;

export const events = z
  .object({ items: z.array(event).meta({ description: 'Newest first.' }), asOf: instant })
  .meta({ id: 'Events', examples: [{ items: [eventExample], asOf: AT }] }) satisfies z.ZodType<EventsView>;

export const deliveryPage = z
  .object({
    items: z.array(
      z.object({
        eventId: z.string(),
        type: eventType,
        timestamp: instant,
        clientUserId: z.string().nullable(),
        batchId: z.string().nullable().meta({ description: 'Of an event of a batch.' }),
        sequence: count,
        ...delivery,
      }),
    ),
    nextCursor,
    asOf: instant,
  })
  .meta({
    id: 'DeliveryPage',
    examples: [
      {
        items: [
          {
            eventId: EVENT_ID,
            type: 'applicant.stage-changed',
            timestamp: AT,
            clientUserId: 'POL-40001',
            batchId: null,
            sequence: 4,
            ...deliveryExample,
          },
        ],
        nextCursor: null,
        asOf: AT,
      },
    ],
  }) satisfies z.ZodType<DeliveryPage>;

const endpointExample = {
  name: ENDPOINT,
  url: 'https://carrier.example/chartway/events',
  state: 'active' as const,
  since: null,
  oldestPending: null,
  lastSuccess: AT,
};

export const endpoint = z
  .object({
    name: endpointName,
    url: z.string().meta({ description: 'Without its query.' }),
    state: openEnum(ENDPOINT_STATES, 'The state of the endpoint.'),
    since: instant.nullable().meta({ description: 'When the state began; null: it has always been active.' }),
    oldestPending: instant.nullable().meta({ description: 'Since when the oldest delivery waits; null: none waits.' }),
    lastSuccess: instant.nullable(),
  })
  .meta({ id: 'Endpoint', examples: [endpointExample] }) satisfies z.ZodType<EndpointView>;

export const endpoints = z.object({ items: z.array(endpoint), asOf: instant, degraded: z.array(degradation) }).meta({
  id: 'Endpoints',
  examples: [{ items: [endpointExample], asOf: AT, degraded: [] }],
}) satisfies z.ZodType<EndpointsView>;

export const endpointTest = z
  .object({
    delivered: z.boolean(),
    status: z.int().nullable(),
    failure: z.string().nullable(),
    durationMs: count,
  })
  .meta({
    id: 'EndpointTest',
    examples: [{ delivered: true, status: 204, failure: null, durationMs: 31 }],
  }) satisfies z.ZodType<EndpointTestView>;

const NAME_EXPECTED = 'the name of an endpoint: 12 hex digits';
const name = z
  .string({ error: NAME_EXPECTED })
  .regex(/^[0-9a-f]{12}$/, { error: NAME_EXPECTED })
  .meta({ description: 'The name of an endpoint, as GET /api/v1/endpoints lists it.', examples: [ENDPOINT] });

export const endpointParams = z.strictObject({ name });

const EVENT_ID_EXPECTED = 'the id of an event';
export const eventParams = z.strictObject({
  eventId: z
    .string({ error: EVENT_ID_EXPECTED })
    .regex(/^[A-Za-z0-9_-]{1,200}$/, { error: EVENT_ID_EXPECTED })
    .meta({ description: 'The id of an event.', examples: [EVENT_ID] }),
});

export const resendQuery = z.strictObject({ endpoint: name.exactOptional() });

export const deliveriesQuery = z.strictObject({
  endpoint: name.exactOptional(),
  state: z.enum(DELIVERY_STATES).exactOptional(),
  clientUserId: clientUserId.exactOptional(),
  limit,
  cursor: pageCursor,
});

export const recoverBody = z
  .strictObject({
    since: instantMs('Events that were made at this time or later.'),
    until: instantMs('Events that were made at this time or earlier; now without it.').exactOptional(),
  })
  .meta({ examples: [{ since: '2026-01-30T00:00:00.000Z', until: AT }] });
