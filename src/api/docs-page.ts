import { escapeHtml, htmlPage, textHtml } from './html';

/** The parts of the OpenAPI file that the page shows. */
export interface DocumentedApi {
  readonly info: { readonly description?: string };
  readonly tags?: readonly { readonly name: string }[];
  readonly paths?: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

interface DocumentedOperation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly 'x-role'?: string;
}

/** Every operation of the API as HTML, in the order of the tags, readable without a script; each links to the interactive page, which has its schemas. */
export function docsPage({ info, tags = [], paths = {} }: DocumentedApi, interactivePage: string): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      tag: operation.tags?.[0],
      html: operationRow(method, path, operation, interactivePage),
    })),
  );
  const tables = tags.map(({ name }) => {
    const ofTag = rows.filter(({ tag }) => tag === name).map(({ html }) => html);
    return `<h2>${escapeHtml(name)}</h2>
<table>
<thead><tr><th>Operation<th>Summary<th>Role<th>Answers</thead>
<tbody>
${ofTag.join('\n')}
</tbody>
</table>`;
  });
  return htmlPage(
    'Chartway API',
    `${textHtml(info.description ?? '')}
<p><a href="/openapi.json">OpenAPI file</a> · <a href="${interactivePage}">Schemas and examples</a></p>
${tables.join('\n')}`,
  );
}

function operationRow(method: string, path: string, operation: DocumentedOperation, interactivePage: string): string {
  const { operationId = '', summary = '', tags = [], responses = {} } = operation;
  const link = `${interactivePage}#/${tags[0] ?? ''}/${operationId}`;
  const cells = [
    `<a href="${link}"><code>${method.toUpperCase()} ${escapeHtml(path)}</code></a>`,
    escapeHtml(summary),
    operation['x-role'] ?? '',
    Object.keys(responses).join(' '),
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}`).join('')}</tr>`;
}
