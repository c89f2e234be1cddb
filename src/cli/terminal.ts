import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import type { ReachOptions } from '../temporal/connection';
import { readScreen } from './rows';

/** Messages for the user: lines, and a progress line that is redrawn in place on a terminal. */
export interface Terminal {
  /** Writes a line. */
  write(text: string): void;
  /** On a terminal, redraws the progress line; otherwise writes a line from time to time. */
  showProgress(text: string): void;
  clearProgress(): void;
}

/** Ten times a second looks smooth. */
const REDRAW_EVERY_MS = 100;
/** One line in ten seconds, for a log file. */
const PLAIN_LINE_EVERY_MS = 10_000;
/** ECMA-48: return to the first column and erase the line. */
const ERASE = '\r\u001B[2K';

export function createTerminal(
  stream: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number },
  nowMs: () => number = () => performance.now(),
): Terminal {
  const isTerminal = stream.isTTY === true;
  let shown = '';
  let lastMs = isTerminal ? Number.NEGATIVE_INFINITY : nowMs();
  return {
    write(text) {
      stream.write(`${shown && ERASE}${text}\n${shown}`);
    },
    showProgress(text) {
      if (nowMs() - lastMs < (isTerminal ? REDRAW_EVERY_MS : PLAIN_LINE_EVERY_MS)) return;
      lastMs = nowMs();
      if (!isTerminal) {
        stream.write(`${text}\n`);
        return;
      }
      // A line that wraps cannot be redrawn.
      shown = text.slice(0, (stream.columns ?? 80) - 1);
      stream.write(`${ERASE}${shown}`);
    },
    clearProgress() {
      if (shown) stream.write(ERASE);
      shown = '';
    },
  };
}

const BAR_WIDTH = 24;

/** `[######------]  50 %` for a share between 0 and 1. */
export function progressBar(share: number): string {
  const bounded = Math.min(1, Math.max(0, share));
  const filled = Math.round(bounded * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(bounded * 100)).padStart(3)} %`;
}

/** Enough for a server that is starting. */
const GIVE_UP_AFTER_MS = 30_000;

/**
 * Opens the input and output of a command, which continues when the reader of its output ends. Ctrl-C and SIGTERM abort `signal`. `print` writes one
 * line to stdout. `screen`: stdout as a terminal. `ask` asks on stderr and returns the line that the user types; null without a terminal. `reach`: how to wait for Temporal.
 */
export function openTerminal({ giveUpAfterMs = GIVE_UP_AFTER_MS } = {}) {
  for (const stream of [process.stdout, process.stderr]) ignoreClosedPipe(stream);
  const terminal = createTerminal(process.stderr);
  const write = (_: object, text: string) => terminal.write(text);
  const stopping = new AbortController();
  const { signal } = stopping;
  const ask = (question: string) => askLine(question, signal);
  const reach: ReachOptions = { log: { info: () => {}, warn: write, error: write }, signal, giveUpAfterMs };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  return {
    terminal,
    print: (line: string) => void process.stdout.write(`${line}\n`),
    screen: readScreen(process.stdout, process.env),
    ask: process.stdin.isTTY && process.stderr.isTTY ? ask : null,
    signal,
    reach,
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

/**
 * Ignores that the reader of a stream has ended (`| head`): later output is dropped, and the command continues, because stopping would leave a
 * file half started. Other errors end the process.
 */
export function ignoreClosedPipe(stream: Writable): void {
  stream.on('error', (error) => {
    if (!isClosedPipe(error)) throw error;
  });
}

/** EPIPE, or a write to a stream that EPIPE has destroyed. */
export function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
