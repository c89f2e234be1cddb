import { attention } from './attention';
import { broken } from './broken';
import { declines } from './declines';
import { eager } from './eager';
import { partial } from './partial';
import { pharmacy } from './pharmacy';
import type { Persona } from './script';
import { several } from './several';
import { silent } from './silent';

/** Every persona, in the order in which they are listed. */
export const PERSONAS: readonly Persona[] = [eager, declines, silent, partial, pharmacy, attention, broken, several];

/** What of a local part names the persona: `eager`, `eager+2`, `eager-17` and `eager3` are all eager. */
const PERSONA_NAME = /^([a-z]+)(?=$|[+\-\d])/;

/** The persona that an e-mail address asks for; any other address gets the eager one. */
export function personaOf(email: string): Persona {
  const name = PERSONA_NAME.exec(email.trim().toLowerCase().split('@')[0] ?? '')?.[1];
  return PERSONAS.find((persona) => persona.name === name) ?? eager;
}

/** What the catalogue tells about one persona, as `GET /control/personas` answers it. `storyMinutes`: from the invitation to the last step. */
export function described({ name, summary, ends, steps }: Persona) {
  return { name, summary, ...ends, storyMinutes: steps.reduce((sum, step) => sum + step.afterMs, 0) / 60_000 };
}

/** One line a persona, for the terminal. */
export function listing(): string {
  return PERSONAS.map(described)
    .map((one) => `${one.name.padEnd(10)} ${one.summary}; ends ${one.outcome} with ${one.documents} documents`)
    .join('\n');
}
