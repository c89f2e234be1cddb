import type { Outcome } from '../domain/outcome';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { findNearestName } from '../process/configuration-fault';
import type { Cast } from './arguments';
import type { Patience } from './pace';
import type { Persona } from './sandbox';
import type { Seen } from './watch';

/** A sample applicant: who it plays, and how it must end. */
export interface Sample {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly persona: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly documents: number;
  /** How long the story takes here; the waits behind its end come on top. */
  readonly storyMs: number;
}

/** A persona was asked for that the sandbox does not have. */
class NoSuchPersona extends Error {
  override readonly name = 'NoSuchPersona';
  readonly kind = 'usage';
}

/** What a person watches without getting up. */
const USUAL_STORY_MS = MINUTE_MS;

/** One sample for each persona that is to be played; the round makes a fresh start's applicants new ones. @throws {NoSuchPersona} */
export function castSamples(personas: readonly Persona[], cast: Cast, round: string): Sample[] {
  const names = personas.map(({ name }) => name);
  const unknown = typeof cast === 'string' ? undefined : cast.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new NoSuchPersona(
      `there is no persona "${unknown}"; the nearest is ${findNearestName(unknown, names)}. There are: ${names.join(', ')}.`,
    );
  }
  const played = personas
    .map((persona) => sampleOf(persona, round))
    .filter(({ persona, storyMs }) =>
      typeof cast === 'string' ? cast === 'all' || storyMs <= USUAL_STORY_MS : cast.includes(persona),
    );
  return played;
}

function sampleOf({ name, summary, outcome, documents, realSeconds }: Persona, round: string): Sample {
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

/** Whom the person at the terminal plays, by opening the invitation's link: somebody who does nothing by themselves. */
export function visitorOf(round: string): Pick<Sample, 'clientUserId' | 'clientUserEmail'> {
  return { clientUserId: `DEMO-you-${round}`, clientUserEmail: 'silent+you@example.org' };
}

/** How long a sample's deadlines may take. */
export function patienceWith({ outcome }: Sample): Patience {
  return outcome === 'expired' ? 'deadline' : 'story';
}

/** `t5zk3a`: the seconds since 1970 in the shortest digits; no two fresh starts in one folder have the same, and a later one sorts behind. */
export function roundOf(now: Date): string {
  return Math.floor(now.getTime() / SECOND_MS).toString(36);
}

/** Applicants as the starter reads them from a file. */
export function asCsv(applicants: readonly Pick<Sample, 'clientUserId' | 'clientUserEmail'>[]): string {
  const rows = applicants.map(({ clientUserId, clientUserEmail }) => `${clientUserId},${clientUserEmail},,,,`);
  return ['clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources', ...rows, ''].join('\n');
}

/** How a sample ended beside how it must end. */
export interface Verdict {
  readonly sample: Sample;
  /** Null where nothing was ever seen of it. */
  readonly seen: Seen | null;
  readonly asExpected: boolean;
}

export function judge(samples: readonly Sample[], seen: ReadonlyMap<string, Seen>): Verdict[] {
  return samples.map((sample) => {
    const found = seen.get(sample.clientUserId) ?? null;
    const asExpected = found?.outcome === sample.outcome && found.documents === sample.documents;
    return { sample, seen: found, asExpected };
  });
}
