import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { UseCases } from '../../use-cases/use-cases';
import type { StreamComment, StreamEvent } from '../../use-cases/views';
import { callerOf } from '../caller';
import { answer, TAGS } from '../open-api';
import { Problem } from '../problem';

/** A user has a few tabs; a proxy may keep some ended streams open for a while. */
const MAX_STREAMS_PER_CALLER = 50;
/** How long a client waits before it connects again, ms. */
const RETRY_MS = 2_000;
/** A session or a key may have ended meanwhile, so the client connects and is authenticated again. */
const MAX_STREAM_MS = 15 * 60_000;
/** A client that does not read would fill the memory. */
const BUFFERED_EVENTS = 1_000;

const headers = z.looseObject({
  'last-event-id': z.string().optional().meta({ description: 'The id of the last event that the client has.' }),
});
const events = z.unknown().meta({
  type: 'string',
  description: 'Server-sent events: `applicant`, `reset`, `degraded` and `recovered`, and a comment every 15 seconds.',
  examples: [
    'id: 5f0c1e2d-7\nevent: applicant\ndata: {"clientUserId":"POL-40001","round":1,"stage":"engaged","stageSince":"2026-01-30T21:20:54.316Z","outcome":null,"needs":[],"open":true,"closedAt":null}\n\n',
  ],
});

/** `ended`: aborted when the process stops. */
export const streamRoutes: FastifyPluginAsyncZod<{ useCases: UseCases; ended: AbortSignal }> = async (app, deps) => {
  const { useCases, ended } = deps;
  const streams = new Map<string, number>();

  app.get(
    '/stream',
    {
      schema: {
        operationId: 'streamChanges',
        summary: 'Stream changes of applicants',
        description:
          'Server-sent events. `reset`: changes are missing, so read the lists again. `degraded`: Temporal does not answer, and changes may be late. The api ends the stream after 15 minutes; connect again with Last-Event-ID.',
        tags: [TAGS.overview],
        headers,
        response: { 200: answer(events, 'The stream.', 'text/event-stream') },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)?.name ?? '';
      const count = streams.get(caller) ?? 0;
      if (count >= MAX_STREAMS_PER_CALLER)
        throw new Problem(
          'rate-limited',
          `expected at most ${MAX_STREAMS_PER_CALLER} streams of a key`,
          {},
          { 'Retry-After': '30' },
        );
      streams.set(caller, count + 1);
      const closed = new AbortController();
      const signal = AbortSignal.any([closed.signal, ended, AbortSignal.timeout(MAX_STREAM_MS)]);
      const lastEventId = request.headers['last-event-id']?.toString() ?? null;
      const stream = Readable.from(toLines(useCases.stream(lastEventId, signal)), { highWaterMark: BUFFERED_EVENTS });
      // Also if the client goes away.
      stream.once('close', () => {
        closed.abort();
        const others = (streams.get(caller) ?? 1) - 1;
        if (others > 0) streams.set(caller, others);
        else streams.delete(caller);
      });
      // The proxy must not collect events.
      reply.headers({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
      return reply.send(stream);
    },
  );
};

async function* toLines(events: AsyncIterable<StreamEvent | StreamComment>): AsyncGenerator<string> {
  // At once, so that the client sees that the stream is open.
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const event of events) yield toText(event);
}

/** A block without data is no event for the client, which keeps its id. */
function toText({ id, ...event }: StreamEvent | StreamComment): string {
  if (event.event === null) return `:\nid: ${id}\n\n`;
  const { data } = event;
  return `id: ${id}\nevent: ${event.event}\ndata: ${JSON.stringify(data)}\n\n`;
}
