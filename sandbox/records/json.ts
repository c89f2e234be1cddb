import type { Entry } from './chart';
import type { Content } from './content';

/** JSON of a report: one array a section, or for the timeline one array of everything by date. */
export function renderJson(content: Content): Buffer {
  const { report, patient, organizations, sections } = content;
  const body =
    report.type === 'timeline'
      ? { events: eventsOf(content) }
      : Object.fromEntries(sections.map(({ name, entries }) => [name, entries]));
  return Buffer.from(`${JSON.stringify({ report, patient, organizations, ...body }, null, 2)}\n`);
}

function eventsOf({ sections }: Content): Entry[] {
  return sections
    .flatMap(({ name, entries }) => entries.map((entry): Entry => ({ section: name, ...entry })))
    .sort((one, other) => (one['date'] ?? '').localeCompare(other['date'] ?? ''));
}
