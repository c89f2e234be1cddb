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

/** Every persona, in the order in which they are listed. */
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

/** The persona of that name. */
export function personaNamed(name: string): Persona | undefined {
  return PERSONAS.find((persona) => persona.name === name);
}

/** The persona that an e-mail address asks for (`eager`, `eager+2`, `eager-17` and `eager3` are all eager); undefined for any other address. */
export function personaOf(email: string): Persona | undefined {
  const local = email.trim().toLowerCase().split('@')[0] ?? '';
  return PERSONAS.find(({ name }) => local.startsWith(name) && /^($|[+\-\d])/.test(local.slice(name.length)));
}

/** The persona of that name where one is given, else whom the e-mail asks for, else eager. */
export function personaFor(name: string | undefined, email: string): Persona {
  return (name === undefined ? personaOf(email) : personaNamed(name)) ?? eager;
}

/** What the catalogue tells about one persona, as `GET /control/personas` answers it. `storyMinutes`: from the invitation to the last step. */
export function described({ name, summary, ends, steps }: Persona) {
  return { name, summary, ...ends, storyMinutes: steps.reduce((sum, step) => sum + step.afterMs, 0) / 60_000 };
}

/** One line a persona, for the terminal. */
export function listing(): string {
  const width = Math.max(...PERSONAS.map(({ name }) => name.length));
  return PERSONAS.map(described)
    .map((one) => `${one.name.padEnd(width)}  ${one.summary}; ends ${one.outcome} with ${one.documents} documents`)
    .join('\n');
}
