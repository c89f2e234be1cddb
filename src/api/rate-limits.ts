import type {} from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from './caller';
import { Problem } from './problem';

const WINDOW_S = 60;
/** Temporal's UI sends one request per payload: eight for an applicant who was just invited, a hundred times as many for a long history. */
const MAX_REQUESTS = 6_000;
/** Enough for typing errors, too few for guessing. A valid key is always accepted, so that no one can lock another caller out. */
const MAX_FAILURES = 10;

export interface RateLimits {
  /** Counts a request of an address, for IPv6 of its /64 network. @throws {Problem} 429 */
  countAddress(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts a request of an API key or its sessions. @throws {Problem} 429 */
  countCaller(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts an invalid key of an address. @throws {Problem} 429 */
  countFailure(request: FastifyRequest): Promise<void>;
}

/** The plugin must be registered. The headers are those of draft-ietf-httpapi-ratelimit-headers-10. */
export function createRateLimits(app: FastifyInstance): RateLimits {
  const timeWindow = WINDOW_S * 1_000;
  const byAddress = app.createRateLimit({ max: MAX_REQUESTS, timeWindow });
  const byCaller = app.createRateLimit({
    max: MAX_REQUESTS,
    timeWindow,
    keyGenerator: (request) => callerOf(request)?.name ?? '',
  });
  const failures = app.createRateLimit({ max: MAX_FAILURES, timeWindow });
  return {
    async countAddress(request, reply) {
      addHeaders(reply, 'address', await byAddress(request));
    },
    async countCaller(request, reply) {
      addHeaders(reply, 'key', await byCaller(request));
    },
    async countFailure(request) {
      rejectExceeded('failures', await failures(request));
    },
  };
}

type Count = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

function addHeaders(reply: FastifyReply, policy: string, count: Count): void {
  if (count.isAllowed) return;
  for (const [name, item] of Object.entries(describeLimit(policy, count))) {
    // Both headers are lists.
    const before = reply.getHeader(name);
    reply.header(name, before === undefined ? item : `${String(before)}, ${item}`);
  }
  rejectExceeded(policy, count);
}

function describeLimit(policy: string, { max, remaining, ttlInSeconds }: Exclude<Count, { isAllowed: true }>) {
  return {
    'RateLimit-Policy': `"${policy}";q=${max};w=${WINDOW_S}`,
    RateLimit: `"${policy}";r=${remaining};t=${ttlInSeconds}`,
  };
}

/** The headers show the limit that was exceeded. */
function rejectExceeded(policy: string, count: Count): void {
  if (count.isAllowed || !count.isExceeded) return;
  const headers = { ...describeLimit(policy, count), 'Retry-After': String(Math.max(1, count.ttlInSeconds)) };
  throw new Problem('rate-limited', 'expected fewer requests per minute', {}, headers);
}
