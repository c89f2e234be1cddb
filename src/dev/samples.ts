import { request } from 'undici';
import type { Outcome } from '../domain/applicant';
import type { Sighting } from './watch';

/** A sample applicant: who it plays, and how it must end. */
export interface Sample {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly persona: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly documents: number;
}

/** What the sandbox tells of a persona, as far as it is needed here. */
interface Persona {
  readonly name: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly documents: number;
}

/** The sandbox answers from memory. */
const TIMEOUT_MS = 5_000;

/** One sample for each persona that the sandbox has. The round makes every start's applicants new ones: an applicant who has an outcome keeps it. */
export async function castSamples(sandbox: string, round: string): Promise<Sample[]> {
  const { statusCode, body } = await request(`${sandbox}/control/personas`, {
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  const personas = (await body.json()) as Persona[];
  if (statusCode !== 200) throw new Error(`expected the sandbox's personas, it answered with status ${statusCode}`);
  return personas.map(({ name, summary, outcome, documents }) => ({
    clientUserId: `DEMO-${name}-${round}`,
    clientUserEmail: `${name}@example.org`,
    persona: name,
    summary,
    outcome,
    documents,
  }));
}

/** `20250412-153012` (UTC): no two starts in one folder have the same. */
export function roundOf(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** The samples as the starter reads them from a file. */
export function asCsv(samples: readonly Sample[]): string {
  const rows = samples.map(({ clientUserId, clientUserEmail }) => `${clientUserId},${clientUserEmail},,,,`);
  return ['clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources', ...rows, ''].join('\n');
}

/** How a sample ended beside how it must end. */
export interface Verdict {
  readonly sample: Sample;
  /** Null where nothing was ever seen of it. */
  readonly seen: Sighting | null;
  readonly asExpected: boolean;
}

export function judge(samples: readonly Sample[], seen: ReadonlyMap<string, Sighting>): Verdict[] {
  return samples.map((sample) => {
    const sighting = seen.get(sample.clientUserId) ?? null;
    const asExpected = sighting?.outcome === sample.outcome && sighting.documents === sample.documents;
    return { sample, seen: sighting, asExpected };
  });
}
