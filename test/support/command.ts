import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { until } from './condition';

/** A started program and its output so far. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves to the exit status, null after a signal, when all output has arrived. Rejects if the program cannot be started. */
  readonly exited: Promise<number | null>;
  hasExited(): boolean;
  stdout(): string;
  stderr(): string;
  /** stdout and stderr in the order of their arrival. */
  output(): string;
  /** The complete lines of stdout. */
  lines(): readonly string[];
  /** Resolves when the output contains the text; rejects if the program ends without it. */
  waitForOutput(text: string): Promise<void>;
  /** Sends a signal, by default SIGTERM, and SIGKILL if the program still runs after `killAfterMs`; resolves to the exit status. */
  stop(signal?: NodeJS.Signals, killAfterMs?: number): Promise<number | null>;
}

/** Longer than the longest drain, and than the last checkpoint of PostgreSQL. */
const STOP_TIMEOUT_MS = 60_000;
const running = new Set<ChildProcess>();

/** Kills every program that still runs. */
export async function killCommands(): Promise<void> {
  await Promise.all([...running].map((child) => child.kill('SIGKILL') && once(child, 'close')));
}

/** Starts a program. Its stdin is closed unless `options.stdio` says otherwise. */
export function spawnCommand([program = '', ...args]: readonly string[], options: SpawnOptions = {}): RunningCommand {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const text = { stdout: '', stderr: '', output: '' };
  const collect = (stream: Readable | null, name: 'stdout' | 'stderr') =>
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      text.output += chunk;
    });
  collect(child.stdout, 'stdout');
  collect(child.stderr, 'stderr');
  running.add(child);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  }).finally(() => running.delete(child));
  // A failed start that no one awaits must not end the test run.
  exited.catch(() => undefined);
  const isOpen = () => child.exitCode === null && child.signalCode === null;
  return {
    child,
    pid: child.pid ?? -1,
    exited,
    hasExited: () => !running.has(child),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    output: () => text.output,
    lines: () => text.stdout.split('\n').slice(0, -1),
    waitForOutput: async (expected) => {
      await until(`"${expected}" in the output`, () => text.output.includes(expected) || !running.has(child));
      if (!text.output.includes(expected)) throw new Error(`expected "${expected}" in the output: ${text.output}`);
    },
    stop: async (signal = 'SIGTERM', killAfterMs = STOP_TIMEOUT_MS) => {
      if (isOpen()) child.kill(signal);
      const limit = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      return exited.finally(() => clearTimeout(limit));
    },
  };
}
