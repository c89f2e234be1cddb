import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { accessOf } from './access';
import { ROLES } from './keys';
import { completeDocument, type OpenApiDocument } from './open-api-answers';
import type { Slug } from './problem';

declare module 'fastify' {
  interface FastifySchema {
    /** The problems of the route in addition to those of every route. */
    'x-problems'?: readonly Slug[];
    /** The headers of successful answers, by status. */
    'x-headers'?: Readonly<Record<number, readonly string[]>>;
    'x-role'?: string;
    'x-body-required'?: boolean;
  }
}

export const TAGS = {
  applicants: 'Applicants',
  actions: 'Actions',
  documents: 'Documents',
  batches: 'Batches',
  events: 'Events',
  overview: 'Overview',
  sessions: 'Sessions',
  service: 'Service',
} as const;

/** Describes an answer in the OpenAPI file; the schema validates the answer before it is sent. */
export function answer(schema: z.ZodType, description: string, contentType = 'application/json') {
  return { description, content: { [contentType]: { schema } } };
}

/** Generates the OpenAPI file from the schemas of the routes that are added afterwards. */
export async function addOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Chartway',
        version: '1.0.0',
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: Object.values(TAGS).map((name) => ({ name })),
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key of API_KEYS.' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: '__Host-chartway',
            description: 'The session of POST /session; `chartway` over plain HTTP on loopback.',
          },
        },
      },
    },
    transform: describeRoute,
    transformObject: (document) => {
      const complete = jsonSchemaTransformObject(document);
      // The type of the library is the union of all versions of OpenAPI.
      completeDocument(complete as OpenApiDocument);
      return complete;
    },
  });
}

type RouteDocument = Parameters<typeof jsonSchemaTransform>[0];

/** The schemas of a route as JSON schemas, with its role from the table. */
function describeRoute(document: RouteDocument): ReturnType<typeof jsonSchemaTransform> {
  const { schema, url } = jsonSchemaTransform(document);
  if (schema.hide) return { schema, url };
  const { body } = document.schema as { readonly body?: z.ZodType };
  if (body) {
    // The library drops the examples of a body.
    Object.assign(schema.body as object, { examples: z.globalRegistry.get(body)?.['examples'] });
    schema['x-body-required'] = !body.safeParse(null).success;
  }
  const access = accessOf([document.route.method].flat()[0] ?? 'GET', document.url);
  schema.security = access === 'public' ? [] : [{ key: [] }, { session: [] }];
  if (access !== 'public' && access !== 'authenticated') schema['x-role'] = access;
  return { schema, url };
}

const DESCRIPTION = `Collects the medical records of insurance applicants through Human API.

- The API has a version of its own (\`info.version\`). Its first number is the one in \`/api/v1\`. \`GET /api/v1/system\` shows the version of Chartway.
- Instants are ISO 8601 in UTC with milliseconds. Every field is present; null is unknown. Values may be added to vocabularies (\`x-extensible-enum\`).
- A \`clientUserId\` makes a start repeatable without a time limit. All actions can be repeated safely.
- Unknown query parameters and fields are refused. An unknown path or method is 404.
- A page of a list has at most \`limit\` items. Only \`"nextCursor": null\` ends the list.
- Every answer has \`X-Request-Id\`. Problems are RFC 9457; \`type\` is the path of a page that explains the problem.
- Roles (${ROLES.join(', ')}) do not include each other; \`x-role\` is the one that the API key needs.
- An \`X-On-Behalf-Of\` header names a user of your system for the audit log, as an opaque id.`;
