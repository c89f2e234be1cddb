import { attention } from './attention';
import { bounces } from './bounces';
import { broken } from './broken';
import { declines } from './declines';
import { disconnects } from './disconnects';
import { eager } from './eager';
import { flips } from './flips';
import { huge } from './huge';
import { late } from './late';
import { neverExisted } from './never-existed';
import { partial } from './partial';
import { pharmacy } from './pharmacy';
import { reconnects } from './reconnects';
import type { Persona } from './script';
import { several } from './several';
import { silent } from './silent';
import { slow } from './slow';
import { updates } from './updates';

export type { Persona } from './script';

/** All personas, in the order of the list. */
export const PERSONAS: readonly Persona[] = [
  eager,
  declines,
  silent,
  partial,
  pharmacy,
  attention,
  broken,
  several,
  disconnects,
  reconnects,
  slow,
  flips,
  updates,
  late,
  bounces,
  neverExisted,
  huge,
];

export function findPersona(name: string): Persona | undefined {
  return PERSONAS.find((persona) => persona.name === name);
}

/** The persona of an e-mail address: `eager`, `eager+2`, `eager-17` and `eager3` are eager; undefined for other addresses. */
export function personaForEmail(email: string): Persona | undefined {
  const local = email.trim().toLowerCase().split('@')[0] ?? '';
  return PERSONAS.find(({ name }) => local.startsWith(name) && /^($|[+\-\d])/.test(local.slice(name.length)));
}

/** The persona with this name, else the persona of the e-mail address, else eager. */
export function selectPersona(name: string | undefined, email: string): Persona {
  return (name === undefined ? personaForEmail(email) : findPersona(name)) ?? eager;
}

/** A persona as in `GET /control/personas`. `storyMinutes`: from the invitation to the last step. */
export function describePersona({ name, summary, ends, steps }: Persona) {
  return { name, summary, ...ends, storyMinutes: steps.reduce((sum, step) => sum + step.afterMs, 0) / 60_000 };
}

/** The text of `--personas`: one line per persona. */
export function formatPersonas(): string {
  const width = Math.max(...PERSONAS.map(({ name }) => name.length));
  return PERSONAS.map(describePersona)
    .map(
      ({ name, summary, outcome, documents }) =>
        `${name.padEnd(width)}  ${summary}; ends ${outcome} with ${documents} documents`,
    )
    .join('\n');
}
