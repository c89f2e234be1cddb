import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** A refusal that the caller is told of: the detail is ours, and never holds what came. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind = 'problem';

  constructor(
    readonly status: number,
    readonly detail?: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail ?? STATUS_CODES[status]);
  }
}

/** Answers with RFC 9457's body; the request id is also in the log. */
export function sendProblem(
  reply: FastifyReply,
  requestId: string,
  { status, detail, headers }: Problem,
): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .type('application/problem+json')
    .send({ type: 'about:blank', title: STATUS_CODES[status], status, ...(detail && { detail }), requestId });
}

/** What to tell of a failure: a refusal of Fastify's (too large, not JSON) by its status alone, for its text may quote the body; null: ours to look at. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  const { statusCode, kind } = error as { statusCode?: unknown; kind?: unknown };
  if (kind === 'audit-unavailable')
    return new Problem(503, 'expected to write the audit log, could not; nothing was done');
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? new Problem(statusCode) : null;
}
