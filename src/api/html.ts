/** Where the stylesheet of the pages is. */
export const STYLESHEET = '/docs/style.css';

/** The policy of the pages: no script, no form, and a stylesheet of our own. */
export const PAGE_CSP =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** On a narrow screen each row of a table is a block, and its last two cells have a label. */
export const STYLE = `:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.2; }
code { font: 0.875em ui-monospace, monospace; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { padding: 0.375rem 1rem 0.375rem 0; border-bottom: 1px solid #8886; text-align: left; vertical-align: top; }
th:nth-child(1) { width: 42%; }
th:nth-child(3) { width: 4rem; }
@media (max-width: 48rem) {
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { padding: 0.5rem 0; border-bottom: 1px solid #8886; }
  td { padding: 0; border: 0; }
  td:empty { display: none; }
  td:nth-child(3)::before { content: "Role: "; }
  td:nth-child(4)::before { content: "Answers: "; }
}
`;

/** A page without a script. `body` is HTML. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${STYLESHEET}">
<h1>${escapeHtml(title)}</h1>
${body}
</html>
`;
}

/** Paragraphs, lists of lines with "- ", and `code` of our own texts; other Markdown stays as it is. */
export function textHtml(text: string): string {
  const blocks = text.split('\n\n').map((block) => {
    const items = block.split(/^- /m).slice(1);
    if (items.length === 0) return `<p>${spanHtml(block)}</p>`;
    return `<ul>${items.map((item) => `<li>${spanHtml(item.trimEnd())}`).join('')}</ul>`;
  });
  return blocks.join('\n');
}

function spanHtml(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
