/** The parts of the OpenAPI file that the page shows. */
export interface DocumentedApi {
  readonly info: { readonly description?: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

interface DocumentedOperation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly 'x-role'?: string;
}

/** Every operation of the API as plain HTML, readable without a script; each links to the interactive page, which has its schemas. */
export function docsPage({ info, paths = {} }: DocumentedApi, interactivePage: string): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => operationRow(method, path, operation, interactivePage)),
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chartway API</title>
<h1>Chartway API</h1>
<pre>${escapeHtml(info.description ?? '')}</pre>
<p><a href="/openapi.json">OpenAPI file</a> · <a href="${interactivePage}">Schemas and examples</a></p>
<table>
<tr><th>Operation<th>Summary<th>Role<th>Answers</tr>
${rows.join('\n')}
</table>
</html>
`;
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

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
