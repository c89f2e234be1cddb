import { DEFAULT_POLICY, MINUTE_MS, POLL_NAMES, pollVariable, SECOND_MS } from '../domain/policy';
import { findNearestName } from '../process/configuration-fault';
import type { Persona } from './sandbox-client';

/** How much faster than real time the sandbox plays its stories: most take an hour or so, which becomes a minute. */
export const SPEED = 100;

/**
 * `deadline`: ends by its deadline, which is short. `story`: ends by its story, with the real deadlines, because the machine may sleep. `manual`:
 * the user plays the applicant in real time.
 */
export type DemoPace = 'deadline' | 'story' | 'manual';

/** `usual`: the personas whose story takes about a minute. */
export type PersonaSelection = 'usual' | 'all' | readonly string[];

/** A sample applicant and the persona that it plays, which determines the expected result. */
export interface Sample extends Persona {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
}

/** The sandbox does not have the persona. */
class UnknownPersona extends Error {
  override readonly name = 'UnknownPersona';
  readonly kind = 'usage';
}

const USUAL_STORY_SECONDS = 60;

/** One sample for each selected persona. The round is part of each clientUserId, so that a fresh start has new applicants. @throws {UnknownPersona} */
export function selectSamples(personas: readonly Persona[], selection: PersonaSelection, round: string): Sample[] {
  const names = personas.map(({ name }) => name);
  const unknown = typeof selection === 'string' ? undefined : selection.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UnknownPersona(
      `unknown persona "${unknown}". Did you mean ${findNearestName(unknown, names)}? The personas are: ${names.join(', ')}.`,
    );
  }
  const isSelected = ({ name, realSeconds }: Persona) =>
    selection === 'usual' ? realSeconds <= USUAL_STORY_SECONDS : selection === 'all' || selection.includes(name);
  return personas.filter(isSelected).map((persona) => ({
    ...persona,
    clientUserId: `DEMO-${persona.name}-${round}`,
    clientUserEmail: `${persona.name}@example.org`,
  }));
}

/** The applicant that the user plays through the invitation page. */
export function manualApplicant(round: string): Pick<Sample, 'clientUserId' | 'clientUserEmail'> {
  return { clientUserId: `DEMO-you-${round}`, clientUserEmail: 'silent+you@example.org' };
}

export function demoPace({ outcome }: Sample): DemoPace {
  return outcome === 'expired' ? 'deadline' : 'story';
}

/** The variables of the starter for a pace. Polls and settle windows are as fast as the stories, with an upper limit. */
export function demoPolicyEnvironment(pace: DemoPace): Record<string, string> {
  const { pollMs, settleMs, expiresMs, chaseMs, accessRefusedPatienceMs } = DEFAULT_POLICY;
  const scaled = (durationMs: number, maxMs: number) => `${Math.min(durationMs / SPEED, maxMs)}ms`;
  const poll = (cadenceMs: number) => scaled(cadenceMs, 10 * SECOND_MS);
  return {
    ...Object.fromEntries(POLL_NAMES.map((name) => [pollVariable(name), poll(pollMs[name])])),
    ...(pace === 'manual'
      ? // Time to connect another provider after the first one.
        { SETTLE_ALL_SYNCED: `${20 * SECOND_MS}ms`, SETTLE_SOME_SYNCED: `${5 * MINUTE_MS}ms` }
      : {
          SETTLE_ALL_SYNCED: scaled(settleMs.allSynced, 10 * SECOND_MS),
          SETTLE_SOME_SYNCED: scaled(settleMs.someSynced, 12 * SECOND_MS),
        }),
    SETTLE_ERROR: scaled(settleMs.error, 12 * SECOND_MS),
    ACCESS_REFUSED_PATIENCE: scaled(accessRefusedPatienceMs, 12 * SECOND_MS),
    // Before the end of the last story.
    INVITATION_EXPIRES_AFTER: `${pace === 'deadline' ? 40 * SECOND_MS : expiresMs.invitation}ms`,
    // A person who does not answer shows as quiet before the invitation expires.
    CHASE_INVITED_AFTER: `${pace === 'deadline' ? 15 * SECOND_MS : chaseMs.invited}ms`,
    APPLICANT_EXPIRES_AFTER: `${pace === 'deadline' ? 75 * SECOND_MS : expiresMs.applicant}ms`,
  };
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
