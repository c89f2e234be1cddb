import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import type { actions, applicant, applicantPage, startedApplicant } from '../../src/api/schemas/applicant';
import type { details, invitation } from '../../src/api/schemas/contact';
import type { documents } from '../../src/api/schemas/documents';
import type { attention, auditPage, summary, system } from '../../src/api/schemas/overview';
import type { timeline } from '../../src/api/schemas/timeline';
import type * as views from '../../src/use-cases/views';
import { startApi } from './api-fixture';
import { createSchemaCheck, pointerTo } from './json-schema';

type Json = Record<string, unknown>;
let api: Awaited<ReturnType<typeof startApi>>;
let document: Json & { components: { schemas: Record<string, { examples?: unknown[] }> } };
beforeAll(async () => {
  api = await startApi();
  document = (await (await fetch(`${api.url}/openapi.json`)).json()) as typeof document;
});
afterAll(() => api.close());

test('docs/openapi.json is what the api serves; `node scripts/openapi.mjs` writes it', () => {
  const file = path.join(__dirname, '../../docs/openapi.json');
  expect(document).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});

test('every example fits its schema', () => {
  const checkSchema = createSchemaCheck(document);
  let checked = 0;
  const check = (pointer: string, example: unknown) => {
    checked += 1;
    expect([pointer, checkSchema(pointer, example)]).toEqual([pointer, null]);
  };
  for (const [name, { examples = [] }] of Object.entries(document.components.schemas)) {
    for (const example of examples) check(pointerTo('components', 'schemas', name), example);
  }
  for (const [pathKey, operations] of Object.entries(document['paths'] as Record<string, Record<string, Json>>)) {
    for (const [method, operation] of Object.entries(operations)) {
      const body = operation['requestBody'] as { content: Record<string, { example?: unknown }> } | undefined;
      const example = body?.content['application/json']?.example;
      const at = pointerTo('paths', pathKey, method, 'requestBody', 'content', 'application/json', 'schema');
      if (example !== undefined) check(at, example);
    }
  }
  expect(checked).toBeGreaterThan(18);
});

test('each operation has an id of its own, a tag and a summary', () => {
  const operations = Object.values(document['paths'] as Record<string, Record<string, Json>>).flatMap((of) =>
    Object.values(of),
  );
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(operations.length);
  expect(operations.filter(({ tags, summary }) => !Array.isArray(tags) || typeof summary !== 'string')).toEqual([]);
});

test('the page of the API is readable without a script and lists every operation', async () => {
  const html = await (await fetch(`${api.url}/docs`)).text();
  expect(html).not.toMatch(/<script|<style|style="|https?:|`|<pre/);
  expect(html).toContain('<li>A <code>clientUserId</code> makes');
  const paths = Object.entries(document['paths'] as Record<string, Json>);
  const operations = paths.flatMap(([of, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${of}`),
  );
  expect(operations.filter((operation) => !html.includes(`<code>${operation}</code>`))).toEqual([]);
  const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
  expect(headings).toEqual([
    'Applicants',
    'Actions',
    'Documents',
    'Batches',
    'Events',
    'Overview',
    'Sessions',
    'Service',
  ]);
});

test('the interactive page loads files of our own only, under a policy without inline scripts', async () => {
  const page = await fetch(`${api.url}/docs/ui/`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-");
  expect(policy).not.toContain('unsafe');
  const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '');
  expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style="/);
  for (const source of sources) {
    const url = new URL(source, page.url);
    expect([url.origin, (await fetch(url)).status]).toEqual([api.url, 200]);
  }
  expect(sources.length).toBeGreaterThan(4);
});

/** Arrays of views are read-only. */
type Deep<T> = T extends readonly (infer Item)[]
  ? readonly Deep<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T;
type Output<Schema extends z.ZodType> = Deep<z.output<Schema>>;
/** The schemas are declared with `satisfies`, which checks the other direction. */
type Fits<View extends Expected, Expected> = View;

test('each view has the fields of its schema', () => {
  // tsc checks these types.
  type Checked = [
    Fits<views.ActionsView, Output<typeof actions>>,
    Fits<views.ApplicantView, Output<typeof applicant>>,
    Fits<views.ApplicantView & Pick<views.StartedApplicant, 'result'>, Output<typeof startedApplicant>>,
    Fits<views.ApplicantPage, Output<typeof applicantPage>>,
    Fits<views.TimelineView, Output<typeof timeline>>,
    Fits<views.DetailsView, Output<typeof details>>,
    Fits<views.InvitationView, Output<typeof invitation>>,
    Fits<views.DocumentsView, Output<typeof documents>>,
    Fits<views.SummaryView, Output<typeof summary>>,
    Fits<views.AttentionView, Output<typeof attention>>,
    Fits<views.SystemView, Output<typeof system>>,
    Fits<views.AuditPage, Output<typeof auditPage>>,
  ];
  const count: Checked['length'] = 12;
  expect(count).toBe(12);
});
