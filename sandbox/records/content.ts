import type { ReportType } from '../report-types';
import type { Organization, Person, Report } from '../state';
import { type Chart, createChart, type Entry, SECTIONS, type SectionName } from './chart';

/** The content of a report, independent of the format. */
export interface Content {
  readonly title: string;
  readonly report: { readonly id: string; readonly type: ReportType; readonly updatedAt: string };
  readonly patient: { readonly name: string; readonly dateOfBirth: string };
  /** The names of its providers. */
  readonly organizations: readonly string[];
  readonly sections: readonly { readonly name: SectionName; readonly entries: readonly Entry[] }[];
}

/** `recentDays`: older entries are omitted. */
const LAYOUT: Readonly<Record<ReportType, { title: string; sections: readonly SectionName[]; recentDays?: number }>> = {
  unity: { title: 'Health summary', sections: SECTIONS },
  ccdraw: { title: 'Complete clinical record', sections: SECTIONS },
  apidata: { title: 'Clinical data', sections: SECTIONS.filter((name) => name !== 'narratives') },
  timeline: { title: 'Timeline', sections: SECTIONS.filter((name) => name !== 'allergies' && name !== 'narratives') },
  healthcheck: { title: 'Vitals and laboratory results', sections: ['vitals', 'results'] },
  highlights: { title: 'Highlights of two years', sections: ['problems', 'medications', 'results'], recentDays: 730 },
};

/** Creates the content of a report, the same at each call for the same revision. */
export function createContent(person: Person, report: Report): Content {
  const { title, sections, recentDays } = LAYOUT[report.type];
  const charts = organizationsOf(person, report).map((organization) => ({
    organization,
    // The revision of this report, because updates of other reports must not change its bytes.
    chart: createChart(person, organization, report.revision),
  }));
  const since = recentDays === undefined ? '' : daysBefore(person.createdAt, recentDays);
  return {
    title,
    report: { id: report.id, type: report.type, updatedAt: report.updatedAt },
    patient: {
      name: [person.firstName, person.lastName].filter(Boolean).join(' ') || 'Name not given',
      dateOfBirth: person.dateOfBirth?.slice(0, 10) ?? 'not given',
    },
    organizations: charts.map(({ organization }) => organization.name),
    sections: sections.map((name) => ({
      name,
      entries: charts
        .flatMap(({ organization, chart }) => sectionEntries(chart, name, report.organization ? null : organization))
        .filter((entry) => (entry['date'] ?? since) >= since),
    })),
  };
}

/** The provider of a report; for a report about the whole person, all providers that had delivered by then. */
function organizationsOf(person: Person, report: Report): Organization[] {
  if (report.organization) return [report.organization];
  const delivered = person.reports.filter(({ createdAt }) => createdAt <= report.updatedAt);
  const organizations = delivered
    .map(({ organization }) => organization)
    .filter((organization) => organization !== null);
  return [...new Map(organizations.map((organization) => [organization.id, organization])).values()];
}

function sectionEntries(chart: Chart, name: SectionName, organization: Organization | null): Entry[] {
  return (chart[name] ?? []).map((entry) => (organization ? { ...entry, organization: organization.name } : entry));
}

function daysBefore(date: string, days: number): string {
  return new Date(Date.parse(date) - days * 86_400_000).toISOString().slice(0, 10);
}
