import { createInterface } from 'node:readline/promises';
import type { ReachOptions } from '../temporal/connection';
import { ignoreClosedPipe } from './closed-pipe';
import { createTerminal, type Terminal } from './terminal';

/** The input and output of a command. Ctrl-C and SIGTERM abort `signal`. */
interface CommandTerminal {
  readonly terminal: Terminal;
  /** Prints one line on stdout. */
  readonly print: (line: string) => void;
  /** Asks on stderr and returns the line that the user types; null without a terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly signal: AbortSignal;
  /** How to wait for Temporal. */
  readonly reach: ReachOptions;
}

/** Enough for a server that is starting. */
const GIVE_UP_AFTER_MS = 30_000;

/** Handles the signals of this process, and keeps it running when the reader of its output ends. */
export function openTerminal({ giveUpAfterMs = GIVE_UP_AFTER_MS } = {}): CommandTerminal {
  for (const stream of [process.stdout, process.stderr]) ignoreClosedPipe(stream);
  const terminal = createTerminal(process.stderr);
  const write = (_: object, text: string) => terminal.write(text);
  const stopping = new AbortController();
  const { signal } = stopping;
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  return {
    terminal,
    print: (line) => void process.stdout.write(`${line}\n`),
    ask: process.stdin.isTTY && process.stderr.isTTY ? (question) => askLine(question, signal) : null,
    signal,
    reach: { log: { info: () => {}, warn: write, error: write }, signal, giveUpAfterMs },
  };
}

async function askLine(question: string, signal: AbortSignal): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question, { signal });
  } finally {
    reader.close();
  }
}
