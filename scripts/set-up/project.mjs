import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, independent of the working directory. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** An error that the user can fix: printed without a stack. */
export class SetupError extends Error {}

/** Runs the body of a command, which resolves to an exit status (none: 0). Prints an error to stderr and ends with status 1. */
export async function runCommand(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    log(error instanceof SetupError ? error.message : error.stack);
    process.exitCode = 1;
  }
}

/** Prints to stderr; stdout is for the result of a command. */
export function log(text) {
  process.stderr.write(`chartway: ${text}\n`);
}

/** Prints the title, runs the work and prints how long it took. */
export async function phase(title, work) {
  const startMs = Date.now();
  log(`${title} ...`);
  const result = await work();
  log(`${title}: ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
  return result;
}
