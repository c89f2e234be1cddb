import { PROBLEMS, SLUGS, type Slug } from './problem';
import { problemSchemaName } from './schemas/problem';

interface Ref {
  readonly $ref: string;
}

interface Answer {
  readonly description: string;
  headers?: Readonly<Record<string, Ref>>;
  content?: Readonly<Record<string, { readonly schema: Ref | { readonly anyOf: readonly Ref[] } }>>;
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly requestBody?: { required?: boolean };
  parameters?: unknown[];
  responses?: Record<string, Answer | Ref>;
  'x-problems'?: readonly Slug[];
  'x-headers'?: Readonly<Record<string, readonly string[]>>;
  'x-body-required'?: boolean;
}

/** The parts of an OpenAPI 3.1 file that are completed here. */
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  components?: {
    readonly schemas?: Record<string, unknown>;
    readonly headers?: Readonly<Record<string, unknown>>;
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly responses?: Readonly<Record<string, unknown>>;
  };
}

const text = (description: string, example: string) => ({ description, schema: { type: 'string' }, example });

const HEADERS = {
  'X-Request-Id': text('The id of the request in problems and in the log.', '5f0c7d0e-2a8b-4a57-9a44-0c9f7c1d2e3f'),
  RateLimit: text('The requests that remain, and the seconds until the window ends.', '"address";r=5999;t=60'),
  'RateLimit-Policy': text('The requests of a window of so many seconds.', '"address";q=6000;w=60'),
  'Retry-After': text('The seconds to wait.', '5'),
  'WWW-Authenticate': text('How to authenticate.', 'Bearer realm="chartway"'),
  ETag: text('The strong tag of the state.', '"0a1b2c3d4e5f60718293a4b5c6d7e8f9"'),
  Location: text('The path of the applicant.', '/api/v1/applicants/POL-40001'),
  Link: text('The next page, with rel="next"; absent on the last page.', '</api/v1/applicants?cursor=x>; rel="next"'),
  'Set-Cookie': text(
    'The cookie of the session.',
    '__Host-chartway=x; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Strict',
  ),
  'Accept-Ranges': text('bytes: ranges are possible.', 'bytes'),
  'Content-Disposition': text('The name of a saved file.', 'attachment; filename="unity.pdf"'),
  'Content-Range': text('The range that was sent, and the size.', 'bytes 10-99/48211'),
  'Repr-Digest': text('SHA-256 of the whole document.', 'sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:'),
};
const COMMON_HEADERS = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];

const ON_BEHALF_OF = {
  name: 'X-On-Behalf-Of',
  in: 'header',
  description:
    'A user of the system of the caller, as an opaque id. It is recorded in the audit log, marked as claimed.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,99}$' },
};

/** Adds to each operation its problems, the headers of its answers and the common parameters; drops schemas that nothing refers to. */
export function completeDocument(document: OpenApiDocument): void {
  for (const path of Object.values(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(path)) completeOperation(operation, method);
  }
  document.components = {
    ...document.components,
    headers: HEADERS,
    parameters: { 'X-On-Behalf-Of': ON_BEHALF_OF },
    responses: Object.fromEntries(SLUGS.map((slug) => [slug, problemAnswer([slug])])),
  };
  dropUnusedSchemas(document);
}

function completeOperation(operation: Operation, method: string): void {
  const responses = operation.responses ?? {};
  for (const [status, response] of Object.entries(responses)) {
    if ('$ref' in response) continue;
    response.headers = headersOf([...COMMON_HEADERS, ...(operation['x-headers']?.[status] ?? [])]);
    if (hasNoBody(status, method)) delete response.content;
  }
  delete operation['x-headers'];
  if (operation.requestBody) operation.requestBody.required = operation['x-body-required'] ?? true;
  delete operation['x-body-required'];
  const problems = problemsOf(operation);
  operation['x-problems'] = problems;
  for (const status of new Set(problems.map((slug) => PROBLEMS[slug].status))) {
    const slugs = problems.filter((slug) => PROBLEMS[slug].status === status);
    const [only] = slugs;
    responses[status] = slugs.length === 1 ? { $ref: `#/components/responses/${only}` } : problemAnswer(slugs);
  }
  operation.responses = responses;
  if (isAuthenticated(operation)) {
    operation.parameters = [...(operation.parameters ?? []), { $ref: '#/components/parameters/X-On-Behalf-Of' }];
  }
}

/** Fastify needs a schema for each status, also for one without a body. */
function hasNoBody(status: string, method: string): boolean {
  return method === 'head' || status === '204' || status === '304';
}

/** In the order of the table. */
function problemsOf(operation: Operation): Slug[] {
  const slugs = new Set<Slug>(['malformed', 'wrong-origin', 'wrong-host', 'rate-limited', 'internal']);
  if (isAuthenticated(operation))
    for (const slug of ['unauthenticated', 'forbidden', 'invalid-parameter'] as const) slugs.add(slug);
  if (operation.parameters) slugs.add('invalid-parameter');
  if (operation.requestBody) {
    for (const slug of ['too-large', 'unsupported-media-type', 'invalid'] as const) slugs.add(slug);
  }
  for (const slug of operation['x-problems'] ?? []) slugs.add(slug);
  return SLUGS.filter((slug) => slugs.has(slug));
}

function isAuthenticated({ security }: Operation): boolean {
  return security !== undefined && security.length > 0;
}

function problemAnswer(slugs: readonly Slug[]): Answer {
  const names = [...new Set(slugs.map(problemSchemaName))];
  const schemas = names.map((name) => ({ $ref: `#/components/schemas/${name}` }));
  const [only] = schemas;
  return {
    description: slugs.map((slug) => `\`${slug}\`: ${PROBLEMS[slug].text}`).join('\n\n'),
    headers: headersOf([...COMMON_HEADERS, ...slugs.flatMap(problemHeaders)]),
    content: { 'application/problem+json': { schema: schemas.length === 1 && only ? only : { anyOf: schemas } } },
  };
}

function problemHeaders(slug: Slug): string[] {
  const { status } = PROBLEMS[slug];
  if (status === 401) return ['WWW-Authenticate'];
  return status === 429 || status === 503 ? ['Retry-After'] : [];
}

function headersOf(names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function dropUnusedSchemas(document: OpenApiDocument): void {
  const schemas = document.components?.schemas ?? {};
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    if (unused.length === 0) return;
    for (const name of unused) delete schemas[name];
  }
}
