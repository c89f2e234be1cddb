import type { Organization, Person } from '../state';
import { type Dice, diceFor } from './dice';
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

/** One line of a section: column to text. `date` (YYYY-MM-DD) is there wherever something happened on a day. */
export type Entry = Readonly<Record<string, string>>;

/** The sections of a chart, by name, in the order in which they are printed. */
export type Chart = Readonly<Partial<Record<SectionName, readonly Entry[]>>>;

/** A section by its name, which is also its key in JSON. */
export type SectionName = (typeof SECTIONS)[number];

/** Every section that there is, in printing order. */
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

/** What each kind of provider knows of a patient. */
const KNOWN: Readonly<Record<Organization['kind'], readonly SectionName[]>> = {
  hospital: SECTIONS,
  pharmacy: ['allergies', 'medications', 'immunizations'],
  laboratory: ['results'],
};

const DAY_MS = 86_400_000;

/** The made-up chart of a person at a provider: the same at every call. Each revision after the first has one more line. */
export function chartOf(person: Person, organization: Organization, revision: number): Chart {
  const dice = diceFor(`${person.humanId}/${organization.id}`);
  const baseMs = Date.parse(person.createdAt);
  const written = write(dice, baseMs);
  const known = KNOWN[organization.kind];
  const [growing, line] = known.includes('results')
    ? (['results', result] as const)
    : (['medications', medication] as const);
  // Thrown after everything else, so that the older lines stay as they were.
  for (let added = 1; added < revision; added += 1) written[growing].push(line(dice, baseMs));
  return Object.fromEntries(known.map((name) => [name, written[name]]));
}

function write(dice: Dice, baseMs: number): Record<SectionName, Entry[]> {
  const date = (oldestDays: number) => ({ date: dayBefore(baseMs, dice.between(7, oldestDays)) });
  const by = () => ({ clinician: dice.pick(CLINICIANS, 1).join() });
  return {
    allergies: dice.pick(ALLERGIES, 2).map((entry) => ({ ...entry })),
    medications: Array.from({ length: 3 }, () => medication(dice, baseMs)),
    problems: dice.pick(PROBLEMS, 3).map((entry) => ({ ...date(2_500), ...entry })),
    results: Array.from({ length: 8 }, () => result(dice, baseMs)),
    vitals: Array.from({ length: 4 }, () => ({ ...date(1_400), ...vitals(dice) })),
    immunizations: dice.pick(IMMUNIZATIONS, 2).map((entry) => ({ ...date(3_000), ...entry })),
    procedures: dice.pick(PROCEDURES, 2).map((entry) => ({ ...date(2_000), ...entry, ...by() })),
    encounters: dice.pick(ENCOUNTERS, 3).map((entry) => ({ ...date(1_000), ...entry, ...by() })),
    narratives: dice.pick(NARRATIVES, 2).map((entry) => ({ ...date(1_000), ...entry, ...by() })),
  };
}

function result(dice: Dice, baseMs: number): Entry {
  const [{ test, unit, low, high, reference } = TESTS[0]] = dice.pick(TESTS, 1);
  const value = (dice.between(low, high) / 10).toFixed(1);
  return { date: dayBefore(baseMs, dice.between(7, 720)), test, value, unit, reference };
}

function medication(dice: Dice, baseMs: number): Entry {
  const [prescribed = MEDICATIONS[0]] = dice.pick(MEDICATIONS, 1);
  return { date: dayBefore(baseMs, dice.between(7, 900)), ...prescribed, clinician: dice.pick(CLINICIANS, 1).join() };
}

function vitals(dice: Dice): Entry {
  return {
    bloodPressure: `${dice.between(108, 148)}/${dice.between(66, 94)} mmHg`,
    pulse: `${dice.between(56, 92)}/min`,
    weight: `${dice.between(58, 104)} kg`,
    temperature: `${(dice.between(362, 374) / 10).toFixed(1)} °C`,
  };
}

function dayBefore(baseMs: number, days: number): string {
  return new Date(baseMs - days * DAY_MS).toISOString().slice(0, 10);
}
