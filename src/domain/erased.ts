/** So many humanIds stand in a line of the audit log. */
const NAMED_MOST = 10;

/** What the audit log says of people upstream who were left, because they are not known as ours. `others` are their humanIds. */
export function strangersInWords(others: readonly string[]): string {
  if (others.length === 0) return '';
  const more = others.length > NAMED_MOST ? ', ...' : '';
  return `; ${others.length} upstream not known as ours: ${others.slice(0, NAMED_MOST).join(', ')}${more}`;
}
