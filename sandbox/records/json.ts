import type { Entry } from './chart';
import type { Content } from './content';

/** One array per section; for the timeline, one array of all entries by date. */
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
    .sort((a, b) => (a['date'] ?? '').localeCompare(b['date'] ?? ''));
}
