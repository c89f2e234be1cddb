import { createSchemaCheck, pointerTo, valueAt } from './json-schema';

interface Answer {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Json = Record<string, unknown>;
/** Not in the OpenAPI file: Temporal's protocol, the file itself and its page, and earlier paths of the sessions. */
const UNDOCUMENTED = /^\/(codec\/|docs(\/|$)|openapi\.json|session|whoami)/;

/**
 * Compares answers with the OpenAPI file: the route, the status, the content type and the body; and expects X-Request-Id. An answer 404 to an
 * unknown path or method is a `not-found` problem.
 */
export function createContractCheck(document: Json): (answer: Answer) => void {
  const checkSchema = createSchemaCheck(document);
  const templates = Object.keys(document['paths'] as Json).map((template) => ({
    template,
    pattern: toPattern(template),
  }));
  /** The pointer to the documented response, and its content. */
  const findResponse = (answer: Answer, path: string) => {
    const template = templates.find(({ pattern }) => pattern.test(path))?.template ?? '';
    const operation = pointerTo('paths', template, answer.method.toLowerCase());
    const isRouted = valueAt(document, operation) !== undefined;
    const pointer = isRouted
      ? operation + pointerTo('responses', String(answer.status))
      : pointerTo('components', 'responses', unroutedSlug(answer));
    const response = valueAt(document, pointer) as (Json & { $ref?: string }) | undefined;
    const at = response?.$ref?.slice(1) ?? pointer;
    return { at, response: valueAt(document, at) as { content?: Json } | undefined };
  };

  return (answer) => {
    const path = answer.path.split('?', 1)[0] ?? '';
    if (UNDOCUMENTED.test(path)) return;
    const what = `${answer.method} ${path}: ${answer.status}`;
    const { at, response } = findResponse(answer, path);
    if (response === undefined) throw new Error(`${what} is not documented`);
    if (answer.headers['x-request-id'] === undefined) throw new Error(`${what} has no X-Request-Id`);
    const { content } = response;
    if (content === undefined || answer.method === 'HEAD') {
      if (answer.body !== '') throw new Error(`${what} has a body that is not documented`);
      return;
    }
    if (content['*/*']) return;
    const type = (answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    if (content[type] === undefined) throw new Error(`${what} has the type ${type}, which is not documented`);
    if (!/json$/.test(type)) return;
    const faults = checkSchema(at + pointerTo('content', type, 'schema'), JSON.parse(answer.body));
    if (faults !== null) throw new Error(`${what}: ${faults}`);
  };
}

/** The problem of a request that reached no documented route. */
function unroutedSlug({ status }: Answer): string {
  return { 400: 'malformed', 421: 'wrong-host', 429: 'rate-limited' }[status] ?? 'not-found';
}

function toPattern(template: string): RegExp {
  return new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
}
