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

/** Announces a piece of work and tells how long it took; on a terminal the seconds are counted meanwhile. */
export async function phase(title, work) {
  const startedMs = Date.now();
  const stopCounting = process.stderr.isTTY ? count(title, startedMs) : () => {};
  if (!process.stderr.isTTY) say(`${title} ...`);
  const result = await work().finally(stopCounting);
  say(`${title}: ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

const COUNT_EVERY_MS = 1_000;
const CLEAR_LINE = '\r\u001B[K';

// The cursor waits at the beginning of the line, so that what a program has to say is written over the count.
function count(title, startedMs) {
  const show = () => {
    const text = `chartway: ${title} ... ${Math.floor((Date.now() - startedMs) / 1000)} s`;
    process.stderr.write(`${CLEAR_LINE}${text.slice(0, (process.stderr.columns || 80) - 1)}\r`);
  };
  show();
  const timer = setInterval(show, COUNT_EVERY_MS);
  return () => {
    clearInterval(timer);
    process.stderr.write(CLEAR_LINE);
  };
}
