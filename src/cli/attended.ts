import { createInterface } from 'node:readline/promises';
import type { ReachOptions } from '../temporal/connection';
import { outliveReader } from './closed-pipe';
import { createTerminal, type Terminal } from './terminal';

/** A run before somebody's eyes: what is said goes to stderr, and Ctrl-C (or SIGTERM) aborts the signal. */
interface Attended {
  readonly terminal: Terminal;
  /** One line of stdout. */
  readonly out: (line: string) => void;
  /** Asks and waits for a line; null where nobody sits before it. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly signal: AbortSignal;
  /** Waiting for Temporal, told on the terminal, and given up in the end. */
  readonly waiting: ReachOptions;
}

/** Long enough for a server that is just starting. */
const GIVE_UP_AFTER_MS = 30_000;

/** Takes over this process's signals, and goes on where no one reads its output any more. */
export function attended({ giveUpAfterMs = GIVE_UP_AFTER_MS } = {}): Attended {
  for (const stream of [process.stdout, process.stderr]) outliveReader(stream);
  const terminal = createTerminal(process.stderr);
  const say = (_: object, text: string) => terminal.say(text);
  const log = { info: () => {}, warn: say, error: say };
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  return {
    terminal,
    out: (line) => void process.stdout.write(`${line}\n`),
    ask: process.stdin.isTTY && process.stderr.isTTY ? (question) => asked(question, stopping.signal) : null,
    signal: stopping.signal,
    waiting: { log, signal: stopping.signal, giveUpAfterMs },
  };
}

async function asked(question: string, signal: AbortSignal): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question, { signal });
  } finally {
    reader.close();
  }
}
