import type { Outcome } from '../domain/outcome';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { findNearestName } from '../process/configuration-fault';
import type { DemoPace } from './demo-policy';
import type { Persona } from './sandbox-client';
import type { ApplicantSnapshot } from './snapshots';

/** `usual`: the personas whose story takes about a minute. */
export type PersonaSelection = 'usual' | 'all' | readonly string[];

/** A sample applicant, the persona that it plays, and the expected result. */
export interface Sample {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly persona: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly documents: number;
  /** The duration of the story, without the settle windows after it. */
  readonly storyMs: number;
}

/** The sandbox does not have the persona. */
class UnknownPersona extends Error {
  override readonly name = 'UnknownPersona';
  readonly kind = 'usage';
}

const USUAL_STORY_MS = MINUTE_MS;

/** One sample for each selected persona. The round makes the applicants of a fresh start new ones. @throws {UnknownPersona} */
export function selectSamples(personas: readonly Persona[], selection: PersonaSelection, round: string): Sample[] {
  const names = personas.map(({ name }) => name);
  const unknown = typeof selection === 'string' ? undefined : selection.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UnknownPersona(
      `unknown persona "${unknown}". Did you mean ${findNearestName(unknown, names)}? The personas are: ${names.join(', ')}.`,
    );
  }
  const samples = personas.map((persona) => createSample(persona, round));
  if (selection === 'all') return samples;
  if (selection === 'usual') return samples.filter(({ storyMs }) => storyMs <= USUAL_STORY_MS);
  return samples.filter(({ persona }) => selection.includes(persona));
}

function createSample({ name, summary, outcome, documents, realSeconds }: Persona, round: string): Sample {
  return {
    clientUserId: `DEMO-${name}-${round}`,
    clientUserEmail: `${name}@example.org`,
    persona: name,
    summary,
    outcome,
    documents,
    storyMs: realSeconds * SECOND_MS,
  };
}

/** The applicant that the user plays through the invitation page. */
export function manualApplicant(round: string): Pick<Sample, 'clientUserId' | 'clientUserEmail'> {
  return { clientUserId: `DEMO-you-${round}`, clientUserEmail: 'silent+you@example.org' };
}

export function demoPace({ outcome }: Sample): DemoPace {
  return outcome === 'expired' ? 'deadline' : 'story';
}

/** Seconds since 1970 in base 36, such as `t5zk3a`: unique for each fresh start, and in the order of time. */
export function createRound(now: Date): string {
  return Math.floor(now.getTime() / SECOND_MS).toString(36);
}

/** The input of the starter. */
export function toCsv(applicants: readonly Pick<Sample, 'clientUserId' | 'clientUserEmail'>[]): string {
  const rows = applicants.map(({ clientUserId, clientUserEmail }) => `${clientUserId},${clientUserEmail},,,,`);
  return ['clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources', ...rows, ''].join('\n');
}

export interface SampleResult {
  readonly sample: Sample;
  /** Null: the applicant was never read. */
  readonly snapshot: ApplicantSnapshot | null;
  readonly isAsExpected: boolean;
}

export function checkSamples(
  samples: readonly Sample[],
  snapshots: ReadonlyMap<string, ApplicantSnapshot>,
): SampleResult[] {
  return samples.map((sample) => {
    const snapshot = snapshots.get(sample.clientUserId) ?? null;
    const isAsExpected = snapshot?.outcome === sample.outcome && snapshot.documents === sample.documents;
    return { sample, snapshot, isAsExpected };
  });
}
