import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** An error answer. `detail` is our own text and never contains the caller's input. */
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

/** Sends the body of RFC 9457; the request id is also in the log. */
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

/** The answer to an error; null if it is unexpected (500). Of an error of Fastify only the status is used, because its text may quote the body. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  const { statusCode, kind } = error as { statusCode?: unknown; kind?: unknown };
  if (kind === 'audit-unavailable') return new Problem(503, 'the audit log cannot be written, so nothing was done');
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? new Problem(statusCode) : null;
}
