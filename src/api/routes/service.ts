import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type DocumentedApi, docsPage } from '../docs-page';
import { unavailableProblem } from '../error-problems';
import { htmlPage, PAGE_CSP, STYLE, STYLESHEET, textHtml } from '../html';
import { answer, TAGS } from '../open-api';
import { PROBLEMS, Problem, type Slug } from '../problem';
import { health, page } from '../schemas/session';

/** Whether the process can serve. */
export interface Readiness {
  isStoreReady(): boolean;
  isTemporalReady(): Promise<boolean>;
}

const tags = [TAGS.service];
/** The page of the API that needs scripts. */
const INTERACTIVE = '/docs/ui';
/** Only files of our own and no inline script. The hash is that of the one style element that Swagger UI adds. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const problemParams = z.strictObject({
  slug: z.string().meta({ description: 'The end of the type of a problem.', examples: ['not-now'] }),
});

/** What is at the root and needs no login: health, the OpenAPI file with its page, and the pages of problems. */
export const serviceRoutes: FastifyPluginAsyncZod<{ readiness: Readiness }> = async (app, { readiness }) => {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'showHealth',
        summary: 'Show that the process runs',
        tags,
        response: { 200: answer(health, 'It runs.') },
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'showReadiness',
        summary: 'Show whether the process can serve',
        tags,
        response: { 200: answer(health, 'The report store and Temporal answer.') },
        'x-problems': ['store-unavailable', 'temporal-unavailable'],
      },
    },
    async () => {
      if (!readiness.isStoreReady())
        throw unavailableProblem('store-unavailable', 'the report store is not ready', 'nothing');
      if (await readiness.isTemporalReady()) return { status: 'ready' };
      throw unavailableProblem('temporal-unavailable', 'Temporal did not answer', 'nothing');
    },
  );

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());

  app.get(
    '/problems/:slug',
    {
      schema: {
        operationId: 'showProblem',
        summary: 'Explain a problem',
        tags,
        params: problemParams,
        response: { 200: answer(page, 'The explanation.', 'text/html') },
        'x-problems': ['not-found'],
      },
    },
    (request, reply) => {
      const { slug } = request.params;
      if (!isSlug(slug)) throw new Problem('not-found', 'expected the type of a problem');
      return sendPage(reply, problemPage(slug));
    },
  );

  app.get('/docs', { schema: { hide: true } }, (_request, reply) =>
    // The library's type is the union of all versions of OpenAPI.
    sendPage(reply, docsPage(app.swagger() as DocumentedApi, `${INTERACTIVE}/`)),
  );

  app.get(STYLESHEET, { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(STYLE),
  );

  await app.register(swaggerUi, {
    routePrefix: INTERACTIVE,
    staticCSP: DOCS_CSP,
    theme: { title: 'Chartway API' },
    // The badge of the default would send the address of the file to another host.
    // The base layout has no bar with a logo and a field for other files.
    uiConfig: { validatorUrl: null, docExpansion: 'list', layout: 'BaseLayout' },
  });
};

function isSlug(text: string): text is Slug {
  return Object.hasOwn(PROBLEMS, text);
}

function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('Content-Security-Policy', PAGE_CSP).send(html);
}

function problemPage(slug: Slug): string {
  const { status, title, text } = PROBLEMS[slug];
  return htmlPage(
    title,
    `<p><code>${slug}</code>, status ${status}</p>
${textHtml(text)}
<p><a href="/docs">All routes</a></p>`,
  );
}
