import type { Entry } from './chart';
import type { Content } from './content';

/** One self-contained page with a table a section. */
export function renderHtml({ title, report, patient, organizations, sections }: Content): Buffer {
  const tables = sections.map(({ name, entries }) => `<h2>${escaped(name)}</h2>\n${table(entries)}`).join('\n');
  return Buffer.from(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)}</title></head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(patient.name)}, born ${escaped(patient.dateOfBirth)}. Source: ${escaped(organizations.join(', '))}.</p>
${tables}
<footer>Synthetic data about nobody. Report ${report.id}, ${report.updatedAt}.</footer>
</body>
</html>
`);
}

function table(entries: readonly Entry[]): string {
  const [first] = entries;
  if (!first) return '<p>Nothing recorded.</p>';
  const columns = Object.keys(first);
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const rows = entries.map((entry) =>
    row(
      columns.map((column) => entry[column] ?? ''),
      'td',
    ),
  );
  return `<table>\n${[row(columns, 'th'), ...rows].join('\n')}\n</table>`;
}

/** Names come from whoever invited the person: they must stay text. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
