import type { ReportType } from '../report-types';
import type { Organization, Person, Report } from '../state';
import { type Chart, chartOf, type Entry, SECTIONS, type SectionName } from './chart';

/** What a report says, before it is put into a format. */
export interface Content {
  readonly title: string;
  readonly report: { readonly id: string; readonly type: ReportType; readonly updatedAt: string };
  readonly patient: { readonly name: string; readonly dateOfBirth: string };
  /** Names of the providers it was made from. */
  readonly organizations: readonly string[];
  readonly sections: readonly { readonly name: SectionName; readonly entries: readonly Entry[] }[];
}

/** Title and sections of each type; `recentDays` drops what is older. */
const LAYOUT: Readonly<Record<ReportType, { title: string; sections: readonly SectionName[]; recentDays?: number }>> = {
  unity: { title: 'Health summary', sections: SECTIONS },
  ccdraw: { title: 'Complete clinical record', sections: SECTIONS },
  apidata: { title: 'Clinical data', sections: SECTIONS.filter((name) => name !== 'narratives') },
  timeline: { title: 'Timeline', sections: SECTIONS.filter((name) => name !== 'allergies' && name !== 'narratives') },
  healthcheck: { title: 'Vitals and laboratory results', sections: ['vitals', 'results'] },
  highlights: { title: 'Highlights of two years', sections: ['problems', 'medications', 'results'], recentDays: 730 },
};

/** What a report of a person says; the same at every call as long as its revision is the same. */
export function contentOf(person: Person, report: Report): Content {
  const { title, sections, recentDays } = LAYOUT[report.type];
  const charts = sourcesOf(person, report).map((organization) => ({
    organization,
    // By the report's own revision: another report's update must not change the bytes of this one.
    chart: chartOf(person, organization, report.revision),
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
        .flatMap(({ organization, chart }) => entriesOf(chart, name, report.organization ? null : organization))
        .filter((entry) => (entry['date'] ?? since) >= since),
    })),
  };
}

/** The providers behind a report: its own, or for one of the whole person all that had delivered by then. */
function sourcesOf(person: Person, report: Report): Organization[] {
  if (report.organization) return [report.organization];
  const delivered = person.reports.filter(({ createdAt }) => createdAt <= report.updatedAt);
  const organizations = delivered
    .map(({ organization }) => organization)
    .filter((organization) => organization !== null);
  return [...new Map(organizations.map((organization) => [organization.id, organization])).values()];
}

function entriesOf(chart: Chart, name: SectionName, organization: Organization | null): Entry[] {
  return (chart[name] ?? []).map((entry) => (organization ? { ...entry, organization: organization.name } : entry));
}

function daysBefore(date: string, days: number): string {
  return new Date(Date.parse(date) - days * 86_400_000).toISOString().slice(0, 10);
}
