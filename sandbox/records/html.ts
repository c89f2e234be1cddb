import type { Entry } from './chart';
import type { Content } from './content';

/** One self-contained page with a table per section. */
export function renderHtml({ title, report, patient, organizations, sections }: Content): Buffer {
  const tables = sections.map(({ name, entries }) => `<h2>${escapeHtml(name)}</h2>\n${table(entries)}`).join('\n');
  return Buffer.from(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(patient.name)}, born ${escapeHtml(patient.dateOfBirth)}. Source: ${escapeHtml(organizations.join(', '))}.</p>
${tables}
<footer>Synthetic data. Report ${report.id}, ${report.updatedAt}.</footer>
</body>
</html>
`);
}

function table(entries: readonly Entry[]): string {
  const [first] = entries;
  if (!first) return '<p>Nothing recorded.</p>';
  const columns = Object.keys(first);
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const rows = entries.map((entry) =>
    row(
      columns.map((column) => entry[column] ?? ''),
      'td',
    ),
  );
  return `<table>\n${[row(columns, 'th'), ...rows].join('\n')}\n</table>`;
}

/** Names come from the carrier and must not become markup. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
