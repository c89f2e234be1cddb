/** So many humanIds stand in a line of the audit log. */
const MAX_NAMED = 10;

/** What the audit log says of people upstream who were left, because they are not known as ours. `others` are their humanIds. */
export function describeUnknownPeople(others: readonly string[]): string {
  if (others.length === 0) return '';
  const more = others.length > MAX_NAMED ? ', ...' : '';
  return `; ${others.length} upstream not known as ours: ${others.slice(0, MAX_NAMED).join(', ')}${more}`;
}
