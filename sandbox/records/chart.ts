import type { Organization, Person } from '../state';
import { type ContentRandom, createContentRandom } from './content-random';
import {
  ALLERGIES,
  CLINICIANS,
  ENCOUNTERS,
  IMMUNIZATIONS,
  MEDICATIONS,
  NARRATIVES,
  PROBLEMS,
  PROCEDURES,
  TESTS,
} from './pools';

/** One line of a section: column to text. Dated entries have `date` (YYYY-MM-DD). */
export type Entry = Readonly<Record<string, string>>;

/** The sections of a chart, in printing order. */
export type Chart = Readonly<Partial<Record<SectionName, readonly Entry[]>>>;

/** A section name, which is also its JSON key. */
export type SectionName = (typeof SECTIONS)[number];

/** All sections, in printing order. */
export const SECTIONS = [
  'allergies',
  'medications',
  'problems',
  'results',
  'vitals',
  'immunizations',
  'procedures',
  'encounters',
  'narratives',
] as const;

/** The sections of each kind of provider. */
const SECTIONS_BY_KIND: Readonly<Record<Organization['kind'], readonly SectionName[]>> = {
  hospital: SECTIONS,
  pharmacy: ['allergies', 'medications', 'immunizations'],
  laboratory: ['results'],
};

const DAY_MS = 86_400_000;

/** Creates the fictional chart of a person at a provider, the same at each call. Each revision after the first has one more line. */
export function createChart(person: Person, organization: Organization, revision: number): Chart {
  const random = createContentRandom(`${person.humanId}/${organization.id}`);
  const baseMs = Date.parse(person.createdAt);
  const allSections = createSections(random, baseMs);
  const sections = SECTIONS_BY_KIND[organization.kind];
  const [section, createLine] = sections.includes('results')
    ? (['results', createResult] as const)
    : (['medications', createMedication] as const);
  // Drawn last, so that the older lines do not change.
  for (let added = 1; added < revision; added += 1) allSections[section].push(createLine(random, baseMs));
  return Object.fromEntries(sections.map((name) => [name, allSections[name]]));
}

function createSections(random: ContentRandom, baseMs: number): Record<SectionName, Entry[]> {
  const date = (oldestDays: number) => ({ date: dayBefore(baseMs, random.between(7, oldestDays)) });
  const by = () => ({ clinician: random.pick(CLINICIANS, 1).join() });
  return {
    allergies: random.pick(ALLERGIES, 2).map((entry) => ({ ...entry })),
    medications: Array.from({ length: 3 }, () => createMedication(random, baseMs)),
    problems: random.pick(PROBLEMS, 3).map((entry) => ({ ...date(2_500), ...entry })),
    results: Array.from({ length: 8 }, () => createResult(random, baseMs)),
    vitals: Array.from({ length: 4 }, () => ({ ...date(1_400), ...createVitals(random) })),
    immunizations: random.pick(IMMUNIZATIONS, 2).map((entry) => ({ ...date(3_000), ...entry })),
    procedures: random.pick(PROCEDURES, 2).map((entry) => ({ ...date(2_000), ...entry, ...by() })),
    encounters: random.pick(ENCOUNTERS, 3).map((entry) => ({ ...date(1_000), ...entry, ...by() })),
    narratives: random.pick(NARRATIVES, 2).map((entry) => ({ ...date(1_000), ...entry, ...by() })),
  };
}

function createResult(random: ContentRandom, baseMs: number): Entry {
  const [{ test, unit, low, high, reference } = TESTS[0]] = random.pick(TESTS, 1);
  const value = (random.between(low, high) / 10).toFixed(1);
  return { date: dayBefore(baseMs, random.between(7, 720)), test, value, unit, reference };
}

function createMedication(random: ContentRandom, baseMs: number): Entry {
  const [drug = MEDICATIONS[0]] = random.pick(MEDICATIONS, 1);
  return {
    date: dayBefore(baseMs, random.between(7, 900)),
    ...drug,
    clinician: random.pick(CLINICIANS, 1).join(),
  };
}

function createVitals(random: ContentRandom): Entry {
  return {
    bloodPressure: `${random.between(108, 148)}/${random.between(66, 94)} mmHg`,
    pulse: `${random.between(56, 92)}/min`,
    weight: `${random.between(58, 104)} kg`,
    temperature: `${(random.between(362, 374) / 10).toFixed(1)} °C`,
  };
}

function dayBefore(baseMs: number, days: number): string {
  return new Date(baseMs - days * DAY_MS).toISOString().slice(0, 10);
}
