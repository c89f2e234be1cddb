import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, wherever a command was started from. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A fault the person at the terminal can mend: printed without a stack. */
export class SetUpFault extends Error {}

/** Runs a command's story; says a fault in one paragraph on stderr and ends with status 1. */
export async function command(story) {
  try {
    process.exitCode = (await story()) ?? 0;
  } catch (error) {
    say(error instanceof SetUpFault ? error.message : error.stack);
    process.exitCode = 1;
  }
}

/** Tells the person at the terminal; stdout stays clean for what a command prints as its result. */
export function say(text) {
  process.stderr.write(`chartway: ${text}\n`);
}

/** Announces a piece of work and tells how long it took. */
export async function phase(title, work) {
  say(`${title} ...`);
  const startedMs = Date.now();
  const result = await work();
  say(`${title}: ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}
