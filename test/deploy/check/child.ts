import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A started program and its output so far. */
export interface RunningProgram {
  readonly name: string;
  /** Resolves to the exit status; null after a signal. */
  readonly exited: Promise<number | null>;
  /** The end of stdout and of stderr. */
  output(): string;
  /** The lines of stdout. */
  lines(): readonly string[];
  /** Sends SIGTERM, later SIGKILL; resolves to the exit status. */
  stop(): Promise<number | null>;
}

/** Longer than a drain, and than the last checkpoint of PostgreSQL. */
const STOP_LIMIT_MS = 60_000;
const running = new Set<ChildProcess>();

/** Kills the programs of this check that still run. */
export async function killRunning(): Promise<void> {
  await Promise.all([...running].map(async (child) => child.kill('SIGKILL') && (await once(child, 'close'))));
}

export function start(name: string, [program = '', ...args]: readonly string[], options: SpawnOptions): RunningProgram {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (chunk) => {
      text[stream] += chunk;
    });
  running.add(child);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      running.delete(child);
      resolve(status);
    });
  });
  // If no one awaits it, a failed start must not end the check.
  exited.catch(() => running.delete(child));
  const stop = () => {
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    return exited.finally(() => clearTimeout(limit));
  };
  const output = () => `${text.stdout}${text.stderr}`.slice(-6_000);
  return { name, exited, output, lines: () => text.stdout.split('\n').slice(0, -1), stop };
}

/** Runs a program; resolves to its stdout, throws if its exit status is not 0. */
export async function run(name: string, command: readonly string[], options: SpawnOptions): Promise<string> {
  const program = start(name, command, options);
  const status = await program.exited;
  if (status !== 0) throw new Error(`expected ${name} to end with status 0, got ${status}: ${program.output()}`);
  return program.lines().join('\n');
}
