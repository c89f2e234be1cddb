import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

interface Answer {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Json = Record<string, unknown>;
interface Operation {
  readonly responses: Record<string, Json>;
}

/** Not in the OpenAPI file: Temporal's protocol, the file itself and its page, and earlier paths of the sessions. */
const UNDOCUMENTED = /^\/(codec\/|docs(\/|$)|openapi\.json|session|whoami)/;

/**
 * Compares answers with the OpenAPI file: the route, the status, the content type, the headers and the body. An answer 404 to an unknown path or
 * method is a `not-found` problem.
 */
export function createContractCheck(document: Json): (answer: Answer) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, 'api');
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const templates = Object.keys(paths).map((template) => ({ template, pattern: toPattern(template) }));
  const resolve = (object: Json): { at: string | null; object: Json } => {
    const ref = object['$ref'];
    if (typeof ref !== 'string') return { at: null, object };
    const found = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((value, key) => (value as Json)[key], document);
    return { at: ref.slice(1), object: found as Json };
  };

  return (answer) => {
    const path = answer.path.split('?', 1)[0] ?? '';
    if (UNDOCUMENTED.test(path)) return;
    const template = templates.find(({ pattern }) => pattern.test(path))?.template;
    const operation = template === undefined ? undefined : paths[template]?.[answer.method.toLowerCase()];
    const what = `${answer.method} ${path}: ${answer.status}`;
    const problem = document['components'] as { responses: Record<string, Json> };
    const response = operation ? operation.responses[String(answer.status)] : problem.responses[unroutedSlug(answer)];
    if (response === undefined) throw new Error(`${what} is not documented`);
    const at = resolve(response);
    const pointer =
      at.at ??
      (operation
        ? `/paths/${escapePointer(template ?? '')}/${answer.method.toLowerCase()}/responses/${answer.status}`
        : `/components/responses/${unroutedSlug(answer)}`);
    const content = at.object['content'] as Record<string, { schema: Json }> | undefined;
    const type = (answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    if (answer.headers['x-request-id'] === undefined) throw new Error(`${what} has no X-Request-Id`);
    if (content === undefined || answer.method === 'HEAD') {
      if (answer.body !== '') throw new Error(`${what} has a body that is not documented`);
      return;
    }
    if (content['*/*']) return;
    if (content[type] === undefined) throw new Error(`${what} has the type ${type}, which is not documented`);
    if (!/json$/.test(type)) return;
    const schema = `api#${pointer}/content/${escapePointer(type)}/schema`;
    const validate = ajv.getSchema(encodeURI(schema)) ?? ajv.compile({ $ref: encodeURI(schema) });
    if (!validate(JSON.parse(answer.body))) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}`);
  };
}

/** The problem of a request that reached no documented route. */
function unroutedSlug({ status }: Answer): string {
  return { 400: 'malformed', 421: 'wrong-host', 429: 'rate-limited' }[status] ?? 'not-found';
}

function toPattern(template: string): RegExp {
  return new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
