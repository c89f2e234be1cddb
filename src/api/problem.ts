import type { FastifyReply } from 'fastify';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What it means and what the caller can do; the page of the problem, and its description in the OpenAPI file. */
  readonly text: string;
}

const REPEAT =
  'Repeat the same request after Retry-After; this is always safe. `done` is "unknown" if the act may have happened, otherwise "nothing".';

/** Every problem of the API by its slug. `/problems/<slug>` is its type and its page. */
export const PROBLEMS = {
  malformed: {
    status: 400,
    title: 'Malformed request',
    text: 'The body is not JSON or is nested too deeply, or the URL or a header cannot be read. The status is 408 if the request did not arrive in time, and 431 if its headers are too large. Correct the request.',
  },
  'invalid-parameter': {
    status: 400,
    title: 'Invalid parameter',
    text: 'A parameter of the query, of the path or in a header is invalid or unknown, or a cursor was altered, is older than a day or belongs to other filters. `errors` lists each with what was expected. Begin a list again without its cursor.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    text: 'The request has no valid API key and no session. Send "Authorization: Bearer <API key>", or sign in again.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    text: 'The API key lacks the role of this route. The OpenAPI file shows it as x-role. Roles do not include each other.',
  },
  'wrong-origin': {
    status: 403,
    title: 'Wrong origin',
    text: 'A page of another origin sent the request, or a request with a session has no Origin header. Add the origin of the API to API_ORIGINS.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    text: 'There is no such route, method, applicant or document. An erased applicant looks the same as an unknown one.',
  },
  'details-conflict': {
    status: 409,
    title: 'Started with other details',
    text: 'The clientUserId was started with other details. `differs` lists the fields that differ. It is null if Chartway has only a digest of the earlier details. `current` is the applicant. Use another clientUserId, or start a closed applicant again with `again` and If-Match.',
  },
  'not-now': {
    status: 409,
    title: 'Not possible now',
    text: 'The action does not fit the state of the applicant. `why` is the reason, `current` the applicant, and `actions` lists what is possible now.',
  },
  'precondition-failed': {
    status: 412,
    title: 'The applicant has changed',
    text: 'If-Match has the ETag of another state of the applicant. `current` is the present state. After a start that succeeded, a repeat shows the new round there.',
  },
  'too-large': {
    status: 413,
    title: 'Too large',
    text: 'The body is larger than the route accepts: 64 KiB unless the description of the route has another limit.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    text: 'The body has another Content-Type than the route accepts. Send application/json.',
  },
  'range-not-satisfiable': {
    status: 416,
    title: 'Range not satisfiable',
    text: 'The requested range is outside of the document. Content-Range has its size.',
  },
  'wrong-host': {
    status: 421,
    title: 'Wrong host',
    text: 'The Host header is neither loopback nor in API_ORIGINS. Use the configured address, or add it there.',
  },
  invalid: {
    status: 422,
    title: 'Invalid fields',
    text: 'The body is JSON, but fields are invalid, missing or unknown. `errors` lists all of them, each with a JSON pointer and what was expected.',
  },
  'key-reused': {
    status: 422,
    title: 'Idempotency-Key was used before',
    text: 'The Idempotency-Key of a batch was used with another file. Use another key.',
  },
  'precondition-required': {
    status: 428,
    title: 'If-Match is required',
    text: '`again` needs If-Match with the ETag of the closed applicant that you saw. Read the applicant and repeat the start with its ETag.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    text: 'The address or the API key sent more requests than RateLimit-Policy allows. Repeat the request after Retry-After.',
  },
  internal: {
    status: 500,
    title: 'Unexpected failure',
    text: 'The API failed unexpectedly. The log has a line with the request id.',
  },
  'altered-document': {
    status: 500,
    title: 'The stored document was altered',
    text: 'The stored bytes are not the ones that the manifest lists: they were altered, truncated or partly restored. Nothing was returned. Restore the file from a backup.',
  },
  'temporal-unavailable': {
    status: 503,
    title: 'Temporal does not answer',
    text: `Temporal did not answer in time. ${REPEAT}`,
  },
  'no-worker': {
    status: 503,
    title: 'No worker answers',
    text: `No worker took the request in time. ${REPEAT}`,
  },
  'store-unavailable': {
    status: 503,
    title: 'The report store does not answer',
    text: `The report store cannot be read or written, or the key of an encrypted file is missing. ${REPEAT}`,
  },
  'audit-unavailable': {
    status: 503,
    title: 'The audit log is not available',
    text: `The audit log cannot be written or read. An act that must be recorded is not done without its line. Check AUDIT_LOG and its disk. ${REPEAT}`,
  },
} as const satisfies Record<string, ProblemKind>;

export type Slug = keyof typeof PROBLEMS;
export const SLUGS = Object.keys(PROBLEMS) as readonly Slug[];

/** The outages that an act can meet. */
export const OUTAGES: readonly Slug[] = ['temporal-unavailable', 'no-worker', 'store-unavailable', 'audit-unavailable'];

/** A request that Node or Fastify cannot read. */
export function unreadableProblem(): Problem {
  return new Problem('malformed', 'expected a valid URL, valid headers and a body of valid JSON');
}

/** A path or a method that the API does not have. */
export function noRouteProblem(): Problem {
  return new Problem('not-found', 'expected a path and a method of /openapi.json');
}

/** An error answer. `detail` is our own text; neither it nor `members` contain a value that the caller sent. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind = 'problem';

  constructor(
    readonly slug: Slug,
    readonly detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  get status(): number {
    return PROBLEMS[this.slug].status;
  }
}

/** The body of RFC 9457; the request id is also in the log. */
export function problemBody({ slug, status, detail, members }: Problem, requestId: string) {
  return { type: `/problems/${slug}`, title: PROBLEMS[slug].title, status, detail, requestId, ...members };
}

export function sendProblem(reply: FastifyReply, requestId: string, problem: Problem): FastifyReply {
  const { status, headers } = problem;
  const body = problemBody(problem, requestId);
  // A text, so that the schemas of the route's other answers do not apply.
  return reply.code(status).headers(headers).type('application/problem+json').send(JSON.stringify(body));
}
